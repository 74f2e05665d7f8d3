/**
 * The Lua of the board of films. A film's hash has a field for each open segment; its value is '' (free)
 * or `until since frames worker` (times in epoch ms; until 0: delivered). Settled segments have no field,
 * and a film without fields does not exist: so nobody begins what nobody needs.
 */
import { keys } from './keys.ts';
import { script } from './scripts.ts';

const STATE = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local function state(value)
  local untilMs, since, frames, worker = string.match(value or '', '^(%d+) (%d+) (%d+) (.*)$')
  if not worker then return nil end
  return { untilMs = tonumber(untilMs), since = since, frames = frames, worker = worker }
end
local function isFree(value)
  local found = state(value)
  return not found or (found.untilMs > 0 and found.untilMs <= now)
end
local function held(leaseMs, since, frames, worker)
  return string.format('%.0f', now + tonumber(leaseMs)) .. ' ' .. since .. ' ' .. frames .. ' ' .. worker
end
local nowText = string.format('%.0f', now)
`;

/** Arguments: hash, member, ttl ms, keys. */
const OFFER = `
${STATE}
for at = 4, #ARGV do redis.call('HSETNX', ARGV[1], ARGV[at], '') end
redis.call('PEXPIRE', ARGV[1], ARGV[3])
redis.call('ZADD', '${keys.films}', string.format('%.0f', now + tonumber(ARGV[3])), ARGV[2])
return 1
`;

/** Arguments: hash, member, worker, ttl ms, lease ms, helped, count of own, own keys, settled keys. Answers {now, fields and values} or nil. */
const EXCHANGE = `
${STATE}
if tonumber(ARGV[6]) > 0 then redis.call('INCRBY', '${keys.helped}', ARGV[6]) end
if redis.call('EXISTS', ARGV[1]) == 0 then return nil end
local last = 7 + tonumber(ARGV[7])
for at = last + 1, #ARGV do redis.call('HDEL', ARGV[1], ARGV[at]) end
for at = 8, last do
  local value = redis.call('HGET', ARGV[1], ARGV[at])
  local found = state(value)
  -- Who makes the film may take from others what is not delivered; they hear of it.
  if value and not (found and found.untilMs == 0) then
    redis.call('HSET', ARGV[1], ARGV[at], held(ARGV[5], nowText, 0, ARGV[3]))
  end
end
redis.call('PEXPIRE', ARGV[1], ARGV[4])
redis.call('ZADD', '${keys.films}', string.format('%.0f', now + tonumber(ARGV[4])), ARGV[2])
local taken = {}
local all = redis.call('HGETALL', ARGV[1])
for at = 1, #all, 2 do
  if all[at + 1] ~= '' then
    taken[#taken + 1] = all[at]
    taken[#taken + 1] = all[at + 1]
  end
end
return {now, taken}
`;

/** Arguments: hash, member. */
const WITHDRAW = `
redis.call('DEL', ARGV[1])
return redis.call('ZREM', '${keys.films}', ARGV[2])
`;

/** Films with free segments: {member, free, member, free, …}. Arguments: what hashes begin with, most films. */
const OFFERS = `
${STATE}
redis.call('ZREMRANGEBYSCORE', '${keys.films}', '-inf', nowText)
local answer = {}
for _, member in ipairs(redis.call('ZRANGE', '${keys.films}', 0, tonumber(ARGV[2]) - 1)) do
  local job, attempt = string.match(member, '^(%S+) (%S+) ')
  local free = 0
  for _, value in ipairs(redis.call('HVALS', ARGV[1] .. job .. ':' .. attempt)) do
    if isFree(value) then free = free + 1 end
  end
  if free > 0 then
    answer[#answer + 1] = member
    answer[#answer + 1] = tostring(free)
  end
end
return answer
`;

/** Arguments: hash, worker, lease ms, keys. Answers {taken, free, workers}, nil if there is no film. */
const TAKE = `
${STATE}
if redis.call('EXISTS', ARGV[1]) == 0 then return nil end
local taken, free, workers, seen = {}, {}, 0, {}
for at = 4, #ARGV do
  local value = redis.call('HGET', ARGV[1], ARGV[at])
  if value and isFree(value) then
    redis.call('HSET', ARGV[1], ARGV[at], held(ARGV[3], nowText, 0, ARGV[2]))
    taken[#taken + 1] = ARGV[at]
  end
end
local all = redis.call('HGETALL', ARGV[1])
for at = 1, #all, 2 do
  local found = state(all[at + 1])
  if isFree(all[at + 1]) then
    free[#free + 1] = all[at]
  elseif found.untilMs > 0 and not seen[found.worker] then
    seen[found.worker] = true
    workers = workers + 1
  end
end
return {taken, free, workers}
`;

/** Arguments: hash, worker, lease ms, key, frames, key, frames, … Answers the keys that are lost, nil if there is no film. */
const BEAT = `
${STATE}
if redis.call('EXISTS', ARGV[1]) == 0 then return nil end
local lost = {}
for at = 4, #ARGV, 2 do
  local found = state(redis.call('HGET', ARGV[1], ARGV[at]))
  if found and found.worker == ARGV[2] then
    if found.untilMs > 0 then
      local since = found.since
      if found.frames == '0' and ARGV[at + 1] ~= '0' then since = nowText end
      redis.call('HSET', ARGV[1], ARGV[at], held(ARGV[3], since, ARGV[at + 1], ARGV[2]))
    end
  else
    lost[#lost + 1] = ARGV[at]
  end
end
return lost
`;

/** Arguments: hash, worker, key. What comes late counts too, as long as nobody else has it in hand. Answers 1 if it counts. */
const DELIVER = `
${STATE}
local value = redis.call('HGET', ARGV[1], ARGV[3])
local found = state(value)
if not value or (found and found.worker ~= ARGV[2] and not isFree(value)) then return 0 end
redis.call('HSET', ARGV[1], ARGV[3], '0 ' .. (found and found.since or nowText) .. ' 0 ' .. ARGV[2])
return 1
`;

/** Arguments: hash, worker, keys. */
const RELEASE = `
${STATE}
for at = 3, #ARGV do
  local found = state(redis.call('HGET', ARGV[1], ARGV[at]))
  if found and found.worker == ARGV[2] then redis.call('HSET', ARGV[1], ARGV[at], '') end
end
return 1
`;

/** Only offering is refused on full memory: the rest takes no more room than what is there, or frees some. */
export const helpScripts = {
  offer: script('', OFFER),
  exchange: script('allow-oom', EXCHANGE),
  withdraw: script('allow-oom', WITHDRAW),
  offers: script('allow-oom', OFFERS),
  take: script('allow-oom', TAKE),
  beat: script('allow-oom', BEAT),
  deliver: script('allow-oom', DELIVER),
  release: script('allow-oom', RELEASE),
};
