/**
 * Whether chat slows rendering, and how soon people are answered: `npm run bench:chat`.
 *   --films N    small films a platform in each round (50)
 *   --rounds N   rounds of each kind, turn and turn about (2)
 *   --seconds S  over which they are asked for (10)
 *   --window S   from the first wish on, in which films are counted; the rest is cancelled (60)
 * The same films are asked for by REST, and on Discord and Slack in ten channels each; the service is
 * one process with API, worker and both bots all the time, the loopback platforms run in this one.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { openPlatforms } from './chat/platforms.ts';
import { openService } from './chat/service.ts';
import { askByChat, askByRest, type Asked } from './chat/asking.ts';

const { values } = parseArgs({
  options: {
    films: { type: 'string', default: '50' },
    rounds: { type: 'string', default: '2' },
    seconds: { type: 'string', default: '10' },
    window: { type: 'string', default: '60' },
  },
});
const films = Number(values.films);
const rounds = Number(values.rounds);
const overMs = Number(values.seconds) * 1000;
const windowMs = Number(values.window) * 1000;

type Round = { filmsPerMinute: number; renderMs: number; acks: Asked['acks'] };

const dataDir = await mkdtemp(path.join(tmpdir(), 'genscene-bench-chat-'));
const platforms = await openPlatforms();
const service = await openService({ DATA_DIR: dataDir, ...platforms.env });
try {
  await platforms.connected();
  // Caches of fonts, threads and first connections belong to neither side.
  await measure('warming up', 0, () => askByRest(service, 2, 0, 0));
  const quiet: Round[] = [];
  const chatty: Round[] = [];
  for (let round = 1; round <= rounds; round++) {
    const withoutChat = async (): Promise<void> => {
      const ask = () => askByRest(service, films * 2, overMs, round * 10);
      quiet.push(await measure('without chat', round, ask));
    };
    const withChat = async (): Promise<void> => {
      const ask = () => askByChat(platforms, films, overMs, round * 10 + 1);
      chatty.push(await measure('with chat', round, ask));
    };
    // Each goes first as often as second: whatever else the machine does hits both.
    const inTurn = round % 2 === 1 ? [withoutChat, withChat] : [withChat, withoutChat];
    for (const turn of inTurn) await turn();
  }
  report(quiet, chatty);
} finally {
  await service.stop();
  await platforms.stop();
  await rm(dataDir, { recursive: true, force: true });
}

async function measure(kind: string, round: number, ask: () => Promise<Asked>): Promise<Round> {
  const begun = Date.now();
  const { acks } = await ask();
  const jobs = await service.finishedWithin(begun, windowMs);
  const starts = jobs.map(({ startedAt }) => Date.parse(startedAt!));
  const ends = jobs.map(({ finishedAt }) => Date.parse(finishedAt!));
  const minutes = (Math.max(...ends) - Math.min(...starts)) / 60_000;
  await service.quiet();
  process.stderr.write(`${round} ${kind}: ${jobs.length} films in ${(minutes * 60).toFixed(1)} s\n`);
  return {
    filmsPerMinute: jobs.length / minutes,
    renderMs: median(jobs.map((_, index) => ends[index]! - starts[index]!)),
    acks,
  };
}

function report(quiet: readonly Round[], chatty: readonly Round[]): void {
  const pace = (of: readonly Round[]): number => median(of.map(({ filmsPerMinute }) => filmsPerMinute));
  const each = (of: readonly Round[]): string =>
    of.map((round) => round.filmsPerMinute.toFixed(0)).join(', ');
  const film = (of: readonly Round[]): string =>
    `${median(of.map(({ renderMs }) => renderMs)).toFixed(0)} ms`;
  const row = (name: string, acks: readonly number[], lost: number): string => {
    const sorted = acks.toSorted((a, b) => a - b);
    const at = (share: number): string => `${sorted[Math.ceil(share * sorted.length) - 1]!.toFixed(0)} ms`;
    return `| ${name} | ${acks.length} | ${at(0.5)} | ${at(0.99)} | ${at(1)} | ${lost} |`;
  };
  const of = (platform: 'discord' | 'slack'): number[] => chatty.flatMap(({ acks }) => acks[platform]);
  const asked = films * rounds;
  process.stdout.write(`
| ${films * 2} small films | films a minute (median; rounds) | time of one |
| --- | --- | --- |
| asked by REST, bots idle | ${pace(quiet).toFixed(0)} (${each(quiet)}) | ${film(quiet)} |
| asked in 10 + 10 channels | ${pace(chatty).toFixed(0)} (${each(chatty)}) | ${film(chatty)} |
| ratio | ${(pace(chatty) / pace(quiet)).toFixed(2)} | |

| acknowledged | presses | p50 | p99 | max | never |
| --- | --- | --- | --- | --- | --- |
${row('Discord', of('discord'), asked - of('discord').length)}
${row('Slack', of('slack'), asked - of('slack').length)}

Rate limits broken: ${platforms.limitsBroken()}. Cards and ends: ${platforms.shown()}.
`);
}

function median(numbers: readonly number[]): number {
  const sorted = numbers.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}
