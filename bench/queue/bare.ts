/** Bare bee-queue, told to do no more than deliver: what the whole path is measured against. */
import BeeQueue from 'bee-queue';
import { addAll } from './adding.ts';

/** Jobs/s from the first add to the last end. */
export async function bareBeeQueue(url: string, count: number, slots: number): Promise<number> {
  const queue = openBare(url);
  await queue.ready();
  let ended = 0;
  const started = performance.now();
  const all = new Promise<void>((resolve) => {
    queue.process(slots, async () => {
      ended += 1;
      if (ended === count) resolve();
    });
  });
  await Promise.all([all, addAll(count, () => queue.createJob({ id: 'x'.repeat(24) }).save())]);
  const seconds = (performance.now() - started) / 1000;
  await queue.close(1000).catch(() => {});
  return count / seconds;
}

/** ms from add to start, sorted. */
export async function bareLatency(url: string, count: number): Promise<number[]> {
  const queue = openBare(url);
  await queue.ready();
  let begun = (): void => {};
  queue.process(1, async () => begun());
  const times: number[] = [];
  for (let i = 0; i < count; i += 1) {
    const start = new Promise<void>((resolve) => (begun = resolve));
    const at = performance.now();
    await queue.createJob({ id: 'x'.repeat(24) }).save();
    await start;
    times.push(performance.now() - at);
  }
  await queue.close(1000).catch(() => {});
  return times.sort((a, b) => a - b);
}

export function openBare(url: string): BeeQueue<{ id: string }> {
  const queue = new BeeQueue<{ id: string }>('bare', {
    redis: { port: Number(new URL(url).port), host: '127.0.0.1' } as never,
    storeJobs: false,
    getEvents: false,
    removeOnSuccess: true,
  });
  queue.on('error', () => {});
  return queue;
}
