/** A data folder whose monitoring remembers 90 days: hosts, parts, an incident that goes on and one that is over. */
import { openMonitorStore, type MonitorStore, type Watched } from '../../monitoring/store.ts';
import { initialState } from '../../monitoring/watchdog.ts';
import { finding } from './watched-world.ts';

const DAY_MS = 24 * 3600_000;
export const HOUR_MS = 3600_000;

/** What no stranger may read anywhere on the page. */
export const innerWords = ['203.0.113.7', '10.0.0.12', 'db.internal', '/srv/secret', 'Ana', 'u1', 'because'];

export function rememberPast(dataDir: string, now: number): void {
  const store = openMonitorStore(dataDir);
  store.together(() => {
    const since = now - 40 * DAY_MS;
    const said = { en: 'origin 203.0.113.7 reads /srv/secret', es: 'origin 203.0.113.7 lee /srv/secret' };
    const bad = finding(false, { summary: said, cure: said });
    watch(store, 'edge-origin:api.example.com', { phase: 'up', since }, now);
    watch(store, 'edge-origin:files.example.com', { phase: 'down', since: now - HOUR_MS / 2 }, now, bad);
    watch(store, 'tls:api.example.com', { phase: 'up', since }, now);
    watch(store, 'http:10.0.0.12:8080/srv/secret', { phase: 'down', since }, now, bad);
    watch(store, 'http:db.internal/srv/secret', { phase: 'up', since }, now);
    watch(store, 'network:control', { phase: 'up', since }, now);
    watch(store, 'tts:local', { phase: 'flapping', since: now - 2 * HOUR_MS }, now);
    watch(store, 'ffmpeg:local', { phase: 'up', since }, now);
    watch(store, 'jobs:queue', { phase: 'up', since }, now);
    watch(store, 'vps:local', { phase: 'up', since }, now);
    past(store, 'edge-origin:api.example.com', 90, now, 40, (day) => (day === 30 ? 8 : day === 61 ? 1 : 0));
    past(store, 'edge-origin:files.example.com', 25, now, 120, (day) => (day === 0 ? 2 : 0));
    past(store, 'tls:api.example.com', 90, now, 0, () => 0);
    past(store, 'tts:local', 70, now, 0, (day) => (day < 2 ? 3 : 0));
    past(store, 'ffmpeg:local', 90, now, 0, () => 0);
    past(store, 'jobs:queue', 90, now, 0, (day) => (day === 12 ? 20 : 0));
    past(store, 'vps:local', 90, now, 0, () => 0);
    const incident = (id: string, check: string, openedAt: number, closedAt: number | null): void =>
      store.saveIncident({
        id,
        kind: 'incident',
        cause: 'origin_down@203.0.113.7',
        openedAt,
        closedAt,
        members: [{ check, since: openedAt, endedAt: closedAt, flapping: false, finding: bad }],
        ack: { by: { platform: 'discord', id: 'u1', name: 'Ana' }, at: now },
        silence: null,
        version: 1,
        tellAt: openedAt,
        remindAt: null,
        reminders: 0,
      });
    incident('i1', 'edge-origin:files.example.com', now - HOUR_MS / 2, null);
    incident('i2', 'jobs:queue', now - 12 * DAY_MS, now - 12 * DAY_MS + 1.5 * HOUR_MS);
    incident('i3', 'http:10.0.0.12:8080/srv/secret', now - DAY_MS, null);
    incident('i4', 'vps:local', now - 80 * DAY_MS, now - 79 * DAY_MS);
    store.saveMute({
      id: 'm1',
      kind: 'maintenance',
      matcher: 'vps',
      from: now - HOUR_MS,
      until: now + HOUR_MS,
      by: { platform: 'discord', id: 'u1', name: 'Ana' },
      why: 'because of 203.0.113.7',
    });
  });
  store.close();
}

function watch(
  store: MonitorStore,
  id: string,
  { phase, since }: { phase: Watched['state']['phase']; since: number },
  now: number,
  found = finding(true),
): void {
  const { cause: _cause, notices: _notices, ...kept } = found;
  store.saveWatched(id, {
    state: { ...initialState(since), phase, since, lastResultAt: now },
    finding: kept,
    lastBad: null,
    checkedAt: now,
  });
}

/** 20 results a day, of which some are bad; ms of latency go up and down a little. */
function past(
  store: MonitorStore,
  id: string,
  days: number,
  now: number,
  ms: number,
  badOf: (daysAgo: number) => number,
): void {
  const today = Math.floor(now / DAY_MS) * DAY_MS;
  for (let ago = 0; ago < days; ago += 1)
    for (let index = 0; index < 20; index += 1) {
      const at = ago === 0 ? now - index * 3000_000 : today - ago * DAY_MS + index * 4300_000;
      const latency = ms === 0 ? null : ms * (1 + 0.4 * Math.sin(index));
      // What is not of the day it is meant for would blur the bars.
      if (ago === 0 && at < today) continue;
      store.addResult(id, index >= badOf(ago), latency, at);
    }
}
