/** Who may ask, from which page, and how often; and that no key of ours shows anywhere. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { originPattern } from '../../api/plugins/cors.ts';
import { trustedProxies } from '../../api/plugins/client-address.ts';
import { addressGroup, RateWindows } from '../../api/plugins/rate-limits.ts';
import { keys, startService, tiny, type Service } from './service.ts';

const page = 'https://my-film--page.lovable.app';

describe('keys and pages', () => {
  let service: Service;
  beforeAll(async () => {
    service = await startService({
      CORS_ORIGINS: 'https://*.lovable.app,https://genscenestudio.com,http://localhost:*',
      OPENAI_API_KEY: 'canary-openai-key-1234567890',
      ELEVENLABS_API_KEY: 'canary-elevenlabs-key-1234567890',
    });
  });
  afterAll(() => service.stop());

  test('S33 no key, a wrong, an empty and an endless one get the same answer, readable by the page', async () => {
    const refused = async (path: string, headers: Record<string, string>): Promise<string> => {
      const answer = await service.ask(path, { key: null, headers: { origin: page, ...headers } });
      expect(answer.status).toBe(401);
      expect(answer.headers.get('access-control-allow-origin')).toBe(page);
      expect(answer.headers.get('www-authenticate')).toMatch(/^ApiKey /);
      return answer.text();
    };
    const answers = await Promise.all([
      refused('/api/status', {}),
      refused('/api/status', { 'x-api-key': 'wrong-key-wrong-key' }),
      refused('/api/status', { 'x-api-key': '' }),
      refused('/api/status', { 'x-api-key': 'k'.repeat(10_000) }),
      refused('/api/status', { 'x-api-key': `${keys.alice}, ${keys.alice}` }),
      refused('/api/status', { authorization: `Bearer ${keys.alice}` }),
      refused(`/api/status?x-api-key=${keys.alice}&apiKey=${keys.alice}&key=${keys.alice}`, {}),
    ]);
    expect(new Set(answers).size).toBe(1);
    expect(JSON.parse(answers[0]!)).toEqual({
      error: {
        code: 'unauthorized',
        message: 'A valid API key is needed.',
        hint: 'Send it in the X-API-Key header.',
      },
    });
  });

  test('who may overtake others: a key that says so, as far as it says, and operators', async () => {
    const asked = async (key: keyof typeof keys, priority: number) =>
      service.json('/api/compose', { key, json: { ...tiny, priority } });
    const refused = async (key: keyof typeof keys, priority: number): Promise<void> => {
      const { status, body } = await asked(key, priority);
      expect(status).toBe(403);
      expect(body.error).toMatchObject({ code: 'forbidden', issues: [{ path: 'priority' }] });
      const { body: checked } = await service.json('/api/validate', { key, json: { ...tiny, priority } });
      expect(checked).toMatchObject({ ok: false, issues: body.error.issues });
    };
    await refused('alice', 1);
    await refused('urgent', 6);
    const speech = await service.json('/api/tts', { json: { text: 'Hello.', priority: 1 } });
    expect(speech).toMatchObject({ status: 403, body: { error: { issues: [{ path: 'priority' }] } } });
    for (const [key, priority] of [
      ['alice', 0],
      ['alice', -10],
      ['urgent', 5],
      ['boss', 10],
    ] as const)
      // prettier-ignore
      expect((await asked(key, priority)).status, `${key} ${priority}`).toBe(202);
  });

  test('every route of /api wants a key', async () => {
    for (const [method, path] of [
      ['POST', '/api/compose'],
      ['POST', '/api/validate'],
      ['POST', '/api/tts'],
      ['GET', '/api/status'],
      ['GET', '/api/status/abc'],
      ['GET', '/api/status/abc/events'],
      ['GET', '/api/jobs'],
      ['POST', '/api/jobs/abc/cancel'],
      ['POST', '/api/jobs/abc/retry'],
      ['GET', '/api/voices'],
      ['POST', '/api/assets'],
      ['GET', '/api/usage'],
    ] as const) {
      const { status, body } = await service.json(path, { method, key: null });
      expect(status, path).toBe(401);
      expect(body.error.code).toBe('unauthorized');
    }
  });

  test.each([
    ['https://my-film--page.lovable.app', true],
    ['https://x.lovable.app', true],
    ['https://genscenestudio.com', true],
    ['http://localhost:5173', true],
    ['https://evillovable.app', false],
    ['https://lovable.app', false],
    ['https://x.lovable.app.evil.example', false],
    ['https://x.y.lovable.app', false],
    ['http://x.lovable.app', false],
    ['https://x.lovable.app:8443', false],
    ['https://-x.lovable.app', false],
    ['https://evil.example#.lovable.app', false],
    ['https://evil.example/.lovable.app', false],
    ['https://www.genscenestudio.com', false],
    ['https://genscenestudio.com.evil.example', false],
    ['http://genscenestudio.com', false],
    ['http://localhost', false],
    ['null', false],
    ['', false],
  ])('S34 a page of %s: %s', async (origin, isAllowed) => {
    const asked = await service.ask('/api/voices', { headers: { origin } });
    expect(asked.status).toBe(200);
    expect(asked.headers.get('access-control-allow-origin')).toBe(isAllowed ? origin : null);
    expect(asked.headers.get('vary')).toContain('Origin');
    expect(asked.headers.get('access-control-allow-credentials')).toBeNull();

    const preflight = await service.ask('/api/compose', {
      key: null,
      method: 'OPTIONS',
      headers: {
        origin,
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'content-type,idempotency-key,x-api-key',
      },
    });
    expect(preflight.status).toBe(isAllowed ? 204 : 404);
    expect(preflight.headers.get('vary')).toContain('Origin');
    if (!isAllowed) return expect(preflight.headers.get('access-control-allow-origin')).toBeNull();
    const allowed = preflight.headers.get('access-control-allow-headers')!.toLowerCase();
    for (const header of ['content-type', 'idempotency-key', 'x-api-key', 'last-event-id', 'range'])
      expect(allowed).toContain(header);
    expect(preflight.headers.get('access-control-allow-origin')).toBe(origin);
    expect(preflight.headers.get('access-control-allow-methods')).toContain('POST');
  });

  test('a page can read what it needs of errors, limits and files', async () => {
    const missing = await service.ask('/api/status/nothing', { headers: { origin: page } });
    expect(missing.status).toBe(404);
    expect(missing.headers.get('access-control-allow-origin')).toBe(page);
    const exposed = missing.headers.get('access-control-expose-headers')!;
    for (const header of [
      'Content-Range',
      'ETag',
      'Location',
      'Retry-After',
      'X-Request-Id',
      'X-RateLimit-Remaining',
    ])
      expect(exposed).toContain(header);
    expect(Number(missing.headers.get('x-ratelimit-remaining'))).toBeGreaterThan(0);
  });

  test('an id of the caller is kept if it is one, and a new one made otherwise', async () => {
    const idOf = async (headers: Record<string, string>): Promise<string> =>
      (await service.ask('/health', { headers })).headers.get('x-request-id')!;
    expect(await idOf({ 'x-request-id': 'my-request_12345' })).toBe('my-request_12345');
    for (const bad of [
      'short',
      'x'.repeat(65),
      'with space in it',
      '<script>alert(1)</script>',
      '{"a":"b"}aaaa',
    ])
      expect(await idOf({ 'x-request-id': bad })).toMatch(/^[0-9a-f-]{36}$/);
  });

  test('strangers to a job get 404 for all that could be done to it', async () => {
    const { body } = await service.json('/api/compose', { json: tiny });
    for (const [method, path] of [
      ['GET', `/api/status/${body.id}`],
      ['GET', `/api/status?job_id=${body.id}`],
      ['GET', `/api/status/${body.id}/events`],
      ['POST', `/api/jobs/${body.id}/cancel`],
      ['POST', `/api/jobs/${body.id}/retry`],
    ] as const) {
      const answer = await service.json(path, { method, key: 'bob' });
      expect(answer.status, path).toBe(404);
      expect(answer.body.error.code).toBe('not_found');
    }
    expect((await service.ended(body.id)).status).toBe('done');
  });

  test('how the service stands names no other one’s job, and no host; an operator sees both', async () => {
    const job = await service.film();
    const lastDone = async (): Promise<string> =>
      (await service.json('/api/status', { key: 'boss' })).body.queue.lastDone?.id;
    await expect.poll(lastDone, { timeout: 10_000 }).toBe(job.id);
    const seen = await service.json('/api/status', { key: 'bob' });
    expect(seen.body).toMatchObject({ accepting: true, queue: { lastDone: { at: expect.any(Number) } } });
    expect(JSON.stringify(seen.body)).not.toContain(job.id);
    expect(JSON.stringify(seen.body)).not.toContain('"pid"');
    const operator = await service.json('/api/status', { key: 'boss' });
    expect(operator.body.queue.workers[0]).toMatchObject({ pid: process.pid });
  });

  test('S40 no key, path or stack in any answer or log line', async () => {
    const secrets = [
      ...Object.values(keys),
      'canary-openai-key-1234567890',
      'canary-elevenlabs-key-1234567890',
      'canary-in-query',
      'canary-in-address',
    ];
    const answers = await Promise.all(
      [
        service.ask('/health', { key: null }),
        service.ask('/health/ready', { key: null }),
        service.ask('/metrics', { key: null }),
        service.ask('/openapi.json', { key: null }),
        service.ask('/api/status', { key: 'boss' }),
        service.ask('/api/status?token=canary-in-query&api_key=canary-in-query'),
        service.ask('/nowhere?sig=canary-in-query'),
        service.ask('/api/jobs?cursor=nonsense'),
        service.ask('/api/jobs', { key: 'boss' }),
        service.ask('/api/compose', {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: '{"a',
        }),
        service.ask('/api/compose', {
          json: { ...tiny, soundtrack: { src: 'https://user:canary-in-address@127.0.0.1/x.mp3' } },
        }),
      ].map(async (asked) => (await asked).text()),
    );
    const all = [...answers, service.logs()];
    for (const text of all) {
      for (const secret of secrets)
        expect(text.includes(secret), `${secret} in ${text.slice(0, 300)}`).toBe(false);
    }
    for (const text of answers) {
      expect(text).not.toMatch(/\bat [\w.<>]+ \(|node_modules|\.ts:\d+/);
      expect(text).not.toContain(service.dataDir);
      expect(text).not.toContain(process.cwd());
    }
    // There is something to look at.
    expect(service.logs()).toContain('"path":"/nowhere"');
    expect(service.logs()).toContain('"audit":true');
  });
});

describe('limits', () => {
  let service: Service;
  const limit = 10;
  beforeAll(async () => {
    service = await startService({
      RATE_LIMIT_PER_MINUTE: String(limit),
      SERVICES: 'api',
      TRUSTED_PROXIES: '127.0.0.9',
    });
  });
  afterAll(() => service.stop());

  test('S38 forwarded addresses of nobody we know do not help, nor does asking for what is not there', async () => {
    const forged = (index: number): Record<string, string> => ({
      'x-forwarded-for': `203.0.113.${index}`,
      'cf-connecting-ip': `198.51.100.${index}`,
      'x-real-ip': `192.0.2.${index}`,
      forwarded: `for=203.0.113.${index}`,
    });
    const counts = new Map<number, number>();
    for (let index = 0; index < 50; index++) {
      // Every second one asks for something that does not exist.
      const path = index % 2 === 0 ? '/api/voices' : `/nothing/${index}`;
      const answer = await service.ask(path, { headers: forged(index) });
      counts.set(answer.status, (counts.get(answer.status) ?? 0) + 1);
      const text = await answer.text();
      if (answer.status !== 429) continue;
      expect(Number(answer.headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
      expect(Number(answer.headers.get('retry-after'))).toBeLessThanOrEqual(60);
      expect(JSON.parse(text).error.code).toBe('rate_limited');
    }
    expect(Object.fromEntries(counts)).toEqual({ 200: limit / 2, 404: limit / 2, 429: 50 - limit });
    // Guessing files is limited too; whether the process lives may always be asked.
    expect((await service.ask('/files/abcdefgh12345678/film.mp4')).status).toBe(429);
    expect((await service.ask('/health')).status).toBe(200);
  });
});

test('a key is limited wherever its requests come from', async () => {
  const service = await startService({
    RATE_LIMIT_PER_MINUTE: '5',
    SERVICES: 'api',
    TRUSTED_PROXIES: '127.0.0.1',
  });
  try {
    const from = async (address: string, key: 'alice' | 'bob'): Promise<number> =>
      (await service.ask('/api/voices', { key, headers: { 'x-forwarded-for': address } })).status;
    const first = [];
    for (let index = 0; index < 8; index++) first.push(await from(`203.0.113.${index}`, 'alice'));
    expect(first).toEqual([200, 200, 200, 200, 200, 429, 429, 429]);
    expect(await from('203.0.113.77', 'bob')).toBe(200);
    // And an address, whoever asks from it: bob's first request there is its sixth.
    for (let index = 0; index < 5; index++)
      await service.ask('/api/voices', { key: null, headers: { 'x-forwarded-for': '203.0.113.200' } });
    expect(await from('203.0.113.200', 'bob')).toBe(429);
    // The address of whom Cloudflare names counts only where no other proxy tells it.
    const viaCloudflare = async (headers: Record<string, string>): Promise<number> =>
      (await service.ask('/api/voices', { key: null, headers })).status;
    expect(await viaCloudflare({ 'cf-connecting-ip': '203.0.113.200' })).toBe(429);
    expect(await viaCloudflare({ 'cf-connecting-ip': '203.0.113.201' })).toBe(401);
    expect(
      await viaCloudflare({ 'cf-connecting-ip': '203.0.113.201', 'x-forwarded-for': '203.0.113.200' }),
    ).toBe(429);
  } finally {
    await service.stop();
  }
});

test('metrics and the reasons of readiness are for inner networks, not for those who come through a proxy', async () => {
  const service = await startService({ SERVICES: 'api' });
  try {
    const inner = await service.ask('/metrics', { key: null });
    expect(inner.status).toBe(200);
    expect(await inner.text()).toContain('genscene_jobs{state="queued"} 0');
    expect(inner.headers.get('content-type')).toMatch(/^text\/plain/);
    const outer = { 'x-forwarded-for': '203.0.113.5' };
    expect((await service.json('/metrics', { key: null, headers: outer })).status).toBe(404);
    const detailed = await service.json('/health/ready', { key: null });
    expect(detailed.body.checks.map((check: { name: string }) => check.name).toSorted()).toEqual(
      ['disk', 'ffmpeg', 'jobs', 'speech'].toSorted(),
    );
    expect(detailed.body.checks[0]).toHaveProperty('detail');
    const plain = await service.json('/health/ready', { key: null, headers: outer });
    for (const check of plain.body.checks) expect(Object.keys(check)).toEqual(['name', 'ok']);
  } finally {
    await service.stop();
  }
});

test('trusted proxies are addresses and ranges of both families, written however', () => {
  expect(trustedProxies([])).toBe(false);
  const trusts = trustedProxies(['10.0.0.0/8', '192.0.2.7', '2400:cb00::/32', '::1']) as (
    address: string,
  ) => boolean;
  for (const [address, isTrusted] of [
    ['10.1.2.3', true],
    ['::ffff:10.1.2.3', true],
    ['11.1.2.3', false],
    ['192.0.2.7', true],
    ['192.0.2.8', false],
    ['2400:cb00:1::5', true],
    ['2400:cb01::5', false],
    ['::1', true],
    ['nonsense', false],
  ] as const)
    expect(trusts(address), address).toBe(isTrusted);
  expect(() => trustedProxies(['10.0.0.0/99'])).toThrow();
});

test('one network of IPv6 is one address, and IPv4 is itself', () => {
  expect(addressGroup('2001:db8:1:2:3:4:5:6')).toBe(addressGroup('2001:db8:1:2:ffff::1'));
  expect(addressGroup('2001:db8:1:2::1')).not.toBe(addressGroup('2001:db8:1:3::1'));
  expect(addressGroup('::ffff:203.0.113.5')).toBe(addressGroup('203.0.113.5'));
  expect(addressGroup('203.0.113.5')).not.toBe(addressGroup('203.0.113.6'));
});

test('a window ends a minute after its first request, and forgetting is bounded', () => {
  const windows = new RateWindows(2);
  expect(windows.count('a', 0)).toEqual({ isOver: false, remaining: 1, resetMs: 60_000 });
  expect(windows.count('a', 30_000)).toEqual({ isOver: false, remaining: 0, resetMs: 30_000 });
  expect(windows.count('a', 59_999)).toEqual({ isOver: true, remaining: 0, resetMs: 1 });
  expect(windows.count('b', 59_999).isOver).toBe(false);
  expect(windows.count('a', 60_000)).toEqual({ isOver: false, remaining: 1, resetMs: 60_000 });
});

test('`*` in the list of pages is every page', () => {
  expect(originPattern('*').test('https://anything.example:8443')).toBe(true);
  expect(originPattern('*').test('null')).toBe(false);
});
