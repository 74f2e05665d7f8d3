/** Webhooks over a real store, a real HTTP server, and the address rules of downloads. */
import { createServer, type IncomingHttpHeaders, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { checkUrl } from '../../../core/ingest/addresses.ts';
import { createAgent, realNetwork } from '../../../core/ingest/connect.ts';
import { toJob } from '../../../core/jobs/present.ts';
import { signWebhook, verifyWebhook } from '../../../core/jobs/signature.ts';
import type { JobWithRequest } from '../../../core/jobs/types.ts';
import {
  startWebhooks,
  type FetchGuard,
  type WebhookOptions,
  type WebhookSender,
} from '../../../core/jobs/webhooks.ts';
import { jobSchema } from '../../../core/schema/job.ts';
import { openEmbeddedForTest } from '../../helpers/embedded-jobs.ts';
import { composeJob, filmResult, keepingLog, refOf } from '../../helpers/job-samples.ts';

type Received = { headers: IncomingHttpHeaders; body: string };

const secret = 'a secret of thirty-two characters';
let fixture: Awaited<ReturnType<typeof openEmbeddedForTest>>;
let server: Server;
let url: string;
let port: number;
let received: Received[];
let answer: (response: ServerResponse, call: number) => void;
let kept: ReturnType<typeof keepingLog>;
const senders: WebhookSender[] = [];

beforeEach(async () => {
  fixture = await openEmbeddedForTest();
  received = [];
  kept = keepingLog();
  answer = (response) => response.writeHead(204).end();
  server = createServer((request, response) => {
    let body = '';
    request.on('data', (piece: Buffer) => (body += piece.toString()));
    request.on('end', () => {
      received.push({ headers: request.headers, body });
      answer(response, received.length);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  port = (server.address() as AddressInfo).port;
  url = `http://127.0.0.1:${port}/hook?x=1`;
});
afterEach(async () => {
  await Promise.all(senders.splice(0).map((sender) => sender.stop()));
  server.closeAllConnections();
  server.close();
  await fixture.dispose();
});

function guardOf(allowHosts: string[]): FetchGuard {
  const rules = { allowHosts };
  return {
    check: (text) => checkUrl(text, rules),
    dispatcher: () => createAgent(rules, realNetwork, 2000, 5000),
  };
}

function start(options: Partial<WebhookOptions> = {}): WebhookSender {
  const sender = startWebhooks({
    jobs: fixture.backend,
    guard: guardOf([`127.0.0.1:${port}`]),
    secret,
    present: (job) => toJob(job, { fileUrl: (id, file) => `https://files.example.com/files/${id}/${file}` }),
    log: kept.log,
    now: fixture.clock.now,
    retryBaseMs: 1000,
    ...options,
  });
  senders.push(sender);
  return sender;
}

async function finishedJob(webhookUrl = url): Promise<string> {
  await fixture.backend.add(composeJob({ webhookUrl }));
  const job = await fixture.backend.claim('w', { leaseMs: 60_000, timeoutMs: 60_000 });
  await fixture.backend.finish(refOf(job!), { status: 'done', result: filmResult });
  return job!.id;
}

async function withDeliveries(id: string, count: number): Promise<JobWithRequest> {
  for (;;) {
    const job = await fixture.backend.get(id);
    if (job && job.deliveries.length >= count) return job;
    await sleep(5);
  }
}

test('posts the job, signed, once, and logs it', async () => {
  start();
  const id = await finishedJob();
  const job = await withDeliveries(id, 1);
  expect(job.deliveries).toEqual([
    {
      at: fixture.clock.now(),
      event: 'done',
      attempt: 1,
      ok: true,
      status: 204,
      error: null,
      durationMs: expect.any(Number),
      nextAt: null,
    },
  ]);
  expect(received).toHaveLength(1);
  const { headers, body } = received[0]!;
  const told = JSON.parse(body) as { event: string; job: unknown };
  expect(told.event).toBe('done');
  expect(jobSchema.parse(told.job)).toMatchObject({
    id,
    status: 'done',
    url: `https://files.example.com/files/${id}/film.mp4`,
    captions: { srt: expect.stringContaining('.srt') },
  });
  expect(headers['content-type']).toBe('application/json');
  const asSent = headers as Record<string, string>;
  expect(verifyWebhook(secret, asSent, body, fixture.clock.now() / 1000)).toBe(true);
  expect(verifyWebhook('another secret', asSent, body, fixture.clock.now() / 1000)).toBe(false);
  // Private parts stay private.
  for (const word of ['"lease"', '"owner"', '"idempotency"', '"request"', secret])
    expect(body).not.toContain(word);
  expect(JSON.stringify(kept.lines)).not.toContain(secret);
});

test('tries again with growing pauses until it works, with the same delivery id', async () => {
  answer = (response, call) => response.writeHead(call < 4 ? 500 : 200).end('x'.repeat(100_000));
  start();
  const id = await finishedJob();
  for (const [index, pause] of [1000, 3000, 9000].entries()) {
    const job = await withDeliveries(id, index + 1);
    expect(job.deliveries.at(-1)).toMatchObject({
      ok: false,
      status: 500,
      error: 'answered 500',
      nextAt: fixture.clock.now() + pause,
    });
    fixture.clock.advance(pause);
  }
  const job = await withDeliveries(id, 4);
  expect(job.deliveries.map((entry) => [entry.attempt, entry.ok])).toEqual([[1, false], [2, false], [3, false], [4, true]]); // prettier-ignore
  expect(new Set(received.map(({ headers }) => headers['x-genscene-delivery'])).size).toBe(1);
  expect((await fixture.backend.stats()).announcementsPending).toBe(0);
});

test('gives up after the last try, and at once when told it is gone', async () => {
  answer = (response) => response.writeHead(503).end();
  start({ maxAttempts: 2 });
  const id = await finishedJob();
  await withDeliveries(id, 1);
  fixture.clock.advance(1000);
  expect((await withDeliveries(id, 2)).deliveries.at(-1)).toMatchObject({
    attempt: 2,
    ok: false,
    nextAt: null,
  });
  answer = (response) => response.writeHead(410).end();
  const gone = await finishedJob();
  expect((await withDeliveries(gone, 1)).deliveries).toMatchObject([{ status: 410, nextAt: null }]);
  expect((await fixture.backend.stats()).announcementsPending).toBe(0);
  expect(kept.lines.filter((line) => line.level === 'error')).toHaveLength(2);
});

test('a receiver that never answers is cut off', async () => {
  answer = () => {};
  start({ timeoutMs: 100 });
  const id = await finishedJob();
  expect((await withDeliveries(id, 1)).deliveries[0]).toMatchObject({
    ok: false,
    status: null,
    error: 'no answer within 100 ms',
  });
});

test('an answer without end is not read', async () => {
  let sent = 0;
  answer = (response) => {
    response.writeHead(200);
    const more = (): void => {
      while (!response.destroyed && response.write('x'.repeat(16_384))) sent += 16_384;
    };
    response.on('drain', more);
    more();
  };
  start();
  const id = await finishedJob();
  expect((await withDeliveries(id, 1)).deliveries[0]).toMatchObject({ ok: true, status: 200 });
  await sleep(100);
  // What fits into the buffers of both ends on its way, and no more.
  expect(sent).toBeLessThan(16 * 1024 ** 2);
});

test('redirects are not followed', async () => {
  answer = (response) => response.writeHead(302, { location: url }).end();
  start();
  const id = await finishedJob();
  expect((await withDeliveries(id, 1)).deliveries[0]).toMatchObject({ ok: false, status: 302 });
  expect(received).toHaveLength(1);
});

test.each([
  'http://127.0.0.1:PORT/',
  'http://localhost:PORT/',
  'http://[::1]:PORT/',
  'http://169.254.169.254/latest',
  'http://localhost/',
  'http://user:pw@example.com/',
  'http://0x7f000001/',
])('S25: %s is never posted to, nor tried twice', async (address) => {
  start({ guard: guardOf([]) });
  const id = await finishedJob(address.replace('PORT', String(port)));
  const job = await withDeliveries(id, 1);
  expect(job.deliveries).toMatchObject([{ ok: false, status: null, nextAt: null }]);
  expect(received).toEqual([]);
  expect((await fixture.backend.stats()).announcementsPending).toBe(0);
});

test('nobody listening: retried, without saying more than the kind of failure', async () => {
  start({ guard: guardOf(['127.0.0.1:1']) });
  const id = await finishedJob('http://127.0.0.1:1/');
  expect((await withDeliveries(id, 1)).deliveries[0]).toMatchObject({
    ok: false,
    error: 'connection failed (ECONNREFUSED)',
    nextAt: expect.any(Number),
  });
});

test('two senders over 30 jobs: each is posted once', async () => {
  const other = await fixture.another();
  start();
  start({ jobs: other });
  const ids: string[] = [];
  for (let i = 0; i < 30; i += 1) ids.push(await finishedJob());
  for (const id of ids) await withDeliveries(id, 1);
  expect(received.map(({ body }) => (JSON.parse(body) as { job: { id: string } }).job.id).sort()).toEqual(
    [...ids].sort(),
  );
});

test('what a stopped sender had in hand is sent by the next one', async () => {
  let release = (): void => {};
  answer = (response, call) => {
    if (call === 1) release = () => response.end();
    else response.writeHead(200).end();
  };
  const first = start({ timeoutMs: 60_000 });
  const id = await finishedJob();
  while (received.length === 0) await sleep(5);
  await first.stop();
  release();
  const cut = await withDeliveries(id, 1);
  fixture.clock.advance(cut.deliveries[0]!.nextAt! - fixture.clock.now());
  start();
  expect((await withDeliveries(id, 2)).deliveries.at(-1)).toMatchObject({ ok: true });
});

test('signatures: any change of secret, time or body is noticed', () => {
  fc.assert(
    fc.property(
      fc.string({ minLength: 1 }),
      fc.integer({ min: 10 ** 9, max: 2 * 10 ** 9 }),
      fc.string(),
      fc.string({ minLength: 1 }),
      (key, time, body, extra) => {
        const headers = {
          'x-genscene-timestamp': String(time),
          'x-genscene-signature': signWebhook(key, time, body),
        };
        expect(verifyWebhook(key, headers, body, time)).toBe(true);
        expect(verifyWebhook(key, headers, body + extra, time)).toBe(false);
        expect(verifyWebhook(key + extra, headers, body, time)).toBe(false);
        expect(verifyWebhook(key, { ...headers, 'x-genscene-timestamp': String(time + 1) }, body, time)).toBe(
          false,
        );
        expect(verifyWebhook(key, headers, body, time + 301)).toBe(false);
        expect(verifyWebhook(key, headers, body, time - 301)).toBe(false);
        expect(verifyWebhook(key, { 'x-genscene-timestamp': String(time) }, body, time)).toBe(false);
      },
    ),
  );
});
