/** How cost grows: with the length of the film, the number of its scenes, and its size. */
import { execFile } from 'node:child_process';
import { rm } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { measured, type Cost } from './measured.ts';
import { printColumns } from './table.ts';
import { makeWorkload, writeStoryboard } from './workload.ts';

type Resolution = 'sd' | 'hd' | '1080' | '4k';
type Film = { seconds: number; scenes: number; resolution: Resolution };
type Point = Film & { cost: Cost };
export type Curve = { title: string; points: Point[] };

/**
 * Films of one curve differ in one thing. Those of length and scenes have 480 lines, and the whole takes a
 * quarter of an hour on two cores: half an hour of film of 480 lines, and 80 s of larger ones.
 */
const curves: { title: string; films: Film[] }[] = [
  {
    title: 'Length, a scene each 6 s',
    films: [60, 120, 300, 600].map((s) => ({ seconds: s, scenes: s / 6, resolution: 'sd' })),
  },
  {
    title: 'Scenes, in 5 min',
    films: [10, 50, 300].map((scenes) => ({ seconds: 300, scenes, resolution: 'sd' })),
  },
  {
    title: 'Size',
    films: (['sd', 'hd', '1080', '4k'] as const).map((resolution) => ({
      seconds: 20,
      scenes: 4,
      resolution,
    })),
  },
];

/** @param share of all lengths, 0 to 1, to try it out */
export async function measureScaling(folder: string, cli: string, share = 1): Promise<Curve[]> {
  // Five minutes of fifty scenes lie on two curves and are rendered once.
  const measuredFilms = new Map<string, Cost>();
  const results: Curve[] = [];
  for (const { title, films } of curves) {
    const points: Point[] = [];
    for (const film of films.map((full) => shorten(full, share))) {
      const name = `${film.seconds} s, ${film.scenes} scenes, ${film.resolution}`;
      const cost = measuredFilms.get(name) ?? (await renderOnce(film, folder, cli));
      measuredFilms.set(name, cost);
      process.stderr.write(`  ${name}: ${cost.cpu.toFixed(1)} CPU s, ${cost.wall.toFixed(1)} s\n`);
      points.push({ ...film, cost });
    }
    results.push({ title, points });
  }
  return results;
}

function shorten(film: Film, share: number): Film {
  const scenes = Math.max(2, Math.round(film.scenes * share));
  return { ...film, seconds: Math.max(4, Math.round(film.seconds * share)), scenes };
}

async function renderOnce({ resolution, ...film }: Film, folder: string, cli: string): Promise<Cost> {
  const [place, data, out] = ['scaling', 'data', 'film'].map((name) => path.join(folder, name)) as [string, string, string]; // prettier-ignore
  const work = await makeWorkload(place, { ...film, text: 'words' });
  const storyboard = await writeStoryboard(work, 'film', (board) => ({
    ...board,
    output: { ...board.output, resolution },
  }));
  const cost = await measured(process.execPath, [cli, 'render', storyboard, '--quiet', '--out', out], {
    env: { DATA_DIR: data, MALLOC_ARENA_MAX: '2' },
  });
  await checkLength(path.join(out, 'film.mp4'), film.seconds);
  for (const one of [data, out]) await rm(one, { recursive: true, force: true });
  return cost;
}

/** Scenes are lengthened for speech that does not fit, which would be another film than the one asked for. */
async function checkLength(film: string, seconds: number): Promise<void> {
  const { stdout } = await promisify(execFile)('ffprobe', ['-v', 'error', '-show_entries', 'format=duration', '-of', 'csv=p=0', film]); // prettier-ignore
  // Each scene is a whole number of frames, so the sum may be some frames off.
  if (Math.abs(Number(stdout) - seconds) > 0.05 * seconds)
    throw new Error(`The film lasts ${stdout.trim()} s, not ${seconds} s`);
}

const columns: [heading: string, cell: (point: Point) => string][] = [
  ['film s', ({ seconds }) => String(seconds)],
  ['scenes', ({ scenes }) => String(scenes)],
  ['size', ({ resolution }) => resolution],
  ['CPU s', ({ cost }) => cost.cpu.toFixed(1)],
  ['CPU s a s of film', ({ cost, seconds }) => (cost.cpu / seconds).toFixed(2)],
  ['wall s', ({ cost }) => cost.wall.toFixed(1)],
  ['× real time', ({ cost, seconds }) => (seconds / cost.wall).toFixed(2)],
  ['peak MiB', ({ cost }) => cost.memory.toFixed(0)],
];

export function printScaling(scaling: Curve[]): void {
  for (const { title, points } of scaling) {
    process.stdout.write(`${title}\n`);
    printColumns([columns.map(([heading]) => heading), ...points.map((point) => columns.map(([, cell]) => cell(point)))]); // prettier-ignore
    process.stdout.write('\n');
  }
}
