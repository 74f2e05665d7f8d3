/** A film at a glance, to see that it is the film it should be: twelve frames spread over it. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** @param out a PNG */
export async function saveFrames(film: string, out: string): Promise<void> {
  const { stdout } = await run('ffprobe', ['-v', 'error', '-show_entries', 'format=duration', '-of', 'csv=p=0', film]); // prettier-ignore
  const every = Number(stdout) / 12;
  const filter = `fps=${1 / every}:start_time=0:round=down,scale=480:-2,tile=4x3`;
  await run('ffmpeg', ['-v', 'error', '-y', '-i', film, '-vf', filter, '-frames:v', '1', out]);
}
