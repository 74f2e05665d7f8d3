/**
 * What a film costs, beside what cannot be had cheaper: the encoder alone, and one hand-written ffmpeg
 * command of the same looks. All variants by turns, in one run; each is a command of its own, measured
 * with all its processes.
 *
 *   npm run bench -- [--rounds 3] [--seconds 60] [--peers] [--json FILE] [--chart FILE] [--frames FOLDER]
 *   npm run bench -- --scaling [--share 1] [--json FILE]
 *
 * `--share` shortens the films of `--scaling`. `--peers` adds other makers of film from code; `--frames` leaves a sheet of each film's frames to look at.
 */
import { mkdir, mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { drawChart } from './film/chart.ts';
import { saveFrames } from './film/frames.ts';
import type { Cost } from './film/measured.ts';
import { openPeers, reasonOf } from './film/peers.ts';
import { qualityOf } from './film/quality.ts';
import { measureScaling, printScaling } from './film/scaling.ts';
import { printTable, type Row } from './film/table.ts';
import { prepareVariants, type Variant } from './film/variants.ts';
import { makeWorkload } from './film/workload.ts';

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '3' },
    seconds: { type: 'string', default: '60' },
    peers: { type: 'boolean', default: false },
    scaling: { type: 'boolean', default: false },
    share: { type: 'string', default: '1' },
    json: { type: 'string' },
    chart: { type: 'string' },
    frames: { type: 'string' },
  },
});
const rounds = Number(values.rounds);
const seconds = Number(values.seconds);
const cli = path.resolve(import.meta.dirname, '../dist/cli.js');
const size = { width: 1920, height: 1080, fps: 30 };

const folder = await mkdtemp(path.join(process.env['BENCH_DIR'] ?? os.tmpdir(), 'genscene-film-'));
try {
  if (values.scaling) await scaleUp();
  else await compareAll();
} finally {
  await rm(folder, { recursive: true, force: true });
}

async function scaleUp(): Promise<void> {
  const curves = await measureScaling(folder, cli, Number(values.share));
  printScaling(curves);
  await writeReport({ curves });
}

async function compareAll(): Promise<void> {
  // Ten scenes, fewer in films too short to speak ten sentences.
  const scenes = Math.max(2, Math.min(10, Math.floor(seconds / 4)));
  say(`Making the workload: ${seconds} s, ${scenes} scenes, 1080p30 …`);
  const work = await makeWorkload(path.join(folder, 'work'), { seconds, scenes });
  say('Composing the frames that all encode …');
  const prepared = await prepareVariants(work, { folder, cli, size });
  const variants = [...prepared.variants];
  const skipped: Row[] = [];
  if (values.peers)
    for (const peer of await openPeers(await prepared.peerFilm(), folder))
      if ('skipped' in peer) skipped.push(noRow(peer.name, peer.skipped));
      else variants.push({ ...peer, peer: true });
  const costs = await runByTurns(variants);
  const rows = [...(await judge(variants, costs)), ...skipped];
  printTable(rows);
  await writeReport({ seconds, rounds, rows });
  if (values.chart) await writeFile(values.chart, await drawChart(rows));
}

/** A variant of ours that fails ends the bench; a peer that does is left out from then on. */
async function runByTurns(variants: Variant[]): Promise<Map<string, Cost[] | string>> {
  const costs = new Map<string, Cost[] | string>(variants.map(({ name }) => [name, []]));
  for (let round = 1; round <= rounds; round++)
    for (const { name, run, peer } of variants) {
      const before = costs.get(name)!;
      if (typeof before === 'string') continue;
      try {
        const cost = await run();
        before.push(cost);
        say(`  round ${round}: ${name}: ${cost.cpu.toFixed(1)} CPU s, ${cost.wall.toFixed(1)} s`);
      } catch (error) {
        if (!peer) throw error;
        costs.set(name, reasonOf(error));
        say(`  round ${round}: ${name}: ${String(error)}`);
      }
    }
  return costs;
}

async function judge(variants: Variant[], costs: Map<string, Cost[] | string>): Promise<Row[]> {
  const frames = path.join(folder, 'frames.yuv');
  const middle = (all: Cost[]): Cost => all.toSorted((a, b) => a.cpu - b.cpu)[Math.floor(all.length / 2)]!;
  const limit = middle(costs.get(variants[0]!.name) as Cost[]);
  const rows: Row[] = [];
  for (const { name, film, note, peer, sheet } of variants) {
    const all = costs.get(name)!;
    if (typeof all === 'string') {
      rows.push(noRow(name, all));
      continue;
    }
    const cost = middle(all);
    if (film && values.frames) {
      await mkdir(values.frames, { recursive: true });
      await saveFrames(film, path.join(values.frames, `${name.replace(/[^\w.-]+/g, '-')}.png`));
    }
    rows.push({
      name,
      cost,
      rounds: all,
      timesRealTime: seconds / cost.wall,
      ofLimitCpu: cost.cpu / limit.cpu,
      // A peer's film is of other frames than ours; there is nothing it should equal.
      quality: film && !peer ? await qualityOf(film, { file: frames, ...size }) : null,
      size: film ? (await stat(film)).size : null,
      sheetS: sheet ? sheet() : null,
      note: note ?? '',
    });
  }
  return rows.map((row) => besideCold(row, rows.find(({ name }) => name === 'ours, cold')?.cost));
}

/** What an edit, a repetition and a draft cost is of interest beside the whole film. */
function besideCold(row: Row, cold: Cost | null | undefined): Row {
  if (!cold || !row.cost || row.cost === cold || !row.name.startsWith('ours')) return row;
  const [cpu, wall] = [row.cost.cpu / cold.cpu, row.cost.wall / cold.wall];
  const beside = `of cold: ${cpu.toFixed(2)} × CPU, ${wall.toFixed(2)} × wall`;
  return { ...row, note: [row.note, beside].filter(Boolean).join('; ') };
}

function noRow(name: string, reason: string): Row {
  return { name, cost: null, rounds: [], timesRealTime: null, ofLimitCpu: null, quality: null, size: null, sheetS: null, note: `did not run: ${reason}` }; // prettier-ignore
}

async function writeReport(report: object): Promise<void> {
  const machine = { node: process.version, cores: os.availableParallelism(), load: os.loadavg() };
  if (values.json) await writeFile(values.json, `${JSON.stringify({ ...machine, ...report }, null, 2)}\n`);
}

function say(line: string): void {
  process.stderr.write(`${line}\n`);
}
