/**
 * The program as plain JavaScript, for all that tests and benches start as a process or a thread of its own: tsx
 * costs each of them one or two seconds of CPU, and names every closure anew. Made once before the tests.
 */
import { readdir, rm, stat } from 'node:fs/promises';
import path from 'node:path';

/** Below node_modules, so that packages are found from there. */
const place = 'node_modules/.cache/genscene-program';
const isMade = import.meta.dirname.includes(path.normalize(place));
const root = isMade
  ? import.meta.dirname.split(path.normalize(place))[0]!
  : path.resolve(import.meta.dirname, '../..');
const folder = path.join(root, place);

/** Besides the program's own: what tests and benches start, or import where they start Node. */
const entries = [
  'bench/api/guarded-process.ts',
  'bench/api/plain-process.ts',
  'bench/api/service-process.ts',
  'bench/queue.ts',
  'bot/sender.ts',
  'core/drawing/fonts.ts',
  'core/jobs/index.ts',
  'test/core/tts/asking-espeak.ts',
  'test/core/tts/orphaning-parent.ts',
  'test/helpers/app-process.ts',
  'test/helpers/job-samples.ts',
  'test/helpers/job-worker.ts',
];

/** @param source path from the project's root, e.g. `cli.ts` @returns the file to start with `node` */
export function programFile(source: string): string {
  return path.join(folder, source.replace(/\.ts$/, '.js'));
}

/** Runs the program as app-process.ts's settings say, which are its only argument, as JSON. */
export const appProcess = programFile('test/helpers/app-process.ts');

let making: Promise<void> | undefined;

/** Once a process, and not by what runs from it. */
export async function makeProgram(): Promise<void> {
  if (!isMade) await (making ??= make());
}

async function make(): Promise<void> {
  const { buildProgram, programEntries } = await import('../../scripts/build.ts');
  await buildProgram(place, [...programEntries, ...entries]);
  await forgetOld();
}

/** Another run may still read what this one has no use for. Folders stay: writing into one does not make it newer. */
async function forgetOld(): Promise<void> {
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const file = path.join(folder, entry.name);
    if (entry.isFile() && Date.now() - (await stat(file)).mtimeMs > 24 * 3600 * 1000) await rm(file);
  }
}
