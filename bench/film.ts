/**
 * What a film costs, beside what cannot be had cheaper: the encoder alone, and one hand-written ffmpeg
 * command of the same looks. All variants by turns, in one run; each is a command of its own, measured
 * with all its processes.
 *
 *   npm run bench -- [--rounds 3] [--seconds 60] [--scaling] [--json FILE] [--chart FILE]
 */
import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { parseArgs, promisify } from 'node:util';
import { drawChart } from './film/chart.ts';
import { composeRaw } from './film/composition.ts';
import { measured, type Cost } from './film/measured.ts';
import { qualityOf, type Quality } from './film/quality.ts';
import { measureScaling, printScaling } from './film/scaling.ts';
import { singleGraph } from './film/single-graph.ts';
import { makeWorkload, writeStoryboard, type Workload } from './film/workload.ts';

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '3' },
    seconds: { type: 'string', default: '60' },
    scaling: { type: 'boolean', default: false },
    json: { type: 'string' },
    chart: { type: 'string' },
  },
});
const rounds = Number(values.rounds);
const seconds = Number(values.seconds);
const cli = path.resolve(import.meta.dirname, '../dist/cli.js');
const size = { width: 1920, height: 1080, fps: 30 };
const run = promisify(execFile);

type Variant = { name: string; run: () => Promise<Cost>; film?: string; note?: string };
export type Row = {
  name: string;
  /** The round in the middle by CPU. */
  cost: Cost;
  rounds: Cost[];
  timesRealTime: number;
  ofLimitCpu: number;
  quality: Quality | null;
  /** bytes */
  size: number | null;
  note: string;
};

const folder = await mkdtemp(path.join(process.env['BENCH_DIR'] ?? os.tmpdir(), 'genscene-film-'));
try {
  if (values.scaling) printScaling(await measureScaling(folder, cli));
  else await compareAll();
} finally {
  await rm(folder, { recursive: true, force: true });
}

async function compareAll(): Promise<void> {
  say(`Making the workload: ${seconds} s, ten scenes, 1080p30 …`);
  const work = await makeWorkload(path.join(folder, 'work'), { seconds });
  const variants = await prepare(work);
  const costs = new Map<string, Cost[]>(variants.map(({ name }) => [name, []]));
  for (let round = 1; round <= rounds; round++) {
    for (const variant of variants) {
      const cost = await variant.run();
      costs.get(variant.name)!.push(cost);
      say(`  round ${round}: ${variant.name}: ${cost.cpu.toFixed(1)} CPU s, ${cost.wall.toFixed(1)} s`);
    }
  }
  const rows = await judge(variants, costs);
  print(rows);
  const report = { node: process.version, cores: os.availableParallelism(), seconds, rounds, rows };
  if (values.json) await writeFile(values.json, `${JSON.stringify(report, null, 2)}\n`);
  if (values.chart) await writeFile(values.chart, await drawChart(rows));
}

async function prepare(work: Workload): Promise<Variant[]> {
  const out = (name: string): string => path.join(folder, name);
  const raw = out('frames.yuv');
  const storyboard = await writeStoryboard(work, 'film');
  const edited = await writeStoryboard(work, 'edited', (film) => ({
    ...film,
    scenes: film.scenes.map((scene, index) =>
      index === 4 ? { ...scene, text: `${scene.text} Twice.` } : scene,
    ),
  }));
  say('Composing the frames that all encode …');
  await composeRaw(work.storyboard, {
    baseDir: work.folder,
    dataDir: out('reference'),
    outDir: out('reference-film'),
    rawFile: raw,
  });
  await cp(path.join(out('reference-film'), 'captions.srt'), path.join(work.folder, 'captions.srt'));
  const narration = await speakAll(work);
  const rawInput = ['-f', 'rawvideo', '-pix_fmt', 'yuv420p', '-s', `${size.width}x${size.height}`, '-framerate', String(size.fps), '-i', raw]; // prettier-ignore
  const x264 = (preset: string, crf: string, file: string): string[] => [
    ...['-v', 'error', '-y', ...rawInput, '-c:v', 'libx264', '-preset', preset, '-crf', crf, file],
  ];
  const render = (file: string, data: string, into: string, ...more: string[]): Promise<Cost> =>
    measured('env', [
      `DATA_DIR=${data}`,
      process.execPath,
      cli,
      'render',
      file,
      '--quiet',
      '--out',
      into,
      ...more,
    ]);
  const cold = async (data: string, ...more: string[]): Promise<Cost> => {
    await rm(data, { recursive: true, force: true });
    return render(storyboard, data, `${data}-film`, ...more);
  };
  return [
    {
      name: 'limit: libx264 veryfast crf 23, nothing else',
      run: () => measured('ffmpeg', x264('veryfast', '23', out('limit.mp4'))),
      film: out('limit.mp4'),
      note: 'frames ready, no sound',
    },
    {
      name: 'one hand-written ffmpeg graph',
      run: () =>
        measured(
          'ffmpeg',
          singleGraph(work, {
            narration,
            captions: path.join(work.folder, 'captions.srt'),
            out: out('graph.mp4'),
          }),
          work.folder,
        ),
      note: 'speech ready beforehand',
    },
    { name: 'ours, cold', run: () => cold(out('cold')), film: path.join(out('cold-film'), 'film.mp4') },
    {
      name: 'ours, one scene of ten edited',
      run: async () => {
        await rm(out('edit'), { recursive: true, force: true });
        await cp(out('cold'), out('edit'), { recursive: true });
        return render(edited, out('edit'), out('edit-film'));
      },
    },
    { name: 'ours, nothing changed', run: () => render(storyboard, out('cold'), out('same-film')) },
    { name: 'ours, draft', run: () => cold(out('draft'), '--draft'), note: '360 lines' },
  ];
}

