/**
 * The Lua that runs inside Redis, where it is atomic. It knows nothing of a job's life: it compares,
 * numbers and applies what TypeScript decided (core/jobs/lifecycle.ts), or finds who is next.
 */
import { createHash } from 'node:crypto';
import { keys } from './keys.ts';

export type Script = { source: string; sha: string };

const NOW = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
`;

/**
 * Compare and apply. Arguments: deadline (epoch ms by Redis's clock: a command that was stuck on its
 * way must not surprise anyone later), '1' if the change is numbered; for a new place in the queue
 * priority, owner and id (else three empty ones); idempotency key and most queued jobs (or empty);
 * number of guards, each key, field, expected value; then commands, each preceded by its length.
 * An argument \\1name\\1rest stands for the number or place found here, followed by the rest.
 * Answers {'done', now, change, place, order} | {'late'|'full', now} | {'known', now, id} | {'stale', now, guard}.
 */
const APPLY = `
${NOW}
if now > tonumber(ARGV[1]) then return {'late', now} end
if ARGV[6] ~= '' then
  local known = redis.call('GET', ARGV[6])
  if known then return {'known', now, known} end
end
if ARGV[7] ~= '' and redis.call('ZCARD', '${keys.queue}') >= tonumber(ARGV[7]) then return {'full', now} end
local at = 9
for guard = 1, tonumber(ARGV[8]) do
  if (redis.call('HGET', ARGV[at], ARGV[at + 1]) or '') ~= ARGV[at + 2] then return {'stale', now, guard} end
  at = at + 3
end
local given = { change = '', place = '', order = '', turn = '' }
if ARGV[2] == '1' then
  -- Later than any number given out before, even if Redis lost its last second in a power cut.
  local change = math.max(tonumber(redis.call('GET', '${keys.change}') or '0') + 1, now)
  given.change = string.format('%.0f', change)
  redis.call('SET', '${keys.change}', given.change)
end
if ARGV[3] ~= '' then
  -- Start-time fair queuing: an owner's jobs take one turn each, who is new joins at the turn being served.
  local turn = tonumber(redis.call('ZSCORE', '${keys.turns}', ARGV[3]) or '0')
  local last = redis.call('ZREVRANGE', '${keys.turnsOf('', '').slice(0, -1)}' .. ARGV[3] .. ':' .. ARGV[4], 0, 0, 'WITHSCORES')
  if last[2] then turn = math.max(turn, tonumber(last[2]) + 1) end
  local order = redis.call('INCR', '${keys.order}')
  given.order = string.format('%.0f', order)
  given.turn = string.format('%.0f', turn)
  given.place = string.format('%04.0f:%012.0f:%012.0f:%s', 1000 - tonumber(ARGV[3]), turn, order, ARGV[5])
end
while at <= #ARGV do
  local command = {}
  for i = 1, tonumber(ARGV[at]) do
    local argument = ARGV[at + i]
    if string.byte(argument, 1) == 1 then
      local name, rest = string.match(argument, '^\\1(%a+)\\1(.*)$')
      argument = given[name] .. rest
    end
    command[i] = argument
  end
  redis.call(unpack(command))
  at = at + #command + 1
