#include "store/challenge_scripts.h"

namespace cardea::store::scripts {

// Not SET with NX alone: who takes its own order up again after a crash finds its own value.
const std::string kPutChallenge = R"lua(
local found = redis.call('GET', KEYS[1])
if found and found ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'EX', ARGV[2])
return 1
)lua";

const std::string kEraseChallenge = R"lua(
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('DEL', KEYS[1])
)lua";

}  // namespace cardea::store::scripts
