/** The measure of many readers of one job: waits for changes however rare, and says so where there are none. */
import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { fanOut } from '../../bench/api/watchers.ts';

const limits = { seconds: 0.1, changes: 2, limitSeconds: 30 };

test('measures on until the changes have come, however late', async () => {
  const { url, streams } = await openStreams();
  const measured = fanOut(url, {}, 3, limits);
  await expect.poll(() => streams.length).toBe(3);
  // More than `seconds` pass without a change; one that comes before all have begun does not count.
  const changing = setInterval(() => streams.forEach(tell), 300);
  onTestFinished(() => clearInterval(changing));
  const { changes, deliveriesPerSecond, p50, worst } = await measured;
  expect(changes).toBeGreaterThanOrEqual(2);
  expect(deliveriesPerSecond).toBeGreaterThan(0);
  expect(p50).toBeGreaterThanOrEqual(0);
  expect(worst).toBeGreaterThanOrEqual(p50);
});

test('says how far it came when a job does not change, and closes its streams', async () => {
  const { url, streams } = await openStreams();
  await expect(fanOut(url, {}, 2, { ...limits, limitSeconds: 0.5 })).rejects.toThrow(
    /In 0.5 s . of 2 streams began and 0 of 2 changes were heard of/,
  );
  await Promise.all(streams.map((stream) => stream.destroyed || once(stream, 'close')));
});

test('says that a stream was refused, or ended', async () => {
  const refusing = await openStreams((answer) => answer.writeHead(429).end());
  await expect(fanOut(refusing.url, {}, 2, limits)).rejects.toThrow('A stream was answered 429.');
  const ending = await openStreams((answer) => answer.end());
  await expect(fanOut(ending.url, {}, 2, limits)).rejects.toThrow('A stream ended while it was listened to.');
});

/** A server that answers each request with an event stream, begun by telling one state. */
async function openStreams(begin: (answer: ServerResponse) => void = tell) {
  const streams: ServerResponse[] = [];
  const server = createServer((_request, answer) => {
    streams.push(answer);
    begin(answer);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, streams };
}

function tell(answer: ServerResponse): void {
  const job = { id: 'a', updatedAt: new Date().toISOString() };
  answer.write(`id: 1\nevent: progress\ndata: ${JSON.stringify(job)}\n\n`);
}
