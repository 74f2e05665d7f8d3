/**
 * Once a month, what was made in the month before, to the ops channels. It is a notice like that of a
 * certificate: written down under the name of its month before anything is sent, so that no restart
 * tells it twice and none loses it.
 */
import cron from 'node-cron';
import type { Logger } from '../core/log.ts';
import type { Fact, Finding, OpsTexts } from '../core/ops/types.ts';
import type { Caller, StudioService } from '../core/studio-service.ts';
import { noticeOf } from './incidents.ts';
import type { MonitorStore } from './store.ts';
import { same, sayLength } from './texts.ts';

export type DigestOptions = {
  studio: Pick<StudioService, 'usage'>;
  store: Pick<MonitorStore, 'incident' | 'saveIncident'>;
  log: Logger;
  now: () => number;
};
export type Digest = {
  /** Writes the last month's down if it is time and it is not there yet. @returns whether it did */
  look(): Promise<boolean>;
  /** Idempotent. */
  stop(): Promise<void>;
};

type Rows = Awaited<ReturnType<StudioService['usage']>>;
type Month = { name: string; from: number; to: number };

/** On the 1st, UTC: not in the middle of the night. */
const TOLD_FROM_HOUR = 9;
const operator: Caller = { owner: 'monitoring', sees: 'all', origin: { platform: 'api' } };

/** Looks at once and then hourly: whoever was off at that hour tells it when they are back. */
export function startDigest(options: DigestOptions): Digest {
  const { log } = options;
  let looking: Promise<boolean> | null = null;
  const look = (): Promise<boolean> =>
    (looking ??= tellLastMonth(options)
      .catch((error: unknown) => {
        log.warn({ error: String(error) }, 'the monthly digest has to wait');
        return false;
      })
      .finally(() => (looking = null)));
  const task = cron.schedule('0 5 * * * *', () => void look(), {
    name: 'monthly digest',
    noOverlap: true,
    timezone: 'Etc/UTC',
    suppressMissedWarning: true,
  });
  void look();
  return {
    look,
    async stop() {
      await task.destroy();
      await looking;
    },
  };
}

async function tellLastMonth({ studio, store, log, now }: DigestOptions): Promise<boolean> {
  const month = monthBefore(now(), 1);
  const key = `digest:${month.name}`;
  if (now() < month.to + TOLD_FROM_HOUR * 3600_000 || store.incident(`n-${key}`)) return false;
  const before = monthBefore(now(), 2);
  const ask = (by: 'day' | 'user' | 'channel' | 'platform', { from, to } = month): Promise<Rows> =>
    studio.usage({ by, from, to }, operator);
  const [days, people, channels, platforms, earlier] = await Promise.all([
    ask('day'),
    ask('user'),
    ask('channel'),
    ask('platform'),
    ask('day', before),
  ]);
  if (days.length === 0) return false;
  const finding = digestOf(month, { days, people, channels, platforms, earlier });
  store.saveIncident(noticeOf('usage:month', key, finding, now()));
  log.info({ month: month.name }, 'the monthly digest is to be told');
  return true;
}

/** Pure: the figures in words. */
export function digestOf(
  { name }: Pick<Month, 'name'>,
  {
    days,
    people,
    channels,
    platforms,
    earlier,
  }: Record<'days' | 'people' | 'channels' | 'platforms' | 'earlier', Rows>,
): Finding {
  const total = sum(days);
  const past = sum(earlier);
  const film = sayLength(total.filmSeconds * 1000);
  const busiest = days.reduce((most, day) => (day.jobs > most.jobs ? day : most));
  const facts: Fact[] = [
    fact(
      'Done, failed, cancelled',
      'Hechos, fallidos, cancelados',
      same(`${total.done} · ${total.failed} · ${total.cancelled}`),
    ),
    fact('Film', 'Vídeo', compared(film, total.filmSeconds, past.filmSeconds)),
    fact('Render time', 'Tiempo de render', same(sayLength(total.renderSeconds * 1000))),
    fact('Scenes reused', 'Escenas reutilizadas', same(percent(total.scenesReused, total.scenes))),
    fact('People, channels', 'Personas, canales', same(`${people.length} · ${channels.length}`)),
    fact('Asked by', 'Pedido por', same(platforms.map(({ key, jobs }) => `${key} ${jobs}`).join(', '))),
    fact('Busiest day', 'Día con más', same(`${busiest.key}: ${busiest.jobs}`)),
  ];
  return {
    ok: true,
    verdict: 'digest',
    summary: {
      en: `${name}: ${total.done} made, ${film} of film and speech, ${total.failed} failed`,
      es: `${name}: ${total.done} hechos, ${film} de vídeo y voz, ${total.failed} fallidos`,
    },
    cure: null,
    facts,
    latencyMs: null,
  };
}

/** The month `back` months before the one of `now`, UTC. */
function monthBefore(now: number, back: number): Month {
  const date = new Date(now);
  const from = Date.UTC(date.getUTCFullYear(), date.getUTCMonth() - back, 1);
  const to = Date.UTC(date.getUTCFullYear(), date.getUTCMonth() - back + 1, 1);
  return { name: new Date(from).toISOString().slice(0, 7), from, to };
}

function sum(rows: Rows): Omit<Rows[number], 'key'> {
  const total = { jobs: 0, done: 0, failed: 0, cancelled: 0, filmSeconds: 0, renderSeconds: 0, scenes: 0, scenesReused: 0, bytes: 0 }; // prettier-ignore
  for (const row of rows)
    for (const name of Object.keys(total) as (keyof typeof total)[]) total[name] += row[name];
  return total;
}

function fact(en: string, es: string, value: OpsTexts): Fact {
  return { name: { en, es }, value };
}

function compared(text: string, now: number, before: number): OpsTexts {
  if (before === 0) return same(text);
  const change = Math.round((100 * (now - before)) / before);
  const sign = change > 0 ? '+' : '';
  return {
    en: `${text} (${sign}${change} % on the month before)`,
    es: `${text} (${sign}${change} % sobre el mes anterior)`,
  };
}

function percent(part: number, all: number): string {
  return all === 0 ? '–' : `${Math.round((100 * part) / all)} %`;
}
