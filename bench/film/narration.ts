/** The sentences of the workload, spoken once by our own engine, for those who are given their speech. */
import { execFile } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { FADE_S, type Workload } from './workload.ts';

const run = promisify(execFile);
/** Silence a scene of ours begins with, s. */
const LEAD_IN_S = 0.5;

export type Narration = {
  /** All scenes at their places in the film, as one sound, 48 kHz. */
  film: string;
  /** Each scene's sentence after the silence its scene begins with, and when it is heard in the film, s. */
  scenes: { file: string; start: number; end: number }[];
};

/** Speaks each scene's sentence and places it where our own film has it. */
export async function speakAll(work: Workload, folder: string, cli: string): Promise<Narration> {
  const speech = path.join(folder, 'speech');
  await mkdir(speech, { recursive: true });
  const scenes: Narration['scenes'] = [];
  for (const [index, scene] of work.storyboard.scenes.entries()) {
    const [spoken, file] = [path.join(speech, `spoken${index}.wav`), path.join(speech, `${index}.wav`)];
    await run('env', [`DATA_DIR=${speech}`, process.execPath, cli, 'speak', scene.text!, '--language', 'en', '--out', spoken]); // prettier-ignore
    const lead = `aresample=48000,adelay=${LEAD_IN_S * 1000}:all=1`;
    await run('ffmpeg', ['-v', 'error', '-y', '-i', spoken, '-af', lead, file]);
    const start = index * (work.scenes[index]!.seconds - FADE_S);
    scenes.push({ file, start: start + LEAD_IN_S, end: start + (await durationOf(file)) });
  }
  const placed = scenes.map(
    ({ start }, index) => `[${index}:a]adelay=${Math.round((start - LEAD_IN_S) * 1000)}:all=1[v${index}]`,
  );
  const film = path.join(folder, 'narration.wav');
  await run('ffmpeg', [
    ...['-v', 'error', '-y', ...scenes.flatMap(({ file }) => ['-i', file]), '-filter_complex'],
    `${placed.join(';')};${scenes.map((_, index) => `[v${index}]`).join('')}amix=inputs=${scenes.length}:normalize=0,apad=whole_dur=${work.seconds}`,
    film,
  ]);
  return { film, scenes };
}

/** s */
async function durationOf(file: string): Promise<number> {
  const { stdout } = await run('ffprobe', ['-v', 'error', '-show_entries', 'format=duration', '-of', 'csv=p=0', file]); // prettier-ignore
  return Number(stdout);
}
