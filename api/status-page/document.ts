/** Pure: what `/status.json` answers and the page shows, from what monitoring and the studio know. */
import { z } from 'zod';
import type { PublicState, PublicStatus } from '../../core/ops/public/types.ts';
import type { ServiceStatus } from '../../core/studio-service.ts';

const stateSchema = z.enum(['up', 'down', 'unsteady', 'maintenance', 'unknown']);
const moment = z.iso.datetime();
const namesSchema = z.object({ en: z.string(), es: z.string() });
const count = z.int().min(0);

export const statusDocumentSchema = z.object({
  overall: stateSchema,
  /** False where nothing is known: monitoring never ran. */
  watched: z.boolean(),
  /** Monitoring has not been heard of for 15 minutes. */
  silent: z.boolean(),
  generatedAt: moment,
  checkedAt: moment.nullable(),
  parts: z.array(
    z.object({
      group: z.enum(['hosts', 'service']),
      kind: z.string(),
      name: namesSchema,
      state: stateSchema,
      since: moment,
      /** Mean of 24 h. */
      latencyMs: count.nullable(),
      /** Mean of each hour; `at` is epoch ms. */
      latency: z.array(z.object({ at: count, ms: count })),
      /** 0 to 1, of `samples` results in 90 days. */
      share: z.number().min(0).max(1).nullable(),
      samples: count,
      days: z.array(z.object({ day: z.iso.date(), good: count, bad: count })),
    }),
  ),
  incidents: z.array(z.object({ parts: z.array(namesSchema), began: moment, ended: moment.nullable() })),
  maintenance: z.array(z.object({ parts: z.array(namesSchema), from: moment, until: moment })),
  /** Null while the queue does not answer. */
  queue: z
    .object({
      waiting: count,
      running: count,
      workers: count,
      doneLastHour: count,
      oldestWaitSeconds: count.nullable(),
    })
    .nullable(),
});
export type StatusDocument = z.infer<typeof statusDocumentSchema>;

const HOST_KINDS = ['edge-origin', 'http', 'tls', 'dns', 'cloudflare'];
const SILENT_MS = 15 * 60_000;

/**
 * @param known null where monitoring never ran
 * @param now epoch ms
 */
export function statusDocument(
  known: PublicStatus | null,
  queue: ServiceStatus['queue'] | null,
  now: number,
): StatusDocument {
  const checkedAt = known?.checkedAt ?? null;
  const iso = (at: number): string => new Date(at).toISOString();
  return {
    overall: overallOf(known),
    watched: known !== null,
    silent: checkedAt !== null && now - checkedAt > SILENT_MS,
    generatedAt: iso(now),
    checkedAt: checkedAt === null ? null : iso(checkedAt),
    parts: (known?.parts ?? []).map(({ since, ...part }) => ({
      group: HOST_KINDS.includes(part.kind) ? ('hosts' as const) : ('service' as const),
      ...part,
      since: iso(since),
    })),
    incidents: (known?.incidents ?? []).map(({ parts, began, ended }) => ({
      parts,
      began: iso(began),
      ended: ended === null ? null : iso(ended),
    })),
    maintenance: (known?.maintenance ?? []).map(({ parts, from, until }) => ({
      parts,
      from: iso(from),
      until: iso(until),
    })),
    queue: queue && {
      waiting: queue.queued,
      running: queue.running,
      workers: queue.workers.length,
      doneLastHour: queue.lastHour.done,
      oldestWaitSeconds:
        queue.oldestWaitMs === null ? null : Math.max(0, Math.round(queue.oldestWaitMs / 1000)),
    },
  };
}

/** The worst of all; what is not known counts only where nothing is worse. */
function overallOf(known: PublicStatus | null): PublicState {
  const states = new Set((known?.parts ?? []).map(({ state }) => state));
  for (const state of ['down', 'unsteady', 'maintenance', 'unknown'] as const)
    if (states.has(state)) return state;
  return states.has('up') ? 'up' : 'unknown';
}
