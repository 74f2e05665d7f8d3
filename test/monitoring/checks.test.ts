/** The checks, each through the real thing: this kernel, a real Redis, real sockets, certificates made for it. */
import { execFile } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type RequestListener } from 'node:http';
import { createServer as createTls } from 'node:https';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, onTestFinished, test } from 'vitest';
import { loadConfig } from '../../core/config.ts';
import type { JobStats } from '../../core/jobs/types.ts';
import { dnsCheck } from '../../monitoring/checks/dns.ts';
import { httpCheck } from '../../monitoring/checks/http.ts';
import { createChecks } from '../../monitoring/checks/index.ts';
import { judgeQueue } from '../../monitoring/checks/jobs.ts';
import { networkCheck } from '../../monitoring/checks/network.ts';
import { readinessCheck } from '../../monitoring/checks/readiness.ts';
import { redisCheck } from '../../monitoring/checks/redis.ts';
import { judgeCertificate, tlsCheck } from '../../monitoring/checks/tls.ts';
import { judgeHost, vpsCheck } from '../../monitoring/checks/vps.ts';
import { readHost, type HostReading } from '../../monitoring/host-readings.ts';
import type { CheckResult } from '../../monitoring/types.ts';
import { testDataDir } from '../helpers/app.ts';
import { startRedisServer } from '../helpers/redis-server.ts';

const signal = new AbortController().signal;
const intervalMs = 5000;
const factsOf = ({ facts }: Pick<CheckResult, 'facts'>): Record<string, string> =>
  Object.fromEntries(facts.map(({ name, value }) => [name.en, value.en]));

