/** The life of jobs over REST: taken on once, listed, cancelled, retried, counted; and what else there is to ask. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { jobSchema, type Job } from '../../core/schema/job.ts';
import { long, startService, tiny, type Service } from './service.ts';

let service: Service;
beforeAll(async () => {
  service = await startService();
});
afterAll(() => service.stop());

test('compose answers 202 with where to look, and the film is there in the end', async () => {
  const { status, headers, body } = await service.json('/api/compose', {
    json: { ...tiny, title: 'A title', metadata: { order: 7 } },
  });
  expect(status).toBe(202);
  expect(body).toEqual({
    id: expect.stringMatching(/^[a-z0-9]{24,}$/),
    status: 'queued',
    queuePosition: expect.any(Number),
    statusUrl: `/api/status/${body.id}`,
    eventsUrl: `/api/status/${body.id}/events`,
  });
  expect(headers.get('location')).toBe(body.statusUrl);
  expect(headers.get('cache-control')).toBe('no-store');
  const job = await service.ended(body.id);
  expect(jobSchema.strict().parse(job)).toMatchObject({
    kind: 'compose',
    title: 'A title',
    status: 'done',
    progress: 100,
    error: null,
    scenesTotal: 1,
    attempts: 1,
    width: 640,
    height: 360,
    metadata: { order: 7 },
  });
  expect(job.duration).toBeCloseTo(0.3, 1);
  // The same by every way to ask.
  for (const path of [
    `/api/status?job_id=${job.id}`,
    `/api/status?jobId=${job.id}`,
    `/api/status/${job.id}/`,
  ])
    expect((await service.json(path)).body).toEqual(job);
});

test('S03 five at once with one Idempotency-Key are one job; another body with it is refused', async () => {
  const headers = { 'idempotency-key': 'wish-1' };
  const answers = await Promise.all(
    Array.from({ length: 5 }, () => service.json('/api/compose', { json: tiny, headers })),
  );
  expect(answers.map(({ status }) => status)).toEqual([202, 202, 202, 202, 202]);
  expect(new Set(answers.map(({ body }) => body.id)).size).toBe(1);
  const other = await service.json('/api/compose', { json: { ...tiny, title: 'other' }, headers });
  expect(other.status).toBe(409);
  expect(other.body.error.code).toBe('conflict');
  // The same wish in other words (a default written down, keys in another order) is no other one.
  const same = await service.json('/api/compose', {
    json: { captions: tiny.captions, language: 'en', output: tiny.output, scenes: tiny.scenes },
    headers,
  });
  expect(same.body.id).toBe(answers[0]!.body.id);
  // And it is one owner's.
  const bobs = await service.json('/api/compose', { json: { ...tiny, title: 'other' }, headers, key: 'bob' });
  expect(bobs.status).toBe(202);
  expect(bobs.body.id).not.toBe(answers[0]!.body.id);
});

test('jobs are listed newest first, by page, status and kind, and only one’s own', async () => {
  const made: string[] = [];
  for (let index = 0; index < 5; index++) made.unshift((await service.film()).id);
  const first = await service.json('/api/jobs?limit=2&status=done,failed&kind=compose');
  expect(first.body.jobs.map((job: Job) => job.id)).toEqual(made.slice(0, 2));
  // Newer jobs do not shift the pages.
  await service.film();
  const second = await service.json(
    `/api/jobs?limit=2&status=done,failed&kind=compose&cursor=${first.body.nextCursor}`,
  );
  expect(second.body.jobs.map((job: Job) => job.id)).toEqual(made.slice(2, 4));
  expect((await service.json('/api/jobs?kind=tts')).body).toEqual({ jobs: [], nextCursor: null });
  const bobs = (await service.json('/api/jobs?limit=200', { key: 'bob' })).body.jobs as Job[];
  expect(bobs.some((job) => made.includes(job.id))).toBe(false);
  const all = (await service.json('/api/jobs?limit=200', { key: 'boss' })).body.jobs as Job[];
  expect(all.length).toBeGreaterThan(bobs.length + 5);
});

test.each([
  ['/api/jobs?limit=0', 'limit'],
  ['/api/jobs?limit=abc', 'limit'],
  ['/api/jobs?limit=9999', 'limit'],
  ['/api/jobs?status=finished', 'status.0'],
  ['/api/jobs?kind=film', 'kind'],
  ['/api/jobs?cursor=%00', null],
  [`/api/jobs?cursor=${'x'.repeat(300)}`, 'cursor'],
  ['/api/usage?by=hour', 'by'],
  ['/api/usage?from=yesterday', 'from'],
  ['/api/voices?language=klingon-language', 'language'],
  ['/api/status?job_id=a&job_id=b', 'job_id'],
  ['/api/status?jobid=a', 'jobid'],
  ['/api/jobs?limt=5', 'limt'],
])('%s is a fault of the query', async (path, parameter) => {
  const { status, body } = await service.json(path);
  expect(status).toBe(400);
  expect(body.error.code).toBe('invalid_request');
  if (parameter) expect(body.error.issues[0].path).toBe(parameter);
});

test('names against caches, which nobody knows, are no fault', async () => {
  expect((await service.json('/api/jobs?limit=5&_=1764480000&t=1')).status).toBe(200);
});

test('cancel and retry, also of what cannot be', async () => {
  const running = (await service.json('/api/compose', { json: long })).body.id as string;
  const waiting = (await service.json('/api/compose', { json: long })).body.id as string;
  await expect
    .poll(async () => (await service.json(`/api/status/${running}`)).body.status, { timeout: 20_000 })
    .toBe('rendering');
  expect((await service.json(`/api/status/${waiting}`)).body).toMatchObject({
    status: 'queued',
    queuePosition: 1,
  });
  const post = (path: string) =>
    service.json(path, { method: 'POST', headers: { 'content-type': 'application/json' } });
  expect((await post(`/api/jobs/${waiting}/cancel`)).body).toMatchObject({
    id: waiting,
    status: 'cancelled',
  });
  expect((await post(`/api/jobs/${running}/cancel`)).status).toBe(200);
  expect(await service.ended(running)).toMatchObject({ status: 'cancelled', url: null });
  // Cancelled already: no news.
  expect((await post(`/api/jobs/${running}/cancel`)).status).toBe(200);
  expect((await post(`/api/jobs/${running}/retry`)).body).toMatchObject({ id: running, status: 'queued' });
  expect((await post(`/api/jobs/${running}/cancel`)).status).toBe(200);
  await service.ended(running);

  const done = await service.film();
  for (const action of ['cancel', 'retry']) {
    const refused = await post(`/api/jobs/${done.id}/${action}`);
    expect(refused.status).toBe(409);
    expect(refused.body.error.code).toBe('conflict');
    expect((await post(`/api/jobs/nosuchjob/${action}`)).status).toBe(404);
  }
});

test.each(['nosuchjob', '__proto__', '%00', '%F0%9F%8E%AC', 'a'.repeat(5000)])(
  'the id %.20s is nobody’s',
  async (id) => {
    for (const path of [`/api/status/${id}`, `/api/status/${id}/events`, `/files/${id}/film.mp4`]) {
      const { status, body } = await service.json(path);
      expect(status).toBe(404);
      expect(body.error.code).toBe('not_found');
    }
  },
);

test('a film that cannot be made is failed with a reason that helps, and stays listed', async () => {
  const { body } = await service.json('/api/compose', {
    json: { ...tiny, scenes: [{ media: { type: 'image', src: 'http://127.0.0.1:9/x.png' } }] },
  });
  const job = await service.ended(body.id);
  expect(job).toMatchObject({
    status: 'failed',
    url: null,
    error: { code: 'url_not_allowed', scene: 1, message: expect.any(String), hint: expect.any(String) },
  });
  expect(JSON.stringify(job)).not.toContain(service.dataDir);
  expect((await service.json('/api/jobs?status=failed')).body.jobs[0].id).toBe(job.id);
});

test('validate says all faults, or how long the film will be, and makes nothing', async () => {
  const before = (await service.json('/api/jobs?limit=200')).body.jobs.length;
  const good = await service.json('/api/validate', { json: tiny });
  expect(good.body).toMatchObject({ ok: true, issues: [], estimatedSeconds: expect.closeTo(0.3, 1) });
  const bad = await service.json('/api/validate', {
    json: { scenes: [{ duration: -1, media: { type: 'color', color: 'red' } }], titel: 'x' },
  });
  expect(bad.status).toBe(200);
  expect(bad.body.ok).toBe(false);
  expect(bad.body.issues.map((issue: { path: string }) => issue.path).toSorted()).toEqual([
    'scenes[0].duration',
    'scenes[0].media.color',
    'titel',
  ]);
  expect((await service.json('/api/jobs?limit=200')).body.jobs.length).toBe(before);
});

test('voices, usage, liveness, readiness', async () => {
  const voices = (await service.json('/api/voices?language=de')).body.voices;
  expect(voices.length).toBeGreaterThan(0);
  for (const voice of voices) expect(voice.language.toLowerCase()).toMatch(/^(de|und|mul)/);

  const usage = (await service.json('/api/usage?by=day')).body;
  const today = new Date().toISOString().slice(0, 10);
  expect(usage).toMatchObject({ by: 'day', rows: [{ key: today, filmSeconds: expect.any(Number) }] });
  expect(usage.rows[0].done).toBeGreaterThan(0);
  expect((await service.json('/api/usage?from=2001-01-01&to=2001-01-02')).body.rows).toEqual([]);

  expect((await service.json('/health', { key: null })).body).toEqual({ status: 'ok' });
  await expect
    .poll(async () => (await service.json('/health/ready', { key: null })).body.ready, { timeout: 20_000 })
    .toBe(true);
});

test('HEAD is answered wherever GET is, without a body; other methods are 404', async () => {
  const { id } = await service.film();
  for (const path of [
    '/health',
    '/health/ready',
    '/metrics',
    '/openapi.json',
    '/docs/',
    '/api/status',
    `/api/status/${id}`,
    '/api/jobs',
    '/api/voices',
    '/api/usage',
  ]) {
    const [got, head] = await Promise.all([service.ask(path), service.ask(path, { method: 'HEAD' })]);
    expect(got.status, path).toBe(200);
    expect(head.status, path).toBe(200);
    expect(await head.text()).toBe('');
    expect(head.headers.get('content-type')).toBe(got.headers.get('content-type'));
    await got.arrayBuffer();
  }
  for (const [method, path] of [
    ['DELETE', `/api/status/${id}`],
    ['PUT', '/api/compose'],
    ['GET', '/api/compose'],
    ['POST', '/api/status'],
    ['GET', '/'],
    ['PATCH', '/nowhere'],
  ] as const) {
    const { status, headers, body } = await service.json(path, { method });
    expect(status, `${method} ${path}`).toBe(404);
    expect(body.error).toEqual({
      code: 'not_found',
      message: 'There is nothing at this address.',
      hint: 'See /docs for what there is.',
    });
    expect(headers.get('cache-control')).toBe('no-store');
  }
});

test('S19 each of 1,000 POSTs over 50 connections is taken or told when to come back; what was taken is there', async () => {
  const limit = 300;
  const busy = await startService({ SERVICES: 'api', RATE_LIMIT_PER_MINUTE: String(limit) });
  try {
    const ids = new Set<string>();
    let asked = 0;
    await Promise.all(
      Array.from({ length: 50 }, async () => {
        while (asked++ < 1000) {
          const { status, headers, body } = await busy.json('/api/compose', { json: tiny });
          if (status === 202) ids.add(body.id);
          else {
            expect([429, 503]).toContain(status);
            expect(Number(headers.get('retry-after'))).toBeGreaterThan(0);
          }
        }
      }),
    );
    expect(ids.size).toBeGreaterThanOrEqual(limit);
    const operator = { owner: 'operator', sees: 'all', origin: { platform: 'api' } } as const;
    const stored: string[] = [];
    let cursor: string | undefined;
    do {
      const page = await busy.app.studio.jobs({ limit: 200, ...(cursor ? { cursor } : {}) }, operator);
      stored.push(...page.jobs.map((job) => job.id));
      cursor = page.nextCursor ?? undefined;
    } while (cursor !== undefined);
    expect(stored.length).toBe(ids.size);
    expect(new Set(stored)).toEqual(ids);
  } finally {
    await busy.stop();
  }
});

test('how the webhook was told stands on the job', async () => {
  const film = await service.film({ ...tiny, webhookUrl: 'https://hooks.invalid/told' });
  await expect
    .poll(async () => (await service.json(`/api/status/${film.id}`)).body.webhook.deliveries.length, {
      timeout: 10_000,
    })
    .toBeGreaterThan(0);
  const { webhook } = (await service.json(`/api/status/${film.id}`)).body;
  expect(webhook.deliveries[0]).toMatchObject({ event: 'done', attempt: 1, ok: false, status: null });
  expect(webhook.deliveries[0].error).toEqual(expect.any(String));
  expect(Date.parse(webhook.deliveries[0].nextAt)).toBeGreaterThan(Date.parse(webhook.deliveries[0].at));
  expect((await service.film()).webhook).toBeNull();
});
