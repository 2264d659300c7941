#include "store/challenge_scripts.h"

namespace cardea::store::scripts {

// Not SET with NX alone: the same account's value is its own, of the order that is taken up after a crash, or
// of one that was given up. What stands behind the dot is the account's (RFC 8555 §8.1).
const std::string kPutChallenge = R"lua(
local function account_of(key_authorization) return string.match(key_authorization, '%.([^.]*)$') end
local found = redis.call('GET', KEYS[1])
if found and account_of(found) ~= account_of(ARGV[1]) then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'EX', ARGV[2])
return 1
)lua";

const std::string kEraseChallenge = R"lua(
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('EXPIRE', KEYS[1], ARGV[2])
)lua";

}  // namespace cardea::store::scripts
