/** The client of Cloudflare's API against a loopback one, and what the check makes of its answers. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { loadConfig } from '../../core/config.ts';
import { cloudflareCheck } from '../../monitoring/checks/cloudflare.ts';
import { createChecks } from '../../monitoring/checks/index.ts';
import { openCloudflare } from '../../monitoring/cloudflare.ts';
import { openMonitoring } from '../../monitoring/index.ts';
import { runCli } from '../cli/run-cli.ts';
import { testDataDir, until } from '../helpers/app.ts';
import { keepingLog } from '../helpers/job-samples.ts';

const never = new AbortController().signal;
const zoneId = '0123456789abcdef0123456789abcdef';
const accountId = 'fedcba9876543210fedcba9876543210';
const tunnelId = '6ff42ae2-765d-4adf-8112-31c55c1551ef';
const apiToken = 'cf-token-for-tests-only';
const NOW = Date.UTC(2030, 0, 10);

type Answer = { status?: number; body: unknown };
type Asked = { path: string; token: string | undefined; body: string };

const ok = (result: unknown): Answer => ({ body: { success: true, errors: [], messages: [], result } });
const no = (message: string, status = 403): Answer => ({
  status,
  body: { success: false, errors: [{ code: 9109, message }], messages: [], result: null },
});
const group = (count: number, edge: number, origin: number) => ({
  count,
  dimensions: { edgeResponseStatus: edge, originResponseStatus: origin },
});
const traffic = (groups: object[]): Answer => ({
  body: { data: { viewer: { zones: [{ httpRequestsAdaptiveGroups: groups }] } }, errors: null },
});

/** All is well; a test changes what it is about. */
const well: Record<string, Answer> = {
  '/user/tokens/verify': ok({ id: 'tok1', status: 'active', expires_on: '2031-01-01T00:00:00Z' }),
  [`/zones/${zoneId}`]: ok({ name: 'example.com', status: 'active', paused: false, development_mode: 0 }),
  [`/zones/${zoneId}/dns_records?name=api.example.com&per_page=100`]: ok([
    { type: 'A', content: '203.0.113.7', proxied: true },
    { type: 'TXT', content: 'words' },
  ]),
  [`/accounts/${accountId}/cfd_tunnel/${tunnelId}`]: ok({ name: 'studio', status: 'healthy' }),
  '/graphql': traffic([group(900, 200, 200), group(50, 200, 0), group(40, 522, 0), group(10, 500, 500)]),
  [`/zones/${zoneId}/purge_cache`]: ok({ id: zoneId }),
  '/api/v2/summary.json': {
    body: {
      status: { indicator: 'minor', description: 'Minor Service Outage' },
      components: [
        { name: 'API', status: 'degraded_performance' },
        { name: 'Madrid, Spain - (MAD)', status: 'partial_outage' },
        { name: 'CDN/Cache', status: 'operational' },
      ],
      incidents: [{ name: 'Dashboard errors', status: 'investigating', impact: 'minor' }],
    },
  },
};

async function open(changes: Record<string, Answer> = {}, hosts = ['https://api.example.com/health']) {
  const asked: Asked[] = [];
  const server = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += String(chunk);
    asked.push({ path: request.url!, token: request.headers.authorization, body });
    const { status = 200, body: answer } = { ...well, ...changes }[request.url!] ?? no('not found', 404);
    response.writeHead(status, { 'content-type': 'application/json' });
    response.end(typeof answer === 'string' ? answer : JSON.stringify(answer));
  }).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const cloudflare = openCloudflare({ apiToken, zoneId, accountId, tunnelId, apiUrl: url, statusUrl: url });
  const check = cloudflareCheck({ cloudflare, hosts, origin: '203.0.113.7', tunnelId, intervalMs: 300_000, now: () => NOW })!; // prettier-ignore
  return { url, asked, cloudflare, check };
}

test('all is well: the facts say what Cloudflare knows, its own troubles are context', async () => {
  const { check, asked } = await open();
  const found = await check.run(never);
  expect(found).toMatchObject({
    ok: true,
    verdict: 'ok',
    summary: { en: 'Cloudflare serves example.com' },
    notices: [],
  });
  const facts = Object.fromEntries(found.facts.map(({ name, value }) => [name.en, value.en]));
  expect(facts).toEqual({
    Token: 'active, ends in 356 d 0 h',
    Zone: 'example.com · active',
    'api.example.com': 'A 203.0.113.7 (proxied)',
    Tunnel: 'studio · healthy',
    'Last 15 min': '1000 requests; 5xx at the edge 5.0 %, at the origin 1.1 % of 910',
    'cloudflarestatus.com': 'Minor Service Outage · Dashboard errors · API',
  });
  // The status page is a stranger's: it gets no token.
  for (const { path, token } of asked)
    expect(token).toBe(path.startsWith('/api/v2') ? undefined : `Bearer ${apiToken}`);
  const { variables } = JSON.parse(asked.find(({ path }) => path === '/graphql')!.body);
  expect(variables).toEqual({
    zone: zoneId,
    from: '2030-01-09T23:42:00.000Z',
    to: '2030-01-09T23:57:00.000Z',
  });
});

