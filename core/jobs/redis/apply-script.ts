/**
 * The Lua by which jobs change, inside Redis, where it is atomic. It knows nothing of a job's life: it
 * compares, numbers and applies what TypeScript decided (core/jobs/lifecycle.ts).
 *
 * Changes asked for at the same time come together (see apply.ts): each is applied or refused for
 * itself, but what they move in sorted sets is gathered and moved by one command a set. A command costs
 * Redis several times what a line of Lua does, and its append-only file a line each.
 *
 * Arguments: deadline, epoch ms by Redis's clock (what was stuck on its way must not surprise anyone
 * later); channel of numbers, channel of records; then for each change
 *   0      how many arguments it has, this one included
 *   1      record, as text
 *   2      '1' if the change gets a number and is told to watchers
 *   3 4 5  for a new place in the queue priority, key of the owner's turns, id; else empty
 *   6 7    idempotency key, most queued jobs; or empty
 *   8 … 11 how many guards, announcements, removals and additions follow
 *   12 …   guards: key, field, expected value. Ids of announcements, wanted behind the
 *          change's number (number|id). Removals: key, member. Additions: key, score, member. Then commands to the
 *          end, each after its length.
 * Stand-ins (see indexes.ts) are replaced by what was found here; one is always a whole argument, so
 * that one look into a table tells it.
 *
 * Answers {'late', now} or {'done', now, messages, answer, answer, …}: messages is how many wait for an
 * idle worker, an answer is {'done', change, place, order}, {'known', id}, {'full'} or {'stale', guard}.
 */
import { found } from './indexes.ts';
import { keys, ticketsWaiting } from './keys.ts';

export const APPLY = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
if now > tonumber(ARGV[1]) then return {'late', now} end

-- Numbers are read once and written back once.
local counters = {}
local function count(key, least)
  local number = math.max((counters[key] or redis.call('GET', key) or 0) + 1, least)
  counters[key] = number
  return string.format('%.0f', number)
end

local removed, added = {}, {}
local function gather(sets, key, first, last)
  local set = sets[key]
  if not set then
    set = {}
    sets[key] = set
  end
  for i = first, last do set[#set + 1] = ARGV[i] end
end

-- Why a change cannot be, or nil; and where its guards end.
local function refusal(at)
  if ARGV[at + 6] ~= '' then
    local known = redis.call('GET', ARGV[at + 6])
    if known then return {'known', known} end
  end
  if ARGV[at + 7] ~= '' then
    local here = added['${keys.queue}']
    if redis.call('ZCARD', '${keys.queue}') + (here and #here / 2 or 0) >= tonumber(ARGV[at + 7]) then return {'full'} end
  end
  local guard = at + 12
  for i = 1, tonumber(ARGV[at + 8]) do
    if (redis.call('HGET', ARGV[guard], ARGV[guard + 1]) or '') ~= ARGV[guard + 2] then return {'stale', i} end
    guard = guard + 3
  end
  return nil, guard
end

-- Start-time fair queuing: an owner's jobs take one turn each, who is new joins at the turn being served.
local turns = {}
local function placeOf(priority, owner, id, found)
  local turn = tonumber(redis.call('ZSCORE', '${keys.turns}', priority) or 0)
  local last = turns[owner] or redis.call('ZRANGE', owner, -1, -1, 'WITHSCORES')[2]
  if last then turn = math.max(turn, last + 1) end
  turns[owner] = turn
  local order = count('${keys.order}', 1)
  local place = string.format('%04.0f:%012.0f:%012.0f:%s', 1000 - priority, turn, order, id)
  found['${found.order}'] = order
  found['${found.place}'] = place
  found['${found.turn}'] = string.format('%.0f', turn)
  return place, order
end

-- Records are large: they are told only if someone listens.
local listened = redis.call('PUBSUB', 'NUMSUB', ARGV[3])[2] > 0
local announced = false

local function apply(at, last)
  local refused, next = refusal(at)
  if refused then return refused end
  local found = { ['${found.record}'] = ARGV[at + 1] }
  local change, place, order = '', '', ''
  if ARGV[at + 2] ~= '' then
    -- Later than any number given out before, even if Redis lost its last second in a power cut.
    change = count('${keys.change}', now)
    found['${found.change}'] = change
  end
  if ARGV[at + 3] ~= '' then place, order = placeOf(ARGV[at + 3], ARGV[at + 4], ARGV[at + 5], found) end
  for _ = 1, tonumber(ARGV[at + 9]) do
    found['${found.after('')}' .. ARGV[next]] = change .. '|' .. ARGV[next]
    next = next + 1
  end
  for i = next, last do ARGV[i] = found[ARGV[i]] or ARGV[i] end
  for _ = 1, tonumber(ARGV[at + 10]) do
    gather(removed, ARGV[next], next + 1, next + 1)
    next = next + 2
  end
  for _ = 1, tonumber(ARGV[at + 11]) do
    gather(added, ARGV[next], next + 1, next + 2)
    next = next + 3
  end
  while next <= last do
    local words = next + ARGV[next]
    redis.call(unpack(ARGV, next + 1, words))
    next = words + 1
  end
  if ARGV[at + 9] ~= '0' then announced = true end
  if change ~= '' and listened then redis.call('PUBLISH', ARGV[3], change .. ' ' .. ARGV[at + 1]) end
  return {'done', change, place, order}
end

local answers = {'done', now, 0}
local at = 4
while at <= #ARGV do
  local next = at + ARGV[at]
  answers[#answers + 1] = apply(at, next - 1)
  at = next
end
for key, members in pairs(removed) do redis.call('ZREM', key, unpack(members)) end
for key, members in pairs(added) do redis.call('ZADD', key, unpack(members)) end
for key, number in pairs(counters) do redis.call('SET', key, string.format('%.0f', number)) end
if counters['${keys.change}'] then
  redis.call('PUBLISH', ARGV[2], string.format('%.0f', counters['${keys.change}']) .. (announced and ' announced' or ''))
end
answers[3] = redis.call('LLEN', '${ticketsWaiting}')
return answers
`;
