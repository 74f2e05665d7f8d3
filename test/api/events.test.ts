/** A job as a stream of events: it begins where the reader left off, keeps up with slow ones, and ends. */
import { connect } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Job } from '../../core/schema/job.ts';
import { keys, long, startService, tiny, type Service } from './service.ts';

type StreamEvent = { id: number; name: string; job: Job };

let service: Service;
beforeAll(async () => {
  service = await startService();
});
afterAll(() => service.stop());

/** Reads a stream until it ends or `enough` is content. */
async function read(
  id: string,
  options: { after?: number; enough?: (events: StreamEvent[]) => boolean; path?: string } = {},
): Promise<{ events: StreamEvent[]; answer: Response }> {
  const answer = await service.ask(options.path ?? `/api/status/${id}/events`, {
    headers: options.after === undefined ? {} : { 'last-event-id': String(options.after) },
  });
  const events: StreamEvent[] = [];
  let text = '';
  if (answer.body === null) return { events, answer };
  for await (const chunk of answer.body.pipeThrough(new TextDecoderStream())) {
    text += chunk;
    const blocks = text.split('\n\n');
    text = blocks.pop()!;
    for (const block of blocks) {
      const fields = Object.fromEntries(
        block.split('\n').map((line) => line.split(/: (.*)/s) as [string, string]),
      );
      if (fields['data'])
        events.push({
          id: Number(fields['id']),
          name: fields['event']!,
          job: JSON.parse(fields['data']) as Job,
        });
    }
    if (options.enough?.(events)) break;
  }
  return { events, answer };
}

async function compose(storyboard: object = tiny): Promise<string> {
  const { status, body } = await service.json('/api/compose', { json: storyboard });
  expect(status).toBe(202);
  return body.id as string;
}

