/**
 * Says that this process still turns, by the time of change of an empty file: for health checks of services
 * that answer no port. It says nothing of Redis or the platforms: started anew for those, all would fall
 * at once and none be better.
 */
import { rmSync, utimesSync, writeFileSync } from 'node:fs';

/** The health check of the image calls a process dead after four of these, ms. */
const TURN_MS = 15_000;

/**
 * Makes the file at once, and touches it until stopped, when it is removed.
 * @throws {Error} of the file system when it cannot be made; later faults only let it grow old
 */
export function keepAliveFile(file: string): () => Promise<void> {
  writeFileSync(file, '');
  const timer = setInterval(() => {
    try {
      utimesSync(file, new Date(), new Date());
    } catch {
      // A full or lost disk is not this process's death, but the check may see it so.
    }
  }, TURN_MS);
  timer.unref();
  return async () => {
    clearInterval(timer);
    rmSync(file, { force: true });
  };
}
