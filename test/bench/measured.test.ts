/** The bench must count and end whatever a measured command starts, also what it does not wait for. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { measured } from '../../bench/film/measured.ts';

let folder: string;
beforeEach(async () => (folder = await mkdtemp(path.join(os.tmpdir(), 'measured-'))));
afterEach(() => rm(folder, { recursive: true, force: true }));

/** Uses 0.4 s of a processor, says so by a file that holds its pid, and stays. */
const busy = `
  while (process.cpuUsage().user < 400_000);
  require('node:fs').writeFileSync('pid', String(process.pid));
  setInterval(() => {}, 1000);`;
/** Starts it as a browser starts its own: in a session apart, and nobody waits for it. */
const abandon = `(setsid "$0" -e "$1" &); while [ ! -s pid ]; do sleep 0.05; done`;

async function isGone(): Promise<boolean> {
  const pid = Number(await readFile(path.join(folder, 'pid'), 'utf8'));
  try {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
    return / Z /.test(stat);
  } catch {
    return true;
  }
}

it('counts and ends what a command leaves behind', async () => {
  const script = `${abandon}; sleep 0.5`;
  const cost = await measured('bash', ['-c', script, process.execPath, busy], { cwd: folder });
  expect(cost.cpu).toBeGreaterThanOrEqual(0.4);
  expect(cost.memory).toBeGreaterThan(10);
  await expect.poll(isGone).toBe(true);
});

it('ends a command that takes too long, with all it started', async () => {
  const script = `(setsid sh -c 'echo $$ > pid; exec sleep 600' &); sleep 600`;
  const late = measured('bash', ['-c', script], { cwd: folder, atMostS: 5 });
  await expect(late).rejects.toThrow('took longer than 5 s');
  await expect.poll(isGone).toBe(true);
});

it('tells the last words of a command that fails', async () => {
  await expect(measured('bash', ['-c', 'echo no gears >&2; exit 3'])).rejects.toThrow('no gears');
});
