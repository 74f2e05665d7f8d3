/** Uptime Kuma as monitoring uses it: its monitors read, ours kept there by tag, our work announced. */
import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import type { Logger } from '../core/log.ts';
import type { Mute } from '../core/ops/types.ts';
import { matches } from './mutes.ts';
import {
  changesOf,
  createKumaBook,
  newMonitor,
  TAG,
  type KumaMonitor,
  type RawMonitor,
  type WantedMonitor,
} from './uptime-kuma-monitors.ts';
import { openKumaSession, type KumaAccount } from './uptime-kuma-session.ts';

export type UptimeKuma = {
  /** Name of the host it runs on. */
  readonly host: string;
  /**
   * Its monitors as they are now; ours are there afterwards.
   * @throws {StudioError} not_ready when it does not answer, or does not know us
   */
  read(signal: AbortSignal): Promise<{ version: string; monitors: KumaMonitor[] }>;
  /** A heartbeat that its webhook brought. @returns whether it was understood */
  hear(heartbeat: unknown): boolean;
  /** Announces our maintenance for those of our monitors it is about; ends it with `until` in the past. */
  maintain(mute: Mute): Promise<void>;
  /** Where our heartbeat is pushed; null before our push monitor is known. */
  pushUrl(): string | null;
  /** Idempotent. */
  close(): void;
};

export type UptimeKumaOptions = {
  account: KumaAccount;
  /** Those we keep there; empty: none are touched. */
  wanted: readonly WantedMonitor[];
  log: Logger;
  now: () => number;
  /** How long an answer may take, ms. */
  ackMs?: number;
};

/** Ours are compared again after so long, ms. */
const SYNC_EVERY_MS = 3600_000;

const doneSchema = z.looseObject({ ok: z.literal(true) });
const addedSchema = z.looseObject({ ok: z.literal(true), monitorID: z.coerce.number().int() });
const oneSchema = z.looseObject({ ok: z.literal(true), monitor: z.looseObject({}) });
const tagSchema = z.looseObject({ id: z.coerce.number().int(), name: z.string() });
const tagsSchema = z.looseObject({ ok: z.literal(true), tags: z.array(tagSchema) });
const newTagSchema = z.looseObject({ ok: z.literal(true), tag: tagSchema });
const newMaintenanceSchema = z.looseObject({ ok: z.literal(true), maintenanceID: z.coerce.number().int() });
const worksSchema = z.record(z.string(), z.looseObject({ id: z.coerce.number(), title: z.string() }));

