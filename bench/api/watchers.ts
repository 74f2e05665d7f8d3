/** Many readers of one job's events, and how soon each hears of a change. */
import { get, type ClientRequest } from 'node:http';
import { setTimeout } from 'node:timers/promises';
import { spread } from './load.ts';

export type FanOut = {
  watchers: number;
  /** Different states of the job that a reader was told. */
  changes: number;
  deliveriesPerSecond: number;
  /** From the change to a reader, ms. */
  p50: number;
  p99: number;
  worst: number;
};

export type FanOutLimits = {
  /** Least time to measure, s. */
  seconds: number;
  /** Goes on until a reader has heard of so many: how often a job changes is the renderer's business. */
  changes: number;
  /** Longest time for all of it, s. */
  limitSeconds: number;
};

type Listener = { onFirst: () => void; onChange: (changedAt: number) => void; onEnd: (why: Error) => void };

const LOOK_MS = 50;

/**
 * @param url of the event stream of a job that is running
 * @throws {Error} when a stream is refused, one ends, or too little was heard within the limit
 */
export async function fanOut(
  url: string,
  headers: Record<string, string>,
  watchers: number,
  limits: FanOutLimits,
): Promise<FanOut> {
  const limit = performance.now() + limits.limitSeconds * 1000;
  const delays: number[] = [];
  const changes = new Set<number>();
  let opened = 0;
  let begun: number | null = null;
  let ended: Error | null = null;
  const listener: Listener = {
    onFirst: () => opened++,
    onChange: (changedAt) => {
      if (begun === null) return;
      delays.push(Date.now() - changedAt);
      changes.add(changedAt);
    },
    onEnd: (why) => (ended ??= why),
  };
  const requests = Array.from({ length: watchers }, () => listen(url, headers, listener));
  const took = (): number => (begun === null ? 0 : (performance.now() - begun) / 1000);
  try {
    while (begun === null || took() < limits.seconds || changes.size < limits.changes) {
      if (ended) throw ended;
      if (performance.now() > limit)
        throw new Error(
          `In ${limits.limitSeconds} s ${opened} of ${watchers} streams began and ${changes.size} of ${limits.changes} changes were heard of.`,
        );
      if (opened === watchers) begun ??= performance.now();
      await setTimeout(LOOK_MS);
    }
    const deliveriesPerSecond = delays.length / took();
    return { watchers, changes: changes.size, deliveriesPerSecond, ...spread(delays) };
  } finally {
    for (const request of requests) request.destroy();
  }
}

function listen(url: string, headers: Record<string, string>, listener: Listener): ClientRequest {
  const { onFirst, onChange, onEnd } = listener;
  const request = get(url, { headers, agent: false }, (answer) => {
    if (answer.statusCode !== 200) onEnd(new Error(`A stream was answered ${answer.statusCode}.`));
    let isFirst = true;
    let text = '';
    answer.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
      const blocks = text.split('\n\n');
      text = blocks.pop()!;
      for (const block of blocks) {
        const changedAt = /"updatedAt":"([^"]+)"/.exec(block)?.[1];
        if (!changedAt) continue;
        if (isFirst) onFirst();
        isFirst = false;
        onChange(Date.parse(changedAt));
      }
    });
    answer.on('error', () => undefined);
    answer.once('close', () => onEnd(new Error('A stream ended while it was listened to.')));
  });
  return request.on('error', onEnd);
}