async function serve(answer: RequestListener): Promise<string> {
  const server = createServer(answer).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  onTestFinished(() => void server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

describe('vps', () => {
  const limits = { diskFreePercent: 8, memoryFreePercent: 4 };

  test('this machine, natively: two samples of the CPU, memory, disk, pressure, its own children', async () => {
    const dataDir = await testDataDir();
    const check = vpsCheck({ dataDir, children: async () => [{ rssBytes: 5 * 1024 ** 2 }], intervalMs, diskFreePercent: 0, memoryFreePercent: 0, sampleMs: 30 }); // prettier-ignore
    const result = await check.run(signal);
    const facts = factsOf(result);
    expect(facts['CPU']).toMatch(/^[\d.]+ % · iowait [\d.]+ % · steal [\d.]+ %$/);
    expect(facts['Disk free']).toMatch(/GiB|MiB/);
    expect(facts['Memory free']).toMatch(/ \/ /);
    expect(facts['ffmpeg']).toBe('1 · 5 MiB');
    expect(result.verdict).not.toBe('disk_low');
  });

  /** A kernel in a folder. */
  async function fakeHost(files: Record<string, string>) {
    const root = await testDataDir();
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(path.dirname(path.join(root, name)), { recursive: true });
      writeFileSync(path.join(root, name), text);
    }
    return { root, places: { proc: path.join(root, 'proc'), cgroup: path.join(root, 'cgroup') } };
  }

  test('shares of the CPU are those between two samples; guest time is not counted twice', async () => {
    const { root, places } = await fakeHost({
      'proc/stat': 'cpu  250 0 50 500 100 0 0 100 90 0\ncpu0 1 2 3\n',
      'proc/loadavg': '3.00 2.00 1.00 1/200 99\n',
      'proc/meminfo': 'MemTotal:        1000 kB\nMemFree:           5 kB\nMemAvailable:    400 kB\n',
      'proc/pressure/memory':
        'some avg10=1.00 avg60=2.00 avg300=0.00 total=1\nfull avg10=0.00 avg60=45.00 avg300=0.00 total=0\n',
      'cgroup/memory.max': '536870912\n',
      'cgroup/memory.current': '134217728\n',
      'cgroup/memory.stat': 'anon 60000000\ninactive_file 4194304\nactive_file 2097152\ninactive_anon 999\n',
      'cgroup/cpu.max': '150000 100000\n',
    });
    const before = { busy: 100, steal: 50, iowait: 50, total: 500 };
    const { reading } = await readHost(root, before, places);
    expect(reading.cpu).toEqual({ busy: 0.4, steal: 0.1, iowait: 0.1 });
    expect(reading.memory).toEqual({ available: 400 * 1024, total: 1000 * 1024 });
    expect(reading.pressure).toEqual({ cpu: null, memoryFull: 0.45, ioFull: null });
    expect(reading.cgroup).toEqual({
      memoryLimit: 2 ** 29,
      memoryUsed: 2 ** 27 - 6 * 2 ** 20,
      processors: 1.5,
    });
    expect(judgeHost(reading, [], limits)).toMatchObject({ ok: false, verdict: 'memory_pressure' });
  });

  test('children that cannot be counted in time are left out', async () => {
    const { root, places } = await fakeHost({});
    const children = () => new Promise<never>(() => {});
    const found = await vpsCheck({ dataDir: root, children, ...limits, diskFreePercent: 0, intervalMs: 500, places, sampleMs: 1 }).run(signal); // prettier-ignore
    expect(found.ok).toBe(true);
    expect(factsOf(found)).not.toHaveProperty('ffmpeg');
  });

  test('a kernel that says little is read all the same', async () => {
    const { root, places } = await fakeHost({
      'proc/stat': '',
      'cgroup/memory/memory.limit_in_bytes': '9223372036854771712',
      'cgroup/memory/memory.usage_in_bytes': '1000',
      'cgroup/memory/memory.stat':
        'inactive_file 1\nactive_file 1\ntotal_inactive_file 300\ntotal_active_file 200\n',
    });
    const { reading } = await readHost(root, null, places);
    expect(reading).toMatchObject({ cpu: null, memory: null, load1: null, cgroup: { memoryLimit: null, memoryUsed: 500, processors: null } }); // prettier-ignore
    expect(judgeHost(reading, [], { diskFreePercent: 0, memoryFreePercent: 4 }).ok).toBe(true);
  });

  test('disk, inodes and memory are alerts; a busy CPU is not', () => {
    const calm: HostReading = {
      cpu: { busy: 1, steal: 0, iowait: 0 },
      processors: 2,
      load1: 40,
      memory: { available: 50, total: 100 },
      disk: { free: 50, total: 100, freeInodes: 50, totalInodes: 100 },
      pressure: { cpu: 0.99, memoryFull: 0, ioFull: 0 },
      cgroup: { memoryLimit: null, memoryUsed: null, processors: null },
    };
    const verdict = (changes: Partial<HostReading>) => judgeHost({ ...calm, ...changes }, [], limits).verdict;
    expect(verdict({})).toBe('ok');
    expect(verdict({ disk: { ...calm.disk, free: 7 } })).toBe('disk_low');
    expect(verdict({ disk: { ...calm.disk, freeInodes: 4 } })).toBe('inodes_low');
    expect(verdict({ disk: { ...calm.disk, freeInodes: null, totalInodes: null } })).toBe('ok');
    expect(verdict({ memory: { available: 3, total: 100 } })).toBe('memory_low');
    const container = (memoryUsed: number) => ({
      cgroup: { memoryLimit: 100, memoryUsed, processors: null },
    });
    expect(verdict(container(97))).toBe('memory_low');
    expect(verdict(container(90))).toBe('ok');
  });
});

describe('jobs', () => {
  const calm: JobStats = {
    queued: 0, running: 1, done: 9, failed: 0, cancelled: 0, oldestWaitMs: null, stalled: 0,
    lastHour: { done: 9, failed: 0, meanRenderSeconds: 12 }, lastDone: null, lastFailed: null,
    workers: [{ id: 'w', host: 'h', pid: 1, concurrency: 1, busy: 1, startedAt: 0, seenAt: 0 }],
    wantedWorkers: 0,
    announcementsPending: 0,
  }; // prettier-ignore
  const verdict = (changes: Partial<JobStats>) => judgeQueue({ ...calm, ...changes }, 60_000).verdict;

  test('what stops films is an alert, a full queue that moves is not', () => {
    expect(verdict({})).toBe('ok');
    expect(verdict({ queued: 500, oldestWaitMs: 59_000 })).toBe('ok');
    expect(verdict({ queued: 1, oldestWaitMs: 61_000 })).toBe('waits_long');
    expect(verdict({ queued: 1, oldestWaitMs: 10, workers: [] })).toBe('no_worker');
    expect(verdict({ workers: [] })).toBe('ok');
    expect(verdict({ stalled: 1 })).toBe('stalled');
    expect(verdict({ lastHour: { done: 1, failed: 3, meanRenderSeconds: null } })).toBe('ok');
    expect(verdict({ lastHour: { done: 4, failed: 4, meanRenderSeconds: null } })).toBe('many_failures');
    expect(verdict({ lastHour: { done: 40, failed: 4, meanRenderSeconds: null } })).toBe('ok');
  });

  test('it says depth, waits, success and throughput', () => {
    const facts = factsOf(judgeQueue({ ...calm, queued: 3, oldestWaitMs: 5000, lastHour: { done: 9, failed: 1, meanRenderSeconds: 90 } }, 60_000)); // prettier-ignore
    expect(facts).toMatchObject({ Waiting: '3', 'Longest wait': '5 s', Success: '90 % (10)', 'Mean render': '2 min', Workers: '1 (1 busy)' }); // prettier-ignore
  });
});

describe('tls', () => {
  async function serveTls(host: string, days: number) {
    const folder = await testDataDir();
    const [key, cert] = [path.join(folder, 'key.pem'), path.join(folder, 'cert.pem')];
    await promisify(execFile)('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-keyout', key, '-out', cert, '-days', String(days), '-subj', `/O=Test CA/CN=${host}`, '-addext', `subjectAltName=DNS:${host}`]); // prettier-ignore
    const server = createTls({ key: readFileSync(key), cert: readFileSync(cert) }).listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    onTestFinished(() => void server.close());
    return `https://${host}:${(server.address() as AddressInfo).port}/`;
  }
  const DAY_MS = 24 * 3600_000;
  const run = async (url: string, inDays: number) => {
    const now = Date.now() + inDays * DAY_MS;
    return tlsCheck({ url, intervalMs, resolve: async () => '127.0.0.1', now: () => now })!.run(signal);
  };

  test('a certificate nobody trusts is a fault; one that has ended says so', async () => {
    const url = await serveTls('shop.example.test', 100);
    const result = await run(url, 0);
    expect(result).toMatchObject({ ok: false, verdict: 'certificate_invalid' });
    expect(result.summary.en).toContain('DEPTH_ZERO_SELF_SIGNED_CERT');
    expect(factsOf(result)['Issued by']).toBe('Test CA');
    expect((await run(url, 101)).summary.en).toContain('CERT_HAS_EXPIRED');
  });

  test('one that ends is told of at 21, 14, 7, 3 and 1 days, once each, and anew when it was renewed', () => {
    const end = Date.UTC(2031, 5, 30);
    const shown = { validTo: end, issuer: 'CA', fingerprint: 'AA:BB:CC:DD:EE:FF:00:11', fault: null };
    const told: string[] = [];
    for (let hours = 30 * 24; hours > 0; hours -= 1) {
      const { ok, notices = [] } = judgeCertificate('x.example', shown, end - hours * 3600_000);
      expect(ok).toBe(true);
      for (const { key } of notices) if (!told.includes(key)) told.push(key);
    }
    expect(told.map((key) => key.split(':').at(-1))).toEqual(['21', '14', '7', '3', '1']);
    const late = judgeCertificate('x.example', { ...shown, fingerprint: '99:88' }, end - 5 * DAY_MS);
    expect(late.notices?.map(({ key }) => key)).toEqual(['tls:x.example:99:88:7']);
    expect(late.notices?.[0]?.finding.summary.es).toBe('El certificado de x.example caduca en 5 días');
  });

  test('nothing without TLS', () => {
    expect(tlsCheck({ url: 'http://x.example/', intervalMs, now: Date.now })).toBeNull();
  });
});