test.each<[string, Record<string, Answer>, string, RegExp]>([
  [
    'an expired token',
    { '/user/tokens/verify': ok({ id: 't', status: 'expired' }) },
    'token_unusable',
    /is expired/,
  ],
  ['a paused zone', { [`/zones/${zoneId}`]: ok({ name: 'example.com', status: 'active', paused: true }) }, 'zone_paused', /paused/], // prettier-ignore
  ['a moved domain', { [`/zones/${zoneId}`]: ok({ name: 'example.com', status: 'moved', paused: false }) }, 'zone_inactive', /is moved/], // prettier-ignore
  ['a tunnel without connections', { [`/accounts/${accountId}/cfd_tunnel/${tunnelId}`]: ok({ name: 'studio', status: 'down' }) }, 'tunnel_down', /tunnel studio is down/], // prettier-ignore
  ['a record of another origin', { [`/zones/${zoneId}/dns_records?name=api.example.com&per_page=100`]: ok([{ type: 'A', content: '198.51.100.9', proxied: true }]) }, 'record_elsewhere', /198\.51\.100\.9, not to our origin/], // prettier-ignore
  ['a record of another tunnel', { [`/zones/${zoneId}/dns_records?name=api.example.com&per_page=100`]: ok([{ type: 'CNAME', content: '00000000-0000-0000-0000-000000000000.cfargotunnel.com', proxied: true }]) }, 'record_elsewhere', /not to our tunnel/], // prettier-ignore
  ['no record at all', { [`/zones/${zoneId}/dns_records?name=api.example.com&per_page=100`]: ok([]), [`/zones/${zoneId}/dns_records?name=*.example.com&per_page=100`]: ok([]) }, 'no_record', /no DNS record/], // prettier-ignore
])('%s fails, with a cure', async (_what, changes, verdict, words) => {
  const { check } = await open(changes);
  const found = await check.run(never);
  expect(found).toMatchObject({ ok: false, verdict });
  expect(found.summary.en).toMatch(words);
  expect(found.summary.es).not.toBe(found.summary.en);
  expect(found.cure!.es).toBeTruthy();
});

test('a wildcard record counts, a tunnel that is degraded and development mode are only said', async () => {
  const { check } = await open({
    [`/zones/${zoneId}`]: ok({
      name: 'example.com',
      status: 'active',
      paused: false,
      development_mode: 7200,
    }),
    [`/zones/${zoneId}/dns_records?name=api.example.com&per_page=100`]: ok([]),
    [`/zones/${zoneId}/dns_records?name=*.example.com&per_page=100`]: ok([{ type: 'A', content: '203.0.113.7', proxied: false }]), // prettier-ignore
    [`/accounts/${accountId}/cfd_tunnel/${tunnelId}`]: ok({ name: 'studio', status: 'degraded' }),
  });
  const found = await check.run(never);
  expect(found.ok).toBe(true);
  expect(found.summary.en).toBe(
    'Cloudflare serves example.com; the tunnel studio is degraded; development mode is on',
  );
  expect(JSON.stringify(found.facts)).toContain('DNS only');
});

test('context may be missing: analytics the plan does not have, a status page that is away', async () => {
  const { check } = await open({
    '/graphql': { body: { data: null, errors: [{ message: 'not authorized for that zone' }] } },
    '/api/v2/summary.json': { status: 502, body: '<html>bad gateway</html>' },
  });
  const found = await check.run(never);
  expect(found.ok).toBe(true);
  expect(found.facts.map(({ name }) => name.en)).toEqual(['Token', 'Zone', 'api.example.com', 'Tunnel']);
});

test('hosts of other zones are not looked for in ours', async () => {
  const { check, asked } = await open({}, ['https://api.other.org']);
  expect((await check.run(never)).ok).toBe(true);
  expect(asked.filter(({ path }) => path.includes('dns_records'))).toEqual([]);
});

