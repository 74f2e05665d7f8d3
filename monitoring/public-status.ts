/**
 * What the status page shows, out of monitoring's memory alone: so it can be read by the process that
 * monitors and by any other one on the same data folder. Whatever is not plainly public is left out.
 */
import { existsSync } from 'node:fs';
import { isIP } from 'node:net';
import path from 'node:path';
import type { OpsTexts } from '../core/ops/types.ts';
import type {
  PublicIncident,
  PublicPart,
  PublicState,
  PublicStatus,
  PublicStatusSource,
} from '../core/ops/public/types.ts';
import { matches } from './mutes.ts';
import { TIERS } from './rings.ts';
import { openMonitorStore, type MonitorStore, type Slot, type Watched } from './store.ts';

type Memory = Pick<MonitorStore, 'watchedIds' | 'watched' | 'slots' | 'incidents' | 'mutes'>;
type Shown = { id: string; kind: string; name: OpsTexts; watched: Watched };

const HOUR_MS = 3600_000;
const DAY_MS = 24 * HOUR_MS;
const DAYS = 90;
/** The slowest checks run hourly: one that was not heard of for so long is stale. */
const STALE_MS = 3 * HOUR_MS + 600_000;
/** The quickest checks run each minute or sooner: when none was heard of for so long, nobody watches. */
const SILENT_MS = 15 * 60_000;
/** One that was not heard of for so long is no longer watched. */
const FORGOTTEN_MS = 2 * DAY_MS;
const INCIDENTS_SHOWN = 20;
const INCIDENT_AGE_MS = 30 * DAY_MS;
/** Names of inner networks, by their ends. */
const INNER = /(^|\.)(localhost|local|localdomain|internal|intranet|lan|home|corp|private|arpa)$/i;

/** The memory of `dataDir`, opened when there is one; another process may be writing it. */
export function openPublicStatus(dataDir: string): { read: PublicStatusSource; close(): void } {
  let store: MonitorStore | null = null;
  return {
    read() {
      if (!store && !existsSync(path.join(dataDir, 'monitoring.db'))) return null;
      store ??= openMonitorStore(dataDir);
      return publicStatus(store, Date.now());
    },
    close() {
      store?.close();
      store = null;
    },
  };
}

/** @param now epoch ms */
export function publicStatus(memory: Memory, now: number): PublicStatus {
  const all = memory.watchedIds().flatMap((id) => {
    const watched = memory.watched(id);
    return watched?.checkedAt ? [{ id, watched }] : [];
  });
  const checkedAt = all.reduce<number | null>(
    (latest, { watched }) => Math.max(latest ?? 0, watched.checkedAt!),
    null,
  );
  const isSilent = checkedAt === null || now - checkedAt > SILENT_MS;
  const shown = all
    .filter(({ watched }) => checkedAt! - watched.checkedAt! < FORGOTTEN_MS)
    .flatMap(({ id, watched }): Shown[] => {
      const kind = id.slice(0, id.indexOf(':'));
      const name = publicName(kind, id.slice(kind.length + 1));
      return name ? [{ id, kind, name, watched }] : [];
    })
    .sort((a, b) => ORDER.indexOf(a.kind) - ORDER.indexOf(b.kind) || (a.id < b.id ? -1 : 1));
  const works = memory.mutes(now).filter(({ kind }) => kind === 'maintenance');
  const parts = shown.map((part): PublicPart => {
    const { id, kind, name, watched } = part;
    const isWorkedOn = works.some(({ matcher, from }) => from <= now && matches(matcher, id));
    return {
      kind,
      name,
      state: isWorkedOn ? 'maintenance' : isSilent ? 'unknown' : stateOf(watched, now),
      since: watched.state.since,
      ...latencyOf(memory.slots(id, TIERS[1]!, now - DAY_MS)),
      ...daysOf(memory.slots(id, TIERS[2]!, dayOf(now) - (DAYS - 1) * DAY_MS), now),
    };
  });
  return {
    checkedAt,
    parts,
    incidents: incidentsOf(memory, shown, now),
    maintenance: works.flatMap(({ matcher, from, until }) => {
      const named = shown.filter(({ id }) => matches(matcher, id)).map(({ name }) => name);
      return named.length > 0 ? [{ parts: named, from, until }] : [];
    }),
  };
}