test('http: status and words as expected, or in which way not', async () => {
  const url = await serve((request, response) => {
    response.statusCode = request.url === '/gone' ? 404 : 200;
    response.end('all systems ok');
  });
  const run = (at: string, status: number | null, body: string | null) =>
    httpCheck({ url: `${url}${at}`, status, body, intervalMs }).run(signal);
  expect(await run('/', null, 'systems ok')).toMatchObject({ ok: true, verdict: 'ok' });
  expect(await run('/', 200, 'better')).toMatchObject({ ok: false, verdict: 'wrong_body' });
  expect(await run('/gone', null, null)).toMatchObject({ ok: false, verdict: 'wrong_status' });
  expect(await run('/gone', 404, null)).toMatchObject({ ok: true });
  const nobody = httpCheck({ url: 'http://127.0.0.1:9/', status: null, body: null, intervalMs });
  expect(await nobody.run(signal)).toMatchObject({ ok: false, verdict: 'no_answer' });
});

test('network: any answer will do, none is our own fault', async () => {
  const controlUrl = await serve((_request, response) => response.writeHead(503).end());
  expect(await networkCheck({ controlUrl, intervalMs }).run(signal)).toMatchObject({ ok: true });
  expect(await networkCheck({ controlUrl: 'http://127.0.0.1:9/', intervalMs }).run(signal)).toMatchObject({
    ok: false,
    cause: 'own-network',
  });
});

