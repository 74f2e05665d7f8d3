/** What must happen in the same moment as a job's end, and what a retry takes back of it. */
import { randomUUID } from 'node:crypto';
import { isFinal } from '../../schema/job.ts';
import { announcementChannels } from '../lifecycle.ts';
import type { JobRecord } from '../types.ts';
import { found, type Command, type Moves } from './indexes.ts';
import { keys } from './keys.ts';
import { newMark } from './marks.ts';
import { usageRow } from './usage.ts';

/** How long a key outlives a job whose removal does not come, ms. */
const KEY_GRACE_MS = 24 * 3600_000;

/** Adds to a change; `names` are the ids of its announcements. */
export function consequences(
  before: JobRecord,
  next: JobRecord,
  { moves, commands, names }: { moves: Moves; commands: Command[]; names: string[] },
): void {
  const key = next.idempotency && keys.idempotency(next.owner, next.idempotency.key);
  if (isFinal(next.status) && !isFinal(before.status)) {
    for (const channel of announcementChannels(next)) {
      const id = randomUUID();
      const member = found.after(id);
      names.push(id);
      commands.push(['HSET', keys.announcement(id), 'job_id', next.id, 'channel', channel, 'event', next.status, 'record', found.record, 'change', found.change, 'member', member, 'created_at', String(next.updatedAt), 'attempts', '0']); // prettier-ignore
      moves.additions.push(keys.outbox(channel), String(next.updatedAt), member);
    }
    moves.additions.push(keys.usage, String(next.finishedAt), JSON.stringify(usageRow(next, newMark())));
    if (key) commands.push(['PEXPIREAT', key, String((next.expiresAt ?? next.updatedAt) + KEY_GRACE_MS)]);
  }
  if (key && isFinal(before.status) && !isFinal(next.status)) commands.push(['PERSIST', key]);
}