const ORDER = ['edge-origin', 'http', 'tls', 'dns', 'cloudflare', 'ffmpeg', 'tts', 'jobs', 'redis', 'vps'];

/** Null for what is nobody's business. */
function publicName(kind: string, target: string): OpsTexts | null {
  const part = partNames[kind];
  if (part) return part;
  const host = target.replace(/[/?#].*$/, '').replace(/:\d+$/, '');
  if (!isPublicHost(host)) return null;
  if (kind === 'edge-origin' || kind === 'http') return { en: host, es: host };
  if (kind === 'tls') return { en: `Certificate of ${host}`, es: `Certificado de ${host}` };
  if (kind === 'dns') return { en: `DNS of ${host}`, es: `DNS de ${host}` };
  return null;
}

const partNames: Readonly<Record<string, OpsTexts>> = {
  cloudflare: { en: 'Cloudflare', es: 'Cloudflare' },
  ffmpeg: { en: 'Film making', es: 'Montaje de vídeo' },
  tts: { en: 'Speech', es: 'Voz' },
  jobs: { en: 'Job queue', es: 'Cola de trabajos' },
  redis: { en: 'Job store', es: 'Almacén de trabajos' },
  vps: { en: 'Server', es: 'Servidor' },
};

function isPublicHost(host: string): boolean {
  return host.includes('.') && isIP(host) === 0 && !host.startsWith('[') && !INNER.test(host);
}

function stateOf({ state, checkedAt }: Watched, now: number): PublicState {
  if (state.inhibited || state.stale || now - checkedAt! > STALE_MS) return 'unknown';
  if (state.phase === 'down' || state.phase === 'recovering') return 'down';
  if (state.phase === 'flapping') return 'unsteady';
  return state.phase === 'unknown' ? 'unknown' : 'up';
}

/** Checks that measure nothing write nothing: their sums are 0. */
function latencyOf(hours: readonly Slot[]): Pick<PublicPart, 'latencyMs' | 'latency'> {
  const measured = hours.filter(({ good, latencyMs }) => good > 0 && latencyMs > 0);
  const good = measured.reduce((sum, slot) => sum + slot.good, 0);
  const total = measured.reduce((sum, slot) => sum + slot.latencyMs, 0);
  return {
    latencyMs: good === 0 ? null : Math.round(total / good),
    latency: measured.map((slot) => ({ at: slot.at, ms: Math.round(slot.latencyMs / slot.good) })),
  };
}

function daysOf(slots: readonly Slot[], now: number): Pick<PublicPart, 'days' | 'share' | 'samples'> {
  const byDay = new Map(slots.map((slot) => [slot.at, slot]));
  const first = dayOf(now) - (DAYS - 1) * DAY_MS;
  const days = Array.from({ length: DAYS }, (_, index) => {
    const at = first + index * DAY_MS;
    const { good = 0, bad = 0 } = byDay.get(at) ?? {};
    return { day: new Date(at).toISOString().slice(0, 10), good, bad };
  });
  const good = days.reduce((sum, day) => sum + day.good, 0);
  const samples = days.reduce((sum, day) => sum + day.good + day.bad, 0);
  return { days, samples, share: samples === 0 ? null : good / samples };
}

/** Those in which something failed that is shown. */
function incidentsOf(memory: Memory, shown: readonly Shown[], now: number): PublicIncident[] {
  const names = new Map(shown.map(({ id, name }) => [id, name]));
  return memory
    .incidents(200)
    .filter(({ kind, closedAt }) => kind === 'incident' && now - (closedAt ?? now) < INCIDENT_AGE_MS)
    .flatMap(({ members, openedAt, closedAt }) => {
      const parts = members.flatMap(({ check }) => names.get(check) ?? []);
      return parts.length > 0 ? [{ parts, began: openedAt, ended: closedAt }] : [];
    })
    .slice(0, INCIDENTS_SHOWN);
}

function dayOf(at: number): number {
  return Math.floor(at / DAY_MS) * DAY_MS;
}