test('dns: resolves, to the right addresses, or not', async () => {
  // Answers A questions for one name with one address, and refuses everything else (RFC 1035).
  const server = createSocket('udp4');
  server.on('message', (question, from) => {
    const name = question.subarray(12, question.length - 4);
    const isA = question.readUInt16BE(question.length - 4) === 1;
    const isKnown = name.toString('latin1').includes('known');
    const head = Buffer.from(question.subarray(0, 12));
    head.writeUInt16BE(isKnown ? 0x8180 : 0x8183, 2);
    head.writeUInt16BE(isKnown && isA ? 1 : 0, 6);
    head.fill(0, 8, 12);
    const record = Buffer.from([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 203, 0, 113, 7]);
    server.send(
      Buffer.concat([head, question.subarray(12), ...(isKnown && isA ? [record] : [])]),
      from.port,
      from.address,
    );
  });
  await new Promise<void>((resolve) => server.bind(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  const servers = [`127.0.0.1:${server.address().port}`];
  const run = (name: string, expected: string[]) =>
    dnsCheck({ name, expected, intervalMs, servers }).run(signal);
  expect(await run('known.test', [])).toMatchObject({ ok: true, verdict: 'ok' });
  expect(await run('known.test', ['203.0.113.7'])).toMatchObject({ ok: true });
  const other = await run('known.test', ['198.51.100.1']);
  expect(other).toMatchObject({ ok: false, verdict: 'other_address' });
  expect(other.summary.en).toBe('known.test leads to 203.0.113.7 instead of 198.51.100.1');
  expect(await run('nowhere.test', [])).toMatchObject({ ok: false, verdict: 'no_address' });
});

test('redis: answers, with its password; full, evicting or away it says so', async () => {
  const redis = await startRedisServer({ settings: { appendonly: 'no' } });
  onTestFinished(() => redis.dispose());
  const run = (redisUrl: string) => redisCheck({ redisUrl, intervalMs })!.run(signal);
  const fine = await run(redis.url);
  expect(fine).toMatchObject({ ok: true, verdict: 'ok' });
  expect(factsOf(fine)['Memory']).toMatch(/MiB/);
  expect(await run('redis://127.0.0.1:9')).toMatchObject({ ok: false, verdict: 'no_answer', cause: 'redis' });
  const refused = await run(redis.url.replace('redis://', 'redis://user:wrong-password@'));
  expect(refused.summary.en).toMatch(/WRONGPASS|AUTH/);
  await redis.command('CONFIG', 'SET', 'maxmemory', '100mb');
  await redis.command('CONFIG', 'SET', 'maxmemory-policy', 'allkeys-lru');
  expect(await run(redis.url)).toMatchObject({ ok: false, verdict: 'evicts' });
  await redis.command('CONFIG', 'SET', 'maxmemory-policy', 'noeviction');
  expect(await run(redis.url)).toMatchObject({ ok: true });
  await redis.command('CONFIG', 'SET', 'maxmemory', '1000000');
  expect(await run(redis.url)).toMatchObject({ ok: false, verdict: 'full' });
  expect(redisCheck({ redisUrl: undefined, intervalMs })).toBeNull();
});

test('tts and ffmpeg: as the service finds them', async () => {
  const ready = async () => ({
    ready: false,
    checks: [
      { name: 'ffmpeg' as const, ok: true, detail: '5.1' },
      { name: 'speech' as const, ok: false, detail: 'no engine speaks' },
    ],
  });
  expect(await readinessCheck('ffmpeg', { studio: { ready }, intervalMs }).run(signal)).toMatchObject({
    ok: true,
  });
  const speech = await readinessCheck('tts', { studio: { ready }, intervalMs }).run(signal);
  expect(speech).toMatchObject({ ok: false });
  expect(factsOf(speech)['Found']).toBe('no engine speaks');
});

test('without settings only what is always there is checked; with them, each once, its timeout below its interval', () => {
  const make = (env: Record<string, string>) =>
    createChecks({ config: loadConfig(env), studio: {} as never, children: async () => [], now: Date.now });
  expect(make({}).map(({ id }) => id)).toEqual(['jobs:queue', 'vps:local', 'tts:local', 'ffmpeg:local']);
  expect(make({ PUBLIC_BASE_URL: 'http://localhost:8000' })).toHaveLength(4);
  const all = make({
    PUBLIC_BASE_URL: 'https://api.example.com',
    FILES_BASE_URL: 'https://files.example.com',
    MONITOR_URLS: 'https://a.example/health 200 ~ok, https://b.example/',
    MONITOR_DNS: 'example.com=203.0.113.7|203.0.113.8',
    REDIS_URL: 'redis://127.0.0.1:6379',
    MONITOR_OFF: 'tts',
  });
  expect(all.map(({ id }) => id)).toEqual([
    'network:control',
    'edge-origin:api.example.com', 'edge-origin:files.example.com',
    'tls:api.example.com', 'tls:files.example.com',
    'http:a.example/health', 'http:b.example',
    'dns:example.com', 'redis:jobs', 'jobs:queue', 'vps:local', 'ffmpeg:local',
  ]); // prettier-ignore
  for (const { timeoutMs, intervalMs: every } of all) expect(timeoutMs).toBeLessThan(every);
  const dependsOf = (id: string) => all.find((each) => each.id === id)!.dependsOn;
  expect(dependsOf('tls:api.example.com')).toEqual(['network:control', 'edge-origin:api.example.com']);
  expect(dependsOf('http:b.example')).toEqual(['network:control']);
  expect(() => loadConfig({ MONITOR_URLS: 'nonsense', MONITOR_ORIGIN: 'origin.example.com' })).toThrow(/MONITOR_URLS[\s\S]*MONITOR_ORIGIN|MONITOR_ORIGIN[\s\S]*MONITOR_URLS/); // prettier-ignore
});

test.each<[Record<string, string>, RegExp]>([
  [{ MONITOR_OFF: 'vsp' }, /MONITOR_OFF[\s\S]*"vps"/],
  [{ MONITOR_ORIGIN: '203.0.113.700' }, /MONITOR_ORIGIN: must be an IP address/],
  [{ CLOUDFLARE_API_TOKEN: 'x' }, /CLOUDFLARE_ZONE_ID: is needed with CLOUDFLARE_API_TOKEN/],
  [{ CLOUDFLARE_TUNNEL_ID: '6ff42ae2-765d-4adf-8112-31c55c1551ef' }, /CLOUDFLARE_ACCOUNT_ID: is needed/],
  [
    { UPTIME_KUMA_URL: 'https://kuma.example', UPTIME_KUMA_USERNAME: 'ops' },
    /UPTIME_KUMA_PASSWORD: is needed/,
  ],
  [{ MONITOR_HOSTS: 'a.example,https://a.example:8443/health' }, /MONITOR_HOSTS: names a\.example twice/],
  [
    { MONITOR_URLS: 'https://a.example/x?1, https://a.example/x?2' },
    /MONITOR_URLS: names a\.example\/x twice/,
  ],
])('settings by which something would silently not be watched are refused: %o', (env, words) => {
  expect(() => loadConfig(env)).toThrow(words);
});