test('tells every step to the end, and then ends', async () => {
  const id = await compose();
  const { events, answer } = await read(id);
  expect(Object.fromEntries(answer.headers)).toMatchObject({
    'content-type': 'text/event-stream; charset=utf-8',
    'cache-control': 'no-store, no-transform',
    'x-accel-buffering': 'no',
    'x-request-id': expect.any(String),
  });
  const last = events.at(-1)!;
  expect(last).toMatchObject({ name: 'done', job: { id, status: 'done', progress: 100 } });
  expect(last.job.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/files\//);
  expect(events.slice(0, -1).every((event) => event.name === 'progress')).toBe(true);
  for (const [index, event] of events.slice(1).entries()) {
    expect(event.id).toBeGreaterThan(events[index]!.id);
    expect(event.job.progress).toBeGreaterThanOrEqual(events[index]!.job.progress);
  }
  // The same object as /api/status.
  expect((await service.json(`/api/status/${id}`)).body).toEqual(last.job);
});

test('resumes behind the event the reader names; who has seen the last one gets 204', async () => {
  const id = await compose();
  const { events } = await read(id);
  const first = events[0]!;
  const last = events.at(-1)!;
  const resumed = await read(id, { after: first.id });
  expect(resumed.events.at(-1)).toEqual(last);
  expect(resumed.events.every((event) => event.id > first.id)).toBe(true);
  const over = await read(id, { after: last.id });
  expect(over.answer.status).toBe(204);
  expect(over.events).toEqual([]);
  // Nonsense is as good as nothing.
  for (const after of [-1, NaN, 1.5]) expect((await read(id, { after })).events.at(-1)).toEqual(last);
  // A retry goes on counting: who saw the first end sees the second.
  const cancelled = await compose(long);
  await service.json(`/api/jobs/${cancelled}/cancel`, { method: 'POST' });
  const seen = (await read(cancelled)).events.at(-1)!;
  expect(seen.name).toBe('cancelled');
  await service.json(`/api/jobs/${cancelled}/retry`, { method: 'POST' });
  const again = read(cancelled, { after: seen.id });
  await service.json(`/api/jobs/${cancelled}/cancel`, { method: 'POST' });
  const end = (await again).events.at(-1)!;
  expect(end.name).toBe('cancelled');
  expect(end.id).toBeGreaterThan(seen.id);
});

test('many watch one job; each gets its end, and one that leaves is forgotten', async () => {
  const id = await compose(long);
  const leaver = await read(id, { enough: (events) => events.length > 0 });
  expect(leaver.events.length).toBeGreaterThan(0);
  const watchers = Array.from({ length: 20 }, () => read(id));
  await expect
    .poll(async () => (await service.json(`/api/status/${id}`)).body.status, { timeout: 50_000 })
    .toBe('rendering');
  await service.json(`/api/jobs/${id}/cancel`, { method: 'POST' });
  for (const { events } of await Promise.all(watchers)) expect(events.at(-1)!.name).toBe('cancelled');
});

test('a reader that stands still holds up nobody, and sees the end when it goes on', async () => {
  // Long enough to fill what sockets hold by themselves.
  const id = await compose({
    ...long,
    metadata: Object.fromEntries(Array.from({ length: 50 }, (_, index) => [`k${index}`, 'x'.repeat(500)])),
  });
  const socket = connect(service.port, '127.0.0.1');
  socket.write(`GET /api/status/${id}/events HTTP/1.1\r\nHost: x\r\nX-API-Key: ${keys.alice}\r\n\r\n`);
  socket.pause();
  const other = read(id, {
    enough: (events) => events.filter((event) => event.name === 'progress').length > 5,
  });
  expect((await other).events.length).toBeGreaterThan(5);
  await service.json(`/api/jobs/${id}/cancel`, { method: 'POST' });
  await service.ended(id);
  let text = '';
  socket.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
  socket.resume();
  await expect.poll(() => text.includes('event: cancelled'), { timeout: 40_000 }).toBe(true);
  socket.destroy();
});

test('HEAD says what GET would, and holds nothing open; others’ jobs and unknown ones are 404', async () => {
  const id = await compose();
  const head = await service.ask(`/api/status/${id}/events`, { method: 'HEAD' });
  expect(head.status).toBe(200);
  expect(head.headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
  expect((await service.json('/api/status/unknownunknown/events')).body.error.code).toBe('not_found');
});

test('when the service stops, streams end and work is refused with where to go', async () => {
  const stopping = await startService();
  const { body } = await stopping.json('/api/compose', { json: long });
  const stream = await stopping.ask(`/api/status/${body.id}/events`);
  const reading = stream.text();
  const stopped = stopping.app.stop(1500);
  const refused = await stopping.json('/api/compose', { json: tiny });
  expect(refused.status).toBe(503);
  expect(refused.body.error).toMatchObject({ code: 'not_ready', hint: expect.any(String) });
  expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
  await stopped;
  expect(await reading).toContain('event: progress');
  await stopping.stop();
});

test('the storyboard sheet is shown while the film is still being made', async () => {
  const id = await compose({ ...long, scenes: long.scenes.slice(0, 12), captions: { mode: 'off' } });
  const { events } = await read(id, { enough: (seen) => typeof seen.at(-1)?.job.sheetUrl === 'string' });
  const { status, url, sheetUrl } = events.at(-1)!.job;
  expect(status).toBe('rendering');
  expect(url).toBeNull();
  const sheet = await fetch(sheetUrl!);
  expect(sheet.headers.get('content-type')).toBe('image/png');
  expect(
    Buffer.from(await sheet.arrayBuffer())
      .subarray(1, 4)
      .toString(),
  ).toBe('PNG');
  // Whoever comes later finds it in the job, too; once it is cancelled nothing is shown of it.
  expect((await service.json(`/api/status/${id}`)).body.sheetUrl).toBe(sheetUrl);
  await service.json(`/api/jobs/${id}/cancel`, { method: 'POST' });
  expect((await service.ended(id)).sheetUrl).toBeNull();
});
