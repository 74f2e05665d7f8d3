/** The typed client against the real service, over a network that fails in every way a network does. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { GenScene, GenSceneError, type Connection, type Job } from '../../clients/genscene.ts';
import type { Fetch } from '../../clients/requests.ts';
import { quarters } from '../helpers/samples.ts';
import { keys, long, startService, tiny, type Service } from '../api/service.ts';

let service: Service;
beforeAll(async () => {
  service = await startService({ TTS_ENGINE: 'flite' });
});
afterAll(() => service.stop());

const client = (fetch?: Fetch, more: object = {}): GenScene =>
  new GenScene({ baseUrl: `${service.url}/`, apiKey: keys.alice, ...(fetch ? { fetch } : {}), ...more });

async function collect(jobs: AsyncIterable<Job>): Promise<Job[]> {
  const seen: Job[] = [];
  for await (const job of jobs) seen.push(job);
  return seen;
}

test('asks for a film, watches it, and finds it listed', async () => {
  const accepted = await client().compose({ ...tiny, title: 'By client' });
  const connections: Connection[] = [];
  const seen = await collect(client().watch(accepted.id, { onConnection: (now) => connections.push(now) }));
  expect(seen.at(-1)).toMatchObject({ id: accepted.id, status: 'done', title: 'By client' });
  expect(connections).toEqual(['live']);
  for (const [index, job] of seen.slice(1).entries())
    expect(job.progress).toBeGreaterThanOrEqual(seen[index]!.progress);
  expect((await client().jobs({ status: ['done', 'failed'], limit: 1 })).jobs[0]!.id).toBe(accepted.id);
  expect(await client().status(accepted.id)).toEqual(seen.at(-1));
  // Watching what is over already.
  expect(await collect(client().watch(accepted.id))).toEqual([seen.at(-1)]);
});

test('speaks, lists voices, validates, counts, cancels and retries', async () => {
  expect(await client().speak({ text: 'Hello.' }, { wait: true })).toMatchObject({
    kind: 'tts',
    status: 'done',
  });
  expect(await client().finished((await client().speak({ text: 'Hello again.' })).id)).toMatchObject({
    status: 'done',
  });
  expect((await client().voices('en')).length).toBeGreaterThan(0);
  expect(await client().validate({ scenes: [] })).toMatchObject({ ok: false, issues: [{ path: 'scenes' }] });
  expect((await client().usage({ by: 'day' })).rows.length).toBe(1);
  expect(await client().service()).toMatchObject({ accepting: true });
  const { id } = await client().compose(long);
  await client().cancel(id);
  expect((await client().finished(id)).status).toBe('cancelled');
  expect((await client().retry(id)).status).toBe('queued');
  await client().cancel(id);
  await client().finished(id);
});

test('uploads what a film can use', async () => {
  const bytes = await quarters(32, 32).png().toBuffer();
  const told: number[] = [];
  const asset = await client().uploadAsset(new Blob([new Uint8Array(bytes)]), {
    name: 'a.png',
    onProgress: ({ sent }) => told.push(sent),
  });
  expect(asset).toMatchObject({ type: 'image', width: 32, src: `asset:${asset.id}` });
  expect(told.at(-1)).toBe(bytes.length);
  await expect(client().uploadAsset(new Blob(['no picture']))).rejects.toMatchObject({
    code: 'media_unusable',
    status: 422,
  });
});

describe('errors say what to do', () => {
  test.each<[string, () => Promise<unknown>, object]>([
    [
      'a wrong key',
      () => client(undefined, { apiKey: 'wrong' }).voices(),
      { code: 'unauthorized', status: 401, hint: expect.stringContaining('X-API-Key') },
    ],
    ['no such job', () => client().status('nothing'), { code: 'not_found', status: 404 }],
    ['no such job to watch', () => collect(client().watch('nothing')), { code: 'not_found', status: 404 }],
    [
      'a wrong storyboard',
      () => client().compose({ scenes: [{ duration: -1 }] }),
      {
        code: 'invalid_storyboard',
        status: 400,
        issues: [{ path: 'scenes[0].duration', message: expect.any(String) }],
      },
    ],
    [
      'nobody there',
      () => new GenScene({ baseUrl: 'http://127.0.0.1:9', apiKey: 'x', tries: 2 }).voices(),
      { code: 'network', status: 0, hint: expect.stringContaining('CORS_ORIGINS') },
    ],
    [
      'another program there',
      () => client(async () => new Response('<h1>It works!</h1>', { status: 200 })).voices(),
      { code: 'bad_answer', hint: expect.stringContaining('address') },
    ],
    [
      'a proxy’s own page of error',
      () => client(async () => new Response('<h1>Bad gateway</h1>', { status: 502 }), { tries: 1 }).voices(),
      { code: 'bad_answer', status: 502 },
    ],
    [
      'no answer in time',
      () =>
        client(
          (_url, { signal }) =>
            new Promise((_, reject) =>
              signal!.addEventListener('abort', () => reject(signal!.reason as Error)),
            ),
          { timeoutMs: 50, tries: 1 },
        ).voices(),
      { code: 'timeout', status: 0 },
    ],
  ])('%s', async (_what, act, expected) => {
    const error = await act().then(
      () => null,
      (thrown: unknown) => thrown,
    );
    expect(error).toBeInstanceOf(GenSceneError);
    expect(error).toMatchObject(expected);
  });
});

describe('a network that fails', () => {
  test('a wish whose answer was lost is sent again and is still one job', async () => {
    const before = (await client().jobs({ limit: 200 })).jobs.length;
    let lost = 0;
    const { id } = await client(async (url, init) => {
      const answer = await fetch(url, init);
      if (init.method !== 'POST' || lost++ >= 2) return answer;
      await answer.text();
      throw new TypeError('fetch failed');
    }).compose(tiny);
    expect(lost).toBe(3);
    const { jobs } = await client().jobs({ limit: 200 });
    expect(jobs.length).toBe(before + 1);
    expect(jobs[0]!.id).toBe(id);
    await client().finished(id);
  });

  test('503 and 429 are waited out as long as they say; what may do harm twice is not sent twice', async () => {
    let calls = 0;
    const busy: Fetch = async (url, init) =>
      calls++ === 0
        ? new Response('{"error":{"code":"not_ready","message":"Stopping."}}', {
            status: 503,
            headers: { 'retry-after': '0' },
          })
        : fetch(url, init);
    expect((await client(busy).voices()).length).toBeGreaterThan(0);
    expect(calls).toBe(2);
    calls = 0;
    const down: Fetch = async () => {
      calls++;
      throw new TypeError('fetch failed');
    };
    await expect(client(down).retry('some-job')).rejects.toMatchObject({ code: 'network' });
    expect(calls).toBe(1);
    // Nobody waits a minute without being asked.
    const limited: Fetch = async () =>
      new Response('{"error":{"code":"rate_limited","message":"Too many."}}', {
        status: 429,
        headers: { 'retry-after': '60' },
      });
    await expect(client(limited).voices()).rejects.toMatchObject({
      code: 'rate_limited',
      retryAfterMs: 60_000,
    });
  });

  test('an aborted call ends by its reason', async () => {
    const reason = new Error('enough');
    await expect(client().voices('en', { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    const stop = new AbortController();
    const { id } = await client().compose(long);
    const watching = collect(
      client().watch(id, { signal: stop.signal, onConnection: () => stop.abort(reason) }),
    );
    await expect(watching).rejects.toBe(reason);
    await client().cancel(id);
    await client().finished(id);
  });

  test('a stream that breaks off is taken up where it broke off', async () => {
    const asked: (string | undefined)[] = [];
    const breaking: Fetch = async (url, init) => {
      const answer = await fetch(url, init);
      if (!url.endsWith('/events') || asked.length >= 3) return answer;
      asked.push((init.headers as Record<string, string>)['last-event-id']);
      // Passes on the first event, then the line is cut.
      let passed = '';
      const cut = new TransformStream<Uint8Array, Uint8Array>({
        transform(chunk, controller) {
          controller.enqueue(chunk);
          passed += new TextDecoder().decode(chunk);
          if (passed.includes('data:')) controller.error(new TypeError('network error'));
        },
      });
      return new Response(answer.body!.pipeThrough(cut), { status: 200, headers: answer.headers });
    };
    const { id } = await client().compose(tiny);
    const seen = await collect(client(breaking).watch(id, { pollMs: 20 }));
    expect(seen.at(-1)!.status).toBe('done');
    expect(seen.filter((job) => job.status === 'done').length).toBe(1);
    expect(asked[0]).toBeUndefined();
    for (const lastEventId of asked.slice(1)) expect(Number(lastEventId ?? 1)).toBeGreaterThan(0);
  });

  test.each<[string, Fetch]>([
    [
      'answers something else',
      async () => new Response('<html>', { headers: { 'content-type': 'text/html' } }),
    ],
    [
      'never begins',
      (_url, { signal }) =>
        new Promise((_, reject) => signal!.addEventListener('abort', () => reject(signal!.reason as Error))),
    ],
    [
      'is swallowed by a proxy',
      async () =>
        new Response(new ReadableStream({ start: () => undefined }), {
          headers: { 'content-type': 'text/event-stream' },
        }),
    ],
  ])('where the stream %s, the job is asked for', async (_what, stream) => {
    const { id } = await client().compose(tiny);
    const connections: Connection[] = [];
    const asking = client((url, init) => (url.endsWith('/events') ? stream(url, init) : fetch(url, init)));
    const seen = await collect(
      asking.watch(id, { pollMs: 30, silenceMs: 100, onConnection: (now) => connections.push(now) }),
    );
    expect(seen.at(-1)!.status).toBe('done');
    expect(connections.every((now) => now === 'polling')).toBe(true);
  });

  test('an outage is waited out', async () => {
    let isDown = false;
    const connections: Connection[] = [];
    const { id } = await client().compose(tiny);
    await client().finished(id);
    const unsteady: Fetch = async (url, init) => {
      if (isDown) throw new TypeError('fetch failed');
      return fetch(url, init);
    };
    isDown = true;
    const seen = await collect(
      client(unsteady).watch(id, {
        pollMs: 20,
        onConnection: (now) => {
          connections.push(now);
          if (now === 'offline') setTimeout(() => (isDown = false), 100);
        },
      }),
    );
    expect(connections).toEqual(['offline', 'live']);
    expect(seen.at(-1)!.status).toBe('done');
  });
});
