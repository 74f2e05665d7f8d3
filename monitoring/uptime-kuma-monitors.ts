/**
 * Pure: what Uptime Kuma says of its monitors, and how ours are written there. Traps: 1.x sends the list
 * whenever it likes; `heartbeat` has monitorID while rows of `heartbeatList` are raw columns; 2.x needs
 * `conditions` and `rabbitmqNodes` on adding and tells single changes by `updateMonitorIntoList`.
 */
import { z } from 'zod';

/** By it we know ours; its value says which. */
export const TAG = { name: 'gen-scene-studio', color: '#4B7BEC' };
/** 1.x takes nothing shorter, s. */
const LEAST_INTERVAL_S = 20;

export type KumaState = 'up' | 'down' | 'pending' | 'maintenance' | 'paused' | 'unknown';
export type KumaMonitor = {
  id: number;
  name: string;
  type: string;
  url: string | null;
  state: KumaState;
  pingMs: number | null;
  message: string;
  /** Which of ours it is; null for those of others. */
  key: string | null;
};
/** A monitor there should be. */
export type WantedMonitor =
  | { key: string; name: string; type: 'http'; url: string; intervalS: number }
  | { key: string; name: string; type: 'push'; intervalS: number };

const monitorSchema = z.looseObject({
  id: z.coerce.number().int(),
  name: z.string().nullish(),
  type: z.string().nullish(),
  url: z.string().nullish(),
  interval: z.coerce.number().nullish(),
  // 1 and 0 in some versions.
  active: z.coerce.boolean().nullish(),
  maintenance: z.boolean().nullish(),
  pushToken: z.string().nullish(),
  tags: z.array(z.looseObject({ name: z.string(), value: z.string().nullish() })).nullish(),
});
export type RawMonitor = z.infer<typeof monitorSchema>;
const listSchema = z.record(z.string(), z.unknown());
const beatSchema = z.looseObject({
  monitorID: z.coerce.number().optional(),
  status: z.coerce.number(),
  msg: z.string().nullish(),
  ping: z.coerce.number().nullish(),
});
type Beat = z.infer<typeof beatSchema>;

export type KumaBook = {
  /** A whole list, or a part of it. */
  list(value: unknown, isWhole: boolean): void;
  remove(id: unknown): void;
  beats(id: unknown, rows: unknown): void;
  /** @returns whether it was understood */
  beat(value: unknown): boolean;
  raw(key: string): RawMonitor | null;
  /** One of the same name and kind that has no tag: an earlier try got no further. */
  orphan(wanted: WantedMonitor): RawMonitor | null;
  monitors(): KumaMonitor[];
};

export function createKumaBook(): KumaBook {
  const monitors = new Map<number, RawMonitor>();
  const latest = new Map<number, Beat>();
  const keep = (id: number, value: unknown): boolean => {
    const beat = beatSchema.safeParse(value);
    if (beat.success) latest.set(id, beat.data);
    return beat.success;
  };
  return {
    list(value, isWhole) {
      const list = listSchema.safeParse(value);
      if (!list.success) return;
      if (isWhole) monitors.clear();
      for (const each of Object.values(list.data)) {
        const monitor = monitorSchema.safeParse(each);
        if (monitor.success) monitors.set(monitor.data.id, monitor.data);
      }
    },
    remove: (id) => void monitors.delete(Number(id)),
    beats(id, rows) {
      if (Array.isArray(rows) && rows.length > 0) keep(Number(id), rows.at(-1));
    },
    beat(value) {
      const id = beatSchema.safeParse(value).data?.monitorID;
      return id !== undefined && keep(id, value);
    },
    raw: (key) => [...monitors.values()].find((monitor) => keyOf(monitor) === key) ?? null,
    orphan: (wanted) =>
      [...monitors.values()].find(
        (monitor) => keyOf(monitor) === null && monitor.name === wanted.name && monitor.type === wanted.type,
      ) ?? null,
    monitors: () =>
      [...monitors.values()].map((monitor) => {
        const beat = latest.get(monitor.id);
        return {
          id: monitor.id,
          name: monitor.name ?? `#${monitor.id}`,
          type: monitor.type ?? 'unknown',
          url: monitor.url ?? null,
          state: stateOf(monitor, beat),
          pingMs: beat?.ping ?? null,
          message: beat?.msg ?? '',
          key: keyOf(monitor),
        };
      }),
  };
}

function keyOf({ tags }: RawMonitor): string | null {
  return tags?.find(({ name }) => name === TAG.name)?.value ?? null;
}

function stateOf({ active, maintenance }: RawMonitor, beat: Beat | undefined): KumaState {
  if (active === false) return 'paused';
  if (maintenance) return 'maintenance';
  if (!beat) return 'unknown';
  return (['down', 'up', 'pending', 'maintenance'] as const)[beat.status] ?? 'unknown';
}

/** As `add` takes it. */
export function newMonitor(wanted: WantedMonitor, major: number, pushToken: string): object {
  return {
    type: wanted.type,
    name: wanted.name,
    ...(wanted.type === 'http' ? { url: wanted.url, method: 'GET' } : { pushToken }),
    interval: intervalOf(wanted),
    retryInterval: intervalOf(wanted),
    resendInterval: 0,
    maxretries: 1,
    timeout: Math.round(intervalOf(wanted) * 0.8),
    active: true,
    notificationIDList: {},
    accepted_statuscodes: ['200-299'],
    ignoreTls: false,
    upsideDown: false,
    expiryNotification: false,
    maxredirects: 10,
    httpBodyEncoding: 'json',
    dns_resolve_type: 'A',
    dns_resolve_server: '1.1.1.1',
    kafkaProducerBrokers: [],
    kafkaProducerSaslOptions: { mechanism: 'None' },
    ...(major >= 2 ? { conditions: [], rabbitmqNodes: [] } : {}),
  };
}

/** What must change for it to be as wanted; null if nothing. What people set there by hand stays. */
export function changesOf(monitor: RawMonitor, wanted: WantedMonitor): object | null {
  const should = {
    name: wanted.name,
    interval: intervalOf(wanted),
    ...(wanted.type === 'http' ? { url: wanted.url } : {}),
  };
  const differs = Object.entries(should).some(([field, value]) => monitor[field] !== value);
  return differs ? should : null;
}

function intervalOf({ intervalS }: WantedMonitor): number {
  return Math.max(LEAST_INTERVAL_S, Math.round(intervalS));
}
