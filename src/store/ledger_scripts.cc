#include "store/ledger_scripts.h"

namespace cardea::store::scripts {

// Nothing is removed here: a node whose clock is fast must not forget what others count. What lies further
// ahead than a window is long was written by a clock that is wrong, and must not block for ever.
const std::string kFindFullWindow = R"lua(
local now = tonumber(ARGV[1])
local last, free_at = 0, 0
for i, key in ipairs(KEYS) do
  local count, length = tonumber(ARGV[2 * i]), tonumber(ARGV[2 * i + 1])
  local from, to = string.format('(%.0f', now - length), string.format('%.0f', now + length)
  local over = redis.call('ZCOUNT', key, from, to) - count
  if over >= 0 then
    -- There is room when all but `count` - 1 have gone.
    local leaving = redis.call('ZRANGEBYSCORE', key, from, to, 'WITHSCORES', 'LIMIT', over, 1)
    local at = math.min(tonumber(leaving[2]), now) + length
    if at > free_at then last, free_at = i, at end
  end
end
return {last, free_at}
)lua";

// The newest `count` are enough to know when there is room, so that is all that is kept. What a wrong clock
// wrote far ahead would take their places for ever.
const std::string kAddLedgerEvent = R"lua(
local added = 0
for i, key in ipairs(KEYS) do
  local count, length = tonumber(ARGV[2 * i + 1]), ARGV[2 * i + 2]
  added = added + redis.call('ZADD', key, 'NX', ARGV[1], ARGV[2])
  redis.call('ZREMRANGEBYSCORE', key, string.format('(%.0f', ARGV[1] + length), '+inf')
  redis.call('ZREMRANGEBYRANK', key, 0, -count - 1)
  redis.call('EXPIRE', key, length)
end
return added
)lua";

}  // namespace cardea::store::scripts
