/**
 * Workers that died with their process. Whoever starts again on the same machine can see that they are
 * gone, and need not wait until their leases end.
 */
import { hostname } from 'node:os';
import type { WorkerInfo } from '../types.ts';
import type { Database } from './database.ts';

/** Ids of this host's workers whose process is no more, and forgets them. Inside a transaction. */
export function takeDeadWorkers(db: Database): Set<string> {
  const dead = db
    .all('SELECT info FROM workers')
    .map((row) => JSON.parse(String(row['info'])) as WorkerInfo)
    .filter(({ host, pid }) => host === hostname() && !isAlive(pid))
    .map(({ id }) => id);
  for (const id of dead) db.run('DELETE FROM workers WHERE id = ?', id);
  return new Set(dead);
}

/** Signal 0 only asks. A process of another user refuses it, and so lives. */
function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}