/** Each scene's sentence where our own film has it (a scene begins with a short silence), as one sound. */
async function speakAll(work: Workload): Promise<string> {
  const speech = path.join(folder, 'speech');
  await mkdir(speech, { recursive: true });
  const files: string[] = [];
  for (const [index, scene] of work.storyboard.scenes.entries()) {
    files.push(path.join(speech, `${index}.wav`));
    await run('env', [`DATA_DIR=${speech}`, process.execPath, cli, 'speak', scene.text!, '--language', 'en', '--out', files[index]!]); // prettier-ignore
  }
  const starts = work.scenes.map((scene, index) => Math.round(index * (scene.seconds - 0.5) * 1000 + 300));
  const placed = files.map(
    (_, index) => `[${index}:a]aresample=48000,adelay=${starts[index]}:all=1[v${index}]`,
  );
  const narration = path.join(folder, 'narration.wav');
  await run('ffmpeg', [
    ...['-v', 'error', '-y', ...files.flatMap((file) => ['-i', file]), '-filter_complex'],
    `${placed.join(';')};${files.map((_, index) => `[v${index}]`).join('')}amix=inputs=${files.length}:normalize=0,apad=whole_dur=${work.seconds}`,
    narration,
  ]);
  return narration;
}

async function judge(variants: Variant[], costs: Map<string, Cost[]>): Promise<Row[]> {
  const middle = (all: Cost[]): Cost => all.toSorted((a, b) => a.cpu - b.cpu)[Math.floor(all.length / 2)]!;
  const limit = middle(costs.get(variants[0]!.name)!);
  const rows: Row[] = [];
  for (const { name, film, note } of variants) {
    const cost = middle(costs.get(name)!);
    rows.push({
      name,
      cost,
      rounds: costs.get(name)!,
      timesRealTime: seconds / cost.wall,
      ofLimitCpu: cost.cpu / limit.cpu,
      quality: film ? await qualityOf(film, { file: path.join(folder, 'frames.yuv'), ...size }) : null,
      size: film ? (await stat(film)).size : null,
      note: note ?? '',
    });
  }
  return rows;
}

function print(rows: Row[]): void {
  const cells = [
    ['', 'wall s', 'CPU s', '× real time', 'CPU of limit', 'peak MiB', 'SSIM dB', 'PSNR dB', 'MB', ''],
    ...rows.map(({ name, cost, timesRealTime, ofLimitCpu, quality, size: bytes, note }) => [
      name,
      cost.wall.toFixed(1),
      cost.cpu.toFixed(1),
      timesRealTime.toFixed(2),
      ofLimitCpu.toFixed(2),
      cost.memory.toFixed(0),
      quality?.ssimDb.toFixed(2) ?? '',
      quality?.psnr.toFixed(2) ?? '',
      bytes === null ? '' : (bytes / 1e6).toFixed(1),
      note,
    ]),
  ];
  const widths = cells[0]!.map((_, column) => Math.max(...cells.map((row) => row[column]!.length)));
  for (const row of cells)
    process.stdout.write(
      `${row
        .map((cell, column) =>
          column === 0 || column === 9 ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!),
        )
        .join('  ')
        .trimEnd()}\n`,
    );
}

function say(line: string): void {
  process.stderr.write(`${line}\n`);
}