test('a token that ends is told of once at each step', async () => {
  const ends = (expires: string) => open({ '/user/tokens/verify': ok({ id: 'tok1', status: 'active', expires_on: expires }) }); // prettier-ignore
  const keys = await Promise.all(
    ['2030-01-16T12:00:00Z', '2030-01-12T12:00:00Z', '2030-03-01T00:00:00Z'].map(async (expires) => {
      const { check } = await ends(expires);
      return (await check.run(never)).notices!.map(({ key, finding }) => [key, finding.summary.en]);
    }),
  );
  expect(keys[0]![0]![1]).toBe("Cloudflare's API token ends in 6 days");
  expect(keys[1]![0]![1]).toBe("Cloudflare's API token ends in 2 days");
  expect(keys[0]![0]![0]).not.toBe(keys[1]![0]![0]);
  expect(keys[2]).toEqual([]);
});

test('a token of the account is verified at the account', async () => {
  const { cloudflare } = await open({
    '/user/tokens/verify': no('Invalid API Token', 401),
    [`/accounts/${accountId}/tokens/verify`]: ok({ id: 'acc', status: 'active' }),
  });
  expect(await cloudflare.token(never)).toEqual({ id: 'acc', status: 'active', expiresAt: null });
});

test('refusals and nonsense are faults that name no ids and no token', async () => {
  const { cloudflare } = await open({
    [`/zones/${zoneId}`]: no('Authentication error'),
    [`/accounts/${accountId}/cfd_tunnel/${tunnelId}`]: { status: 500, body: '<html>' },
  });
  const faults = await Promise.all(
    [cloudflare.zone(never), cloudflare.tunnel(never)].map((asked) => asked.catch((error: Error) => error)),
  );
  expect(String(faults[0])).toContain('Cloudflare refused /zones/… (403): Authentication error');
  expect(String(faults[1])).toContain('answered 500');
  for (const fault of faults)
    expect(String(fault)).not.toMatch(new RegExp(`${zoneId}|${tunnelId}|${apiToken}`));
});

test('what a refused token leads to is an alert in words', async () => {
  const { url } = await open({ '/user/tokens/verify': no('Invalid API Token', 401) });
  const monitoring = openMonitoring({
    config: loadConfig({
      DATA_DIR: await testDataDir(),
      MONITOR_OFF: 'jobs,vps,tts,ffmpeg',
      CLOUDFLARE_API_TOKEN: apiToken,
      CLOUDFLARE_ZONE_ID: zoneId,
      CLOUDFLARE_API_URL: url,
      CLOUDFLARE_STATUS_URL: url,
    }),
    studio: {} as never,
    children: async () => [],
    log: keepingLog().log,
  });
  onTestFinished(() => monitoring.stop());
  monitoring.start();
  const found = await until(() => monitoring.ops.status().checks[0]!.result);
  expect(found.summary.en).toBe(
    'cloudflare:zone fails: Cloudflare refused /user/tokens/verify (401): Invalid API Token',
  );
  expect(found.cure!.en).toContain('Zone:Read');
});

test('purging, by the client and from the command line', async () => {
  const { cloudflare, asked, url } = await open();
  const many = Array.from({ length: 31 }, (_, index) => `https://api.example.com/${index}`);
  await expect(cloudflare.purge(many, never)).rejects.toMatchObject({ code: 'invalid_request' });
  await cloudflare.purge('everything', never);
  const done = await runCli(['purge', 'https://api.example.com/files/a.mp4'], {
    cwd: await testDataDir(),
    env: { CLOUDFLARE_API_TOKEN: apiToken, CLOUDFLARE_ZONE_ID: zoneId, CLOUDFLARE_API_URL: url },
  });
  expect(done.stderr).toContain('Purged 1.');
  expect(asked.map(({ body }) => JSON.parse(body))).toEqual([
    { purge_everything: true },
    { files: ['https://api.example.com/files/a.mp4'] },
  ]);
});

test('it is off without its settings, and on with them', () => {
  const kinds = (env: Record<string, string>): string[] =>
    createChecks({ config: loadConfig({ DATA_DIR: '/tmp/x', ...env }), studio: {} as never, children: async () => [], now: () => NOW }).map(({ kind }) => kind); // prettier-ignore
  expect(kinds({})).not.toContain('cloudflare');
  expect(kinds({ CLOUDFLARE_API_TOKEN: 'x', CLOUDFLARE_ZONE_ID: zoneId })).toContain('cloudflare');
  expect(() => loadConfig({ CLOUDFLARE_ZONE_ID: 'example.com' })).toThrow(/32 hex digits/);
});
