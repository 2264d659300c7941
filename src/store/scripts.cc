#include "store/scripts.h"

namespace cardea::store::scripts {
namespace {

// Shared by save, erase and settle.
const std::string kCheck = R"lua(
-- What is stored may come from a program that knows no generations, or be no JSON at all: then it counts as 0.
local function generation_of(text)
  local ok, object = pcall(cjson.decode, text)
  if ok and type(object) == 'table' and type(object.generation) == 'number' then return object.generation end
  return 0
end

-- '0' stands for "absent, or stored without a generation".
local function refuses(expected, stored, found)
  if expected == 'any' then return false end
  if not stored then return not (expected == 'absent' or expected == '0') end
  return expected ~= string.format('%.0f', found)
end

-- A lease that ran out with nobody after us does no harm: the generation still guards the object. One that somebody
-- else holds now means that our work is out of date, whatever the generation says.
local function fence_of_other(fence)
  if fence == '' then return nil end
  local lease = redis.call('GET', KEYS[5])
  if not lease then return nil end
  local held = string.match(lease, ':(%d+)$')
  if held == fence then return nil end
  return tonumber(held) or 0
end

-- One counter for all objects: an object that is removed and made again never shows an old generation.
local function next_generation(found)
  local generation = redis.call('INCR', KEYS[4])
  if generation <= found then
    generation = found + 1
    redis.call('SET', KEYS[4], string.format('%.0f', generation))
  end
  return generation
end
)lua";

}  // namespace

const std::string kSave = kCheck + R"lua(
local stored = redis.call('GET', KEYS[1])
local found = stored and generation_of(stored) or 0
if refuses(ARGV[2], stored, found) then return {'changed', found} end
local other = fence_of_other(ARGV[5])
if other then return {'fenced', other} end

local generation = next_generation(found)
local digits = string.format('%.0f', generation)
-- The text, not cjson.encode: that one turns {} into [] and shortens numbers.
local text = string.gsub(ARGV[1], '^{"generation":%d+', '{"generation":' .. digits, 1)
redis.call('SET', KEYS[1], text)
redis.call('SADD', KEYS[2], ARGV[4])
if KEYS[6] ~= '' then
  if ARGV[7] == '' then redis.call('ZREM', KEYS[6], ARGV[4]) else redis.call('ZADD', KEYS[6], ARGV[7], ARGV[4]) end
end
if KEYS[7] ~= '' then redis.call('DEL', KEYS[7]) end
redis.call('XADD', KEYS[3], 'MAXLEN', '~', ARGV[6], '*',
           'kind', ARGV[3], 'name', ARGV[4], 'generation', digits, 'op', 'save')
return {'saved', generation}
)lua";

const std::string kLoad = R"lua(
local values, total = {}, 0
for i, key in ipairs(KEYS) do
  local size = redis.pcall('STRLEN', key)
  if type(size) == 'table' or size > tonumber(ARGV[1]) then
    values[i] = size
  else
    total = total + size
    if i > 1 and total > tonumber(ARGV[2]) then break end
    values[i] = redis.call('GET', key)
  end
end
return values
)lua";

const std::string kErase = kCheck + R"lua(
local stored = redis.call('GET', KEYS[1])
if not stored then
  redis.call('SREM', KEYS[2], ARGV[3])  -- indexes may lag
  if KEYS[6] ~= '' then redis.call('ZREM', KEYS[6], ARGV[3]) end
  return {'absent', 0}
end
local found = generation_of(stored)
if refuses(ARGV[1], stored, found) then return {'changed', found} end
local other = fence_of_other(ARGV[4])
if other then return {'fenced', other} end

local generation = next_generation(found)
redis.call('DEL', KEYS[1])
redis.call('SREM', KEYS[2], ARGV[3])
if KEYS[6] ~= '' then redis.call('ZREM', KEYS[6], ARGV[3]) end
if KEYS[7] ~= '' then redis.call('DEL', KEYS[7]) end
redis.call('XADD', KEYS[3], 'MAXLEN', '~', ARGV[5], '*',
           'kind', ARGV[2], 'name', ARGV[3], 'generation', string.format('%.0f', generation), 'op', 'erase')
