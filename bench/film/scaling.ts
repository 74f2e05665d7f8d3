/** How cost grows: with the length of the film, the number of its scenes, and its size. */
import { rm } from 'node:fs/promises';
import path from 'node:path';
import { measured, type Cost } from './measured.ts';
import { makeWorkload, writeStoryboard } from './workload.ts';

type Point = { name: string; seconds: number; cost: Cost };
export type Scaling = { title: string; points: Point[] }[];

type Size = NonNullable<Parameters<typeof writeStoryboard>[2]>;

/** Films of one curve differ in one thing; those of length and scenes are of 480 lines, so that ten minutes end today. */
export async function measureScaling(folder: string, cli: string): Promise<Scaling> {
  const at = async (
    name: string,
    options: { seconds: number; scenes: number },
    resolution: string,
  ): Promise<Point> => {
    const place = path.join(folder, 'scaling');
    const work = await makeWorkload(place, options);
    const change: Size = (film) => ({ ...film, output: { ...film.output, resolution: resolution as 'sd' } });
    const storyboard = await writeStoryboard(work, 'film', change);
    const cost = await measured('env', [
      ...[`DATA_DIR=${path.join(folder, 'data')}`, process.execPath, cli, 'render', storyboard],
      ...['--quiet', '--out', path.join(folder, 'film')],
    ]);
    await rm(path.join(folder, 'data'), { recursive: true, force: true });
    await rm(place, { recursive: true, force: true });
    process.stderr.write(`  ${name}: ${cost.cpu.toFixed(1)} CPU s, ${cost.memory.toFixed(0)} MiB\n`);
    return { name, seconds: options.seconds, cost };
  };
  const curve = async (title: string, points: (() => Promise<Point>)[]): Promise<Scaling[number]> => {
    const measuredPoints: Point[] = [];
    for (const point of points) measuredPoints.push(await point());
    return { title, points: measuredPoints };
  };
  return [
    await curve(
      'minutes of film (480 lines, a scene each 6 s)',
      [60, 120, 300, 600].map((s) => () => at(`${s / 60} min`, { seconds: s, scenes: s / 6 }, 'sd')),
    ),
    await curve(
      'scenes (5 min of 480 lines)',
      [10, 50, 300].map((scenes) => () => at(`${scenes} scenes`, { seconds: 300, scenes }, 'sd')),
    ),
    await curve(
      'size (20 s, 4 scenes)',
      ['sd', 'hd', '1080', '4k'].map((r) => () => at(r, { seconds: 20, scenes: 4 }, r)),
    ),
  ];
}

export function printScaling(scaling: Scaling): void {
  for (const { title, points } of scaling) {
    process.stdout.write(`${title}\n`);
    for (const { name, seconds, cost } of points)
      process.stdout.write(
        `  ${name.padEnd(12)} ${cost.cpu.toFixed(1).padStart(8)} CPU s  ${(cost.cpu / seconds).toFixed(2).padStart(6)} CPU s a second of film  ${cost.wall.toFixed(1).padStart(7)} s  ${cost.memory.toFixed(0).padStart(6)} MiB\n`,
      );
  }
}
