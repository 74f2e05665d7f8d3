/**
 * Renders a storyboard until its sheet is there, and prints the time from the end of speech to the sheet, s:
 * `tsx sheet-process.ts STORYBOARD.json`.
 */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { loadConfig } from '../../core/config.ts';
import { createStudio } from '../../core/studio.ts';

const file = process.argv[2]!;
const outDir = await mkdtemp(path.join(os.tmpdir(), 'genscene-sheet-'));
const studio = createStudio(loadConfig({ DATA_DIR: process.env['DATA_DIR'], PATH: process.env['PATH'] }));
const enough = new AbortController();
let spoken = 0;
let shown = 0;
try {
  await studio.render(JSON.parse(await readFile(file, 'utf8')), {
    baseDir: path.dirname(file),
    outDir,
    signal: enough.signal,
    onProgress({ stage }) {
      if (stage === 'rendering') spoken ||= performance.now();
    },
    onSheet() {
      shown = performance.now();
      enough.abort();
    },
  });
} catch (error) {
  if (!enough.signal.aborted) throw error;
} finally {
  await studio.close();
  await rm(outDir, { recursive: true, force: true });
}
process.stdout.write(String((shown - spoken) / 1000));