end
return {'done', now, given.change, given.place, given.order}
`;

/**
 * Times that may be given as '' are Redis's own. A process's idea of it is always a little behind, so
 * what one process made due is due here for all.
 */
const DUE = `
${NOW}
local due = now
if ARGV[1] ~= '' then due = tonumber(ARGV[1]) end
`;

/**
 * Jobs of silent workers (20 at most) and jobs that are next: {now, ids, id, fields, id, fields, …}.
 * Arguments: time or '', how many, fields.
 */
const PEEK = `
${DUE}
local answer = {now, redis.call('ZRANGEBYSCORE', '${keys.running}', '-inf', due, 'LIMIT', 0, 20)}
if redis.call('ZCOUNT', '${keys.waiting}', '-inf', due) == 0 then return answer end
local most = 2 + 2 * tonumber(ARGV[2])
local from = 0
while true do
  local places = redis.call('ZRANGE', '${keys.queue}', from, from + 99)
  for _, place in ipairs(places) do
    local id = string.match(place, '[^:]+$')
    local ready = redis.call('ZSCORE', '${keys.waiting}', id)
    if ready and tonumber(ready) <= due then
      answer[#answer + 1] = id
      answer[#answer + 1] = redis.call('HMGET', '${keys.job('')}' .. id, unpack(ARGV, 3))
      if #answer == most then return answer end
    end
  end
  if #places < 100 then return answer end
  from = from + 100
end
`;

/** How many jobs could be claimed, those of silent workers included: {now, count}. Arguments: time or ''. */
const COUNT_DUE = `
${DUE}
return {now, redis.call('ZCOUNT', '${keys.waiting}', '-inf', due) + redis.call('ZCOUNT', '${keys.running}', '-inf', due)}
`;

/** How many announcements are due: {now, count}. Arguments: time or '', channel's key. */
const COUNT_ANNOUNCEMENTS = `
${DUE}
return {now, redis.call('ZCOUNT', ARGV[2], '-inf', due)}
`;

/** Leases announcements that are due: a list of {id, fields and values}. Arguments: time or '', channel's key, deadline, lease ms, limit, sender. */
const TAKE_ANNOUNCEMENTS = `
${DUE}
if now > tonumber(ARGV[3]) then return {} end
local open = redis.call('ZRANGEBYSCORE', ARGV[2], '-inf', due, 'LIMIT', 0, 500)
table.sort(open)
local taken = {}
for i = 1, math.min(#open, tonumber(ARGV[5])) do
  local id = string.match(open[i], '[^|]+$')
  local key = '${keys.announcement('')}' .. id
  redis.call('ZADD', ARGV[2], string.format('%.0f', due + tonumber(ARGV[4])), open[i])
  redis.call('HINCRBY', key, 'attempts', 1)
  redis.call('HSET', key, 'sender', ARGV[6])
  taken[i] = {id, redis.call('HGETALL', key)}
end
return taken
`;

/** Queued jobs (of 1,000 places from a rank on) for which no message is on its way: ids. Arguments: from, key of the messages. */
const WITHOUT_TICKET = `
local missing = {}
for _, place in ipairs(redis.call('ZRANGE', '${keys.queue}', ARGV[1], ARGV[1] + 999)) do
  local id = string.match(place, '[^:]+$')
  local ticket = redis.call('HGET', '${keys.job('')}' .. id, 'ticket')
  if not ticket or redis.call('HEXISTS', ARGV[2], ticket) == 0 then missing[#missing + 1] = id end
end
return missing
`;

/** Places in the queue of jobs, from 1; 0 for those that are not in it. Arguments: ids. */
const POSITIONS = `
local positions = {}
for i, id in ipairs(ARGV) do
  local place = redis.call('HGET', '${keys.job('')}' .. id, 'place')
  local rank = place and redis.call('ZRANK', '${keys.queue}', place)
  positions[i] = rank and rank + 1 or 0
end
return positions
`;

/** Flags are Redis 7's: what ends or frees goes through on full memory too, what is new does not. */
export const scripts = {
  apply: script('allow-oom', APPLY),
  applyNew: script('', APPLY),
  peek: script('no-writes', PEEK),
  countDue: script('no-writes', COUNT_DUE),
  countAnnouncements: script('no-writes', COUNT_ANNOUNCEMENTS),
  takeAnnouncements: script('allow-oom', TAKE_ANNOUNCEMENTS),
  withoutTicket: script('no-writes', WITHOUT_TICKET),
  positions: script('no-writes', POSITIONS),
};

/** A script as EVALSHA wants it. */
export function script(flags: string, body: string): Script {
  const source = `#!lua${flags && ` flags=${flags}`}\n${body}`;
  return { source, sha: createHash('sha1').update(source).digest('hex') };
}
