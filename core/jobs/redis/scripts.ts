/** The Lua that runs inside Redis, where it is atomic: changes (apply-script.ts), and who is next. */
import { createHash } from 'node:crypto';
import { APPLY } from './apply-script.ts';
import { keys, ticketsWaiting } from './keys.ts';

export type Script = { source: string; sha: string };

const NOW = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
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
 * Who is next: {now, ids of jobs whose workers are silent (20 at most), messages that wait for an idle
 * worker, id of one more job that could be claimed or '', id, fields, id, fields, …}.
 * Arguments: time or '', how many, fields.
 */
const PEEK = `
${DUE}
local silent = redis.call('ZRANGEBYSCORE', '${keys.running}', '-inf', due, 'LIMIT', 0, 20)
local answer = {now, silent, redis.call('LLEN', '${ticketsWaiting}'), ''}
if redis.call('ZCOUNT', '${keys.waiting}', '-inf', due) == 0 then return answer end
local most = 4 + 2 * ARGV[2]
local from = 0
while true do
  local places = redis.call('ZRANGE', '${keys.queue}', from, from + 99)
  for _, place in ipairs(places) do
    local id = string.match(place, '[^:]+$')
    local ready = redis.call('ZSCORE', '${keys.waiting}', id)
    if ready and tonumber(ready) <= due then
      if #answer == most then
        answer[4] = id
        return answer
      end
      answer[#answer + 1] = id
      answer[#answer + 1] = redis.call('HMGET', '${keys.job('')}' .. id, unpack(ARGV, 3))
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
  positions: script('no-writes', POSITIONS),
};

/** A script as EVALSHA wants it. */
export function script(flags: string, body: string): Script {
  const source = `#!lua${flags && ` flags=${flags}`}\n${body}`;
  return { source, sha: createHash('sha1').update(source).digest('hex') };
}
