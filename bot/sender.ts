/**
 * Who holds an announcement: host, process and when that process began, so that what a killed process
 * held on this host can be told at once instead of when its lease ends.
 */
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import type { ChatPlatform } from './types.ts';

/** New for each call; host names have no colon. */
export function newSender(platform: ChatPlatform): string {
  return [platform, hostname(), process.pid, beginningOf(process.pid) ?? ownBeginning, randomUUID()].join(
    ':',
  );
}

/** Whether the process of a sender is known to be gone. False for other hosts: only their lease tells. */
export function hasEnded(sender: string): boolean {
  const [, host, id, began, ...rest] = sender.split(':');
  const pid = Number(id);
  if (rest.length !== 1 || host !== hostname() || !Number.isInteger(pid) || pid <= 0) return false;
  // In a container that was restarted we may have its number.
  if (pid === process.pid) return began !== (beginningOf(pid) ?? ownBeginning);
  if (!isAlive(pid)) return true;
  const now = beginningOf(pid);
  return now !== null && now !== began;
}

/** Where there is no /proc: enough to tell ourselves from who had our number before. */
const ownBeginning = `e${Math.round(performance.timeOrigin)}`;

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}

/** Field 22 of /proc/PID/stat (proc(5)): clock ticks from boot to the start; null where it cannot be read. */
function beginningOf(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    // The second field is the program's name, in brackets, and may hold anything.
    const ticks = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
    return ticks ? `t${ticks}` : null;
  } catch {
    return null;
  }
}
