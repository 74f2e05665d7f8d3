/** How long after the last word was spoken the storyboard sheet is there. */
import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';

/**
 * Asked of a process of its own, so that it finds nothing warm, which stops once the sheet is there.
 * @param dataDir caches, as DATA_DIR
 * @returns s
 */
export async function sheetAfterSpeech(storyboard: string, dataDir: string): Promise<number> {
  const script = path.join(import.meta.dirname, 'sheet-process.ts');
  const { stdout } = await promisify(execFile)(process.execPath, ['--import', 'tsx', script, storyboard], {
    cwd: path.resolve(import.meta.dirname, '../..'),
    env: { ...process.env, DATA_DIR: dataDir },
  });
  const seconds = Number(stdout);
  if (!(seconds >= 0)) throw new Error(`No time of the sheet: ${stdout}`);
  return seconds;
}
