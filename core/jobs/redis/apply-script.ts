/**
 * The Lua by which jobs change, inside Redis, where it is atomic. It knows nothing of a job's life: it
 * compares, numbers and applies what TypeScript decided (core/jobs/lifecycle.ts).
 *
 * Changes asked for at the same time come together (see apply.ts): each is applied or refused for
 * itself, but what they move in sorted sets is gathered and moved by one command a set. A command costs
 * Redis several times what a line of Lua does, and its append-only file a line each.
 *
 * Arguments:
 *   1    deadline, epoch ms by Redis's clock: what was stuck on its way must not surprise anyone later
 *   2 3  channel of numbers, channel of records
 *   4    the changes as JSON: one text is many times cheaper than its words as arguments, on both sides
 *   5 …  for each change its record and its request, as text; '' if there is none
 * A change is a list of words:
 *   1      '1' if it gets a number and is told to watchers
 *   2 3 4  for a new place in the queue priority, key of the owner's turns, id; else empty
 *   5 6    idempotency key, most queued jobs; or empty
 *   7 … 10 how many guards, announcements, removals and additions follow
 *   11 …   guards: key, field, expected value. Ids of announcements, wanted behind the change's number
 *          (number|id). Removals: key, member. Additions: key, score, member. Then commands to the
 *          end, each after its length.
 * Stand-ins (see indexes.ts) are replaced by what was found here; one is always a whole word, so that
 * one look into a table tells it.
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
local function gather(sets, key, first, second)
  local set = sets[key]
  if not set then
    set = {}
    sets[key] = set
  end
  set[#set + 1] = first
  if second then set[#set + 1] = second end
end

-- Why a change cannot be, or nil; and where its guards end.
local function refusal(words)
  if words[5] ~= '' then
    local known = redis.call('GET', words[5])
    if known then return {'known', known} end
  end
  if words[6] ~= '' then
    local here = added['${keys.queue}']
    if redis.call('ZCARD', '${keys.queue}') + (here and #here / 2 or 0) >= tonumber(words[6]) then return {'full'} end
  end
  local at = 11
  for guard = 1, tonumber(words[7]) do
    if (redis.call('HGET', words[at], words[at + 1]) or '') ~= words[at + 2] then return {'stale', guard} end
    at = at + 3
  end
  return nil, at
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

local function apply(words, record, request)
  local refused, at = refusal(words)
  if refused then return refused end
  local found = { ['${found.record}'] = record, ['${found.request}'] = request }
  local change, place, order = '', '', ''
  if words[1] ~= '' then
    -- Later than any number given out before, even if Redis lost its last second in a power cut.
    change = count('${keys.change}', now)
    found['${found.change}'] = change
  end
  if words[2] ~= '' then place, order = placeOf(words[2], words[3], words[4], found) end
  for _ = 1, tonumber(words[8]) do
    found['${found.after('')}' .. words[at]] = change .. '|' .. words[at]
    announced = true
    at = at + 1
  end
  for i = at, #words do words[i] = found[words[i]] or words[i] end
  for _ = 1, tonumber(words[9]) do
    gather(removed, words[at], words[at + 1])
    at = at + 2
  end
  for _ = 1, tonumber(words[10]) do
    gather(added, words[at], words[at + 1], words[at + 2])
    at = at + 3
  end
  while at <= #words do
    local last = at + words[at]
    redis.call(unpack(words, at + 1, last))
    at = last + 1
  end
  if change ~= '' and listened then redis.call('PUBLISH', ARGV[3], change .. ' ' .. record) end
  return {'done', change, place, order}
end

local answers = {'done', now, 0}
for i, words in ipairs(cjson.decode(ARGV[4])) do answers[i + 3] = apply(words, ARGV[3 + 2 * i], ARGV[4 + 2 * i]) end
for key, members in pairs(removed) do redis.call('ZREM', key, unpack(members)) end
for key, members in pairs(added) do redis.call('ZADD', key, unpack(members)) end
for key, number in pairs(counters) do redis.call('SET', key, string.format('%.0f', number)) end
if counters['${keys.change}'] then
  redis.call('PUBLISH', ARGV[2], string.format('%.0f', counters['${keys.change}']) .. (announced and ' announced' or ''))
end
answers[3] = redis.call('LLEN', '${ticketsWaiting}')
return answers
`;