return {'erased', generation}
)lua";

const std::string kCreateToken = R"lua(
if redis.call('EXISTS', KEYS[1], KEYS[2]) > 0 then return 0 end
redis.call('SET', KEYS[1], ARGV[1])
redis.call('SET', KEYS[2], ARGV[1])
redis.call('SADD', KEYS[3], ARGV[3])
redis.call('XADD', KEYS[4], 'MAXLEN', '~', ARGV[4], '*',
           'kind', ARGV[2], 'name', ARGV[3], 'generation', redis.call('INCR', KEYS[5]), 'op', 'save')
return 1
)lua";

const std::string kEraseToken = R"lua(
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('DEL', KEYS[1], KEYS[2])
redis.call('SREM', KEYS[3], ARGV[3])
redis.call('XADD', KEYS[4], 'MAXLEN', '~', ARGV[4], '*',
           'kind', ARGV[2], 'name', ARGV[3], 'generation', redis.call('INCR', KEYS[5]), 'op', 'erase')
return 1
)lua";

// The number is taken only by a winner, so that it grows with each holder; the value carries both, so that
// extending and releasing can see whether the lease is still the caller's.
const std::string kAcquireLease = R"lua(
if redis.call('EXISTS', KEYS[1]) == 1 then return 0 end
local fence = redis.call('INCR', KEYS[2])
redis.call('SET', KEYS[1], ARGV[1] .. ':' .. string.format('%.0f', fence), 'NX', 'PX', ARGV[2])
return fence
)lua";

const std::string kExtendLease = R"lua(
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('PEXPIRE', KEYS[1], ARGV[2])
)lua";

const std::string kReleaseLease = R"lua(
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('DEL', KEYS[1])
)lua";

// Stricter than kSave: without the lease in hand nothing is written, also if nobody took it over yet.
const std::string kSaveUnderLease = R"lua(
if redis.call('GET', KEYS[2]) ~= ARGV[1] or redis.call('EXISTS', KEYS[3]) == 0 then return 0 end
redis.call('SET', KEYS[1], ARGV[2], 'EX', ARGV[3])
return 1
)lua";

const std::string kEraseUnderLease = R"lua(
if redis.call('GET', KEYS[2]) ~= ARGV[1] then return 0 end
redis.call('DEL', KEYS[1])
return 1
)lua";

const std::string kSettleDue = kCheck + R"lua(
local stored = redis.call('GET', KEYS[2])
local as_read = ARGV[1] == '' and not stored
if stored and ARGV[1] ~= '' then as_read = string.format('%.0f', generation_of(stored)) == ARGV[1] end
if not as_read then return 0 end
if ARGV[2] == '' then return redis.call('ZREM', KEYS[1], ARGV[3]) end
redis.call('ZADD', KEYS[1], 'XX', ARGV[2], ARGV[3])
return 1
)lua";

const std::string kClaimDue = R"lua(
local names = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', ARGV[1], 'LIMIT', 0, ARGV[2])
for _, name in ipairs(names) do redis.call('ZADD', KEYS[1], ARGV[3], name) end
return names
)lua";

const std::string kRenameAccount = R"lua(
if redis.call('EXISTS', KEYS[1]) == 0 or redis.call('EXISTS', KEYS[3]) == 1 then return 0 end
redis.call('RENAME', KEYS[1], KEYS[3])
if redis.call('EXISTS', KEYS[2]) == 1 then redis.call('RENAME', KEYS[2], KEYS[4]) end
return 1
)lua";

const std::string kKeepLonger = R"lua(
if redis.call('PTTL', KEYS[1]) < tonumber(ARGV[2]) then redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2]) end
return 1
)lua";

}  // namespace cardea::store::scripts
