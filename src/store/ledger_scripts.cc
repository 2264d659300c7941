#include "store/ledger_scripts.h"

namespace cardea::store::scripts {

// While it is looked whether there is room nothing is removed: a node whose clock is fast must not forget
// what others count. What lies further ahead than a window is long was written by a clock that is wrong, and
// must not block for ever.
const std::string kReserveLedgerEvent = R"lua(
local now, event, counted = tonumber(ARGV[1]), ARGV[2], tonumber(ARGV[3])
local function limit_of(i) return tonumber(ARGV[2 * i + 2]), tonumber(ARGV[2 * i + 3]) end
local last, free_at = 0, 0
for i, key in ipairs(KEYS) do
  local count, length = limit_of(i)
  local from, to = string.format('(%.0f', now - length), string.format('%.0f', now + length)
  local over = redis.call('ZCOUNT', key, from, to) - count
  if over >= 0 and not redis.call('ZSCORE', key, event) then
    -- There is room when all but `count` - 1 have gone.
    local leaving = redis.call('ZRANGEBYSCORE', key, from, to, 'WITHSCORES', 'LIMIT', over, 1)
    local at = math.min(tonumber(leaving[2]), now) + length
    if at > free_at then last, free_at = i, at end
  end
end
if last > 0 then return {last, free_at} end
for i = 1, counted do
  local _, length = limit_of(i)
  redis.call('ZADD', KEYS[i], 'GT', now, event)
  redis.call('EXPIRE', KEYS[i], length)
end
return {0, 0}
)lua";

// The newest `count` are enough to know when there is room, so that is all that is kept. What a wrong clock
// wrote far ahead would take their places for ever.
const std::string kAddLedgerEvent = R"lua(
for i, key in ipairs(KEYS) do
  local count, length = tonumber(ARGV[2 * i + 1]), ARGV[2 * i + 2]
  redis.call('ZADD', key, 'GT', ARGV[1], ARGV[2])
  redis.call('ZREMRANGEBYSCORE', key, string.format('(%.0f', ARGV[1] + length), '+inf')
  redis.call('ZREMRANGEBYRANK', key, 0, -count - 1)
  redis.call('EXPIRE', key, length)
end
return 0
)lua";

const std::string kRemoveLedgerEvent = R"lua(
for _, key in ipairs(KEYS) do redis.call('ZREM', key, ARGV[1]) end
return 0
)lua";

}  // namespace cardea::store::scripts