export function openUptimeKuma({ account, wanted, log, now, ackMs }: UptimeKumaOptions): UptimeKuma {
  const session = openKumaSession(account, { log, now, ackMs });
  const book = createKumaBook();
  let works: z.infer<typeof worksSchema> = {};
  let syncedAt = -Infinity;
  let syncing: Promise<void> | null = null;

  session.on('monitorList', (list) => book.list(list, true));
  session.on('updateMonitorIntoList', (list) => book.list(list, false));
  session.on('deleteMonitorFromList', (id) => book.remove(id));
  session.on('heartbeatList', (id, rows) => book.beats(id, rows));
  session.on('heartbeat', (beat) => void book.beat(beat));
  session.on('maintenanceList', (list) => (works = worksSchema.safeParse(list).data ?? works));

  /** Each of ours is there once, as it should be; nothing of others' is touched, nothing removed. */
  async function sync(major: number): Promise<void> {
    const { tags } = await session.ask(tagsSchema, 'getTags');
    const tag =
      tags.find(({ name }) => name === TAG.name) ?? (await session.ask(newTagSchema, 'addTag', TAG)).tag;
    for (const each of wanted) {
      const known = book.raw(each.key);
      if (known) await update(known, each);
      else {
        const orphan = book.orphan(each);
        const id = orphan?.id ?? (await session.ask(addedSchema, 'add', newMonitor(each, major, randomBytes(16).toString('hex')))).monitorID; // prettier-ignore
        await session.ask(doneSchema, 'addMonitorTag', tag.id, id, each.key);
        log.info({ monitor: each.name }, `Uptime Kuma: ${orphan ? 'tagged' : 'added'} a monitor`);
      }
    }
    await session.ask(doneSchema, 'getMonitorList');
    syncedAt = now();
  }

  /** The whole monitor goes back with its changes: what is left out of an edit is lost. */
  async function update(known: RawMonitor, should: WantedMonitor): Promise<void> {
    const changes = changesOf(known, should);
    if (!changes) return;
    const { monitor } = await session.ask(oneSchema, 'getMonitor', known.id);
    await session.ask(doneSchema, 'editMonitor', { ...monitor, ...changes });
    log.info({ monitor: should.name }, 'Uptime Kuma: changed a monitor');
  }

  return {
    host: new URL(account.url).hostname,
    async read(signal) {
      const { version, major } = await session.ready(signal);
      // The list may come before or after the login's answer: by this answer it has come.
      await session.ask(doneSchema, 'getMonitorList');
      if (wanted.length > 0 && now() - syncedAt > SYNC_EVERY_MS)
        await (syncing ??= sync(major).finally(() => (syncing = null)));
      return { version, monitors: book.monitors() };
    },
    hear: (heartbeat) => book.beat(heartbeat),
    async maintain({ id, matcher, why, from, until }) {
      await session.ready(AbortSignal.timeout(ackMs ?? 10_000));
      const mark = `[${id}]`;
      if (until <= now()) {
        const ended = Object.values(works).filter(({ title }) => title.endsWith(mark));
        for (const each of ended) await session.ask(doneSchema, 'deleteMaintenance', each.id);
        return;
      }
      const ours = book.monitors().filter(({ key }) => key !== null && matches(matcher, checkOf(key)));
      if (ours.length === 0) return;
      const { maintenanceID } = await session.ask(newMaintenanceSchema, 'addMaintenance', {
        title: `Gen Scene Studio ${mark}`,
        description: why,
        strategy: 'single',
        active: true,
        intervalDay: 1,
        dateRange: [inUtc(from), inUtc(until)],
        timeRange: [
          { hours: 0, minutes: 0 },
          { hours: 0, minutes: 0 },
        ],
        weekdays: [],
        daysOfMonth: [],
        cron: '30 3 * * *',
        durationMinutes: Math.max(1, Math.round((until - from) / 60_000)),
        timezoneOption: 'UTC',
      });
      const monitors = ours.map((monitor) => ({ id: monitor.id, name: monitor.name }));
      await session.ask(doneSchema, 'addMonitorMaintenance', maintenanceID, monitors);
    },
    pushUrl() {
      const push = wanted.find(({ type }) => type === 'push');
      const token = push && book.raw(push.key)?.pushToken;
      return token ? `${account.url}/api/push/${encodeURIComponent(token)}?status=up&msg=OK&ping=` : null;
    },
    close: () => session.close(),
  };
}

/** `2026-01-31T14:03:00`, which both lines and their scheduler read. */
function inUtc(at: number): string {
  return new Date(at).toISOString().slice(0, 19);
}

const HEARTBEAT = 'heartbeat';

/** What we keep there: each watched host as it is seen from there, and a push monitor for ourselves. */
export function wantedMonitors(hosts: readonly string[], heartbeatMs: number): WantedMonitor[] {
  return [
    ...hosts.map((url): WantedMonitor => {
      const { hostname } = new URL(url);
      return { key: `host:${hostname}`, name: `Gen Scene: ${hostname}`, type: 'http', url, intervalS: 60 };
    }),
    // One beat may be lost.
    { key: HEARTBEAT, name: 'Gen Scene: heartbeat', type: 'push', intervalS: (heartbeatMs / 1000) * 2.5 },
  ];
}

/** Our check of the same host. */
function checkOf(key: string): string {
  return key.replace(/^host:/, 'edge-origin:');
}
