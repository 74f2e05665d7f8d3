/**
 * How each ffmpeg and ffprobe is held: its own session, killed by the kernel when we die, bounded in memory
 * and file size, nice 19.
 */
import { createHash } from 'node:crypto';
import { chmodSync, mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { childMarks } from './children.ts';
import { findProgram, isExecutable } from './programs.ts';

/** Address space of one child, bytes: 4k decoding and encoding stays well below it. */
const MEMORY_LIMIT = 4 * 1024 ** 3;
/** Where the machine's own tools are, whatever the caller's PATH says. */
const SYSTEM_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

const guards = new Map<string, string>();

/**
 * A small shell script that turns itself into the program under the limits of the machine's own
 * tools (util-linux, coreutils; each is left out where it is missing). It execs all the way, so the
 * pid we spawned is the program. fluent-ffmpeg takes one path and no wrapper, hence a script. The marks
 * in its environment are what `genscene doctor --children` finds it by.
 */
export function guardScript(
  program: string,
  { purpose, maxFileBytes, timeoutS }: { purpose: string; maxFileBytes: number; timeoutS?: number },
): string {
  const key = `${program} ${maxFileBytes} ${timeoutS ?? ''} ${purpose}`;
  const known = guards.get(key);
  if (known && isExecutable(known)) return known;
  const words = ['exec'];
  const add = (tool: string, ...args: string[]): void => {
    const found = findProgram(tool, SYSTEM_PATH);
    if (found) words.push(found, ...args);
  };
  add('setsid');
  add('setpriv', '--pdeathsig', 'KILL');
  add('prlimit', `--as=${MEMORY_LIMIT}`, `--fsize=${maxFileBytes}`, '--core=0');
  add('nice', '-n', '19');
  // For ffprobe, whose child fluent-ffmpeg keeps to itself: coreutils ends it in the foreground.
  if (timeoutS !== undefined) {
    add('timeout', '--foreground', '-s', 'KILL', String(timeoutS));
    add('setpriv', '--pdeathsig', 'KILL');
  }
  const marks = Object.entries(childMarks(purpose, '$PPID')).map(([name, value]) => `${name}="${value}"`);
  const script = `#!/bin/sh\nexport ${marks.join(' ')}\n${words.join(' ')} '${program.replaceAll("'", `'\\''`)}' "$@"\n`;
  const folder = path.join(tmpdir(), `genscene-guards-${process.getuid?.() ?? 0}`);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const file = path.join(folder, createHash('sha256').update(script).digest('hex').slice(0, 16));
  if (!isExecutable(file)) {
    // Written under another name first: a script that is open for writing cannot be executed.
    const fresh = `${file}.${process.pid}.${Math.random().toString(36).slice(2)}`;
    writeFileSync(fresh, script, { mode: 0o700 });
    chmodSync(fresh, 0o700);
    renameSync(fresh, file);
  }
  guards.set(key, file);
  return file;
}
