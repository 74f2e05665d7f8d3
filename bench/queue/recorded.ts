/**
 * The least that the design asks of a job beside its message: bee-queue carries the id, and a record in Redis is
 * written when the job comes, begins and ends. No lease is fenced, nobody takes turns, nothing is told to watchers,
 * and what falls between record and message is lost: what the whole path adds is measured against this.
 */
import { randomUUID } from 'node:crypto';
import { createClient } from 'redis';
import { composeJob } from '../../test/helpers/job-samples.ts';
import { openBare } from './bare.ts';
import { addAll } from './adding.ts';

const { request, owner, origin } = composeJob();

type Simple = {
  id: string;
  status: string;
  owner: string;
  origin: unknown;
  createdAt: number;
  lease: unknown;
};

/** Jobs/s from the first add to the last end. */
export async function recordedBeeQueue(url: string, count: number, slots: number): Promise<number> {
  const queue = openBare(url);
  const client = await createClient({ url }).connect();
  await queue.ready();

  const add = async (): Promise<void> => {
    const record: Simple = {
      id: randomUUID(),
      status: 'queued',
      owner,
      origin,
      createdAt: Date.now(),
      lease: null,
    };
    await client
      .multi()
      .hSet(`job:${record.id}`, { record: JSON.stringify(record), request: JSON.stringify(request) })
      .zAdd('active', { score: record.createdAt, value: record.id })
      .exec();
    await queue.createJob({ id: record.id }).save();
  };
  const work = async (id: string): Promise<void> => {
    const [found, asked] = await client.hmGet(`job:${id}`, ['record', 'request']);
    JSON.parse(asked!);
    const lease = { token: randomUUID(), until: Date.now() + 30_000 };
    const running: Simple = { ...(JSON.parse(found!) as Simple), status: 'running', lease };
    await client
      .multi()
      .hSet(`job:${id}`, 'record', JSON.stringify(running))
      .zAdd('running', { score: lease.until, value: id })
      .exec();
    const ended: Simple = { ...running, status: 'completed', lease: null };
    const usage = JSON.stringify({ id, owner, at: Date.now() });
    await client
      .multi()
      .hSet(`job:${id}`, 'record', JSON.stringify(ended))
      .zRem('active', id)
      .zRem('running', id)
      .zAdd('usage', { score: Date.now(), value: usage })
      .exec();
  };

  let ended = 0;
  const started = performance.now();
  const all = new Promise<void>((resolve) => {
    queue.process(slots, async ({ data }) => {
      await work(data.id);
      ended += 1;
      if (ended === count) resolve();
    });
  });
  await Promise.all([all, addAll(count, add)]);
  const seconds = (performance.now() - started) / 1000;
  await queue.close(1000).catch(() => {});
  client.destroy();
  return count / seconds;
}
