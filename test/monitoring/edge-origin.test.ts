/** Every row of the verdict table, played by a Cloudflare on loopback and read as operators will. */
import { expect, onTestFinished, test } from 'vitest';
import { edgeOriginCheck } from '../../monitoring/checks/edge-origin.ts';
import { diagnose, originFor } from '../../monitoring/diagnosis.ts';
import type { Probe } from '../../monitoring/probe.ts';
import { isFine, judge, verdicts } from '../../monitoring/verdict.ts';
import { sayVerdict } from '../../monitoring/verdict-texts.ts';
import { cloudflareRows, openCloudflareDouble, type CloudflareRow } from '../helpers/cloudflare-double.ts';

const signal = new AbortController().signal;

async function openDouble() {
  const cloudflare = await openCloudflareDouble();
  onTestFinished(() => cloudflare.close());
  return cloudflare;
}

test.each(Object.entries(cloudflareRows))('%s: %s', async (row, verdict) => {
  const cloudflare = await openDouble();
  // No share of it is a whole millisecond, as with every second interval one may set.
  const options = { ...cloudflare, timeoutMs: 1507.3, signal };
  // Something the edge can have in its cache.
  await diagnose(new URL(cloudflare.url), options);
  await cloudflare.play(row as CloudflareRow);
  const found = await diagnose(new URL(cloudflare.url), options);
  expect(found.verdict).toBe(verdict);
  expect(found.ok).toBe(isFine(verdict));
  for (const locale of ['en', 'es'] as const) {
    const names = verdict === 'own_network' ? /network|red/ : /api\.example\.test/;
    expect(found.summary[locale]).toMatch(names);
    expect(found.ok || found.cure![locale].length > 20).toBe(true);
  }
  await cloudflare.play('healthy');
  expect(await diagnose(new URL(cloudflare.url), options)).toMatchObject({ verdict: 'ok', ok: true });
});

test('what an operator reads of a firewall is the firewall, not a number', async () => {
  const cloudflare = await openDouble();
  await cloudflare.play('firewall drops Cloudflare');
  const found = await diagnose(new URL(cloudflare.url), { ...cloudflare, timeoutMs: 1500, signal });
  expect(found.summary.en).toContain("a firewall or rate limit drops Cloudflare's addresses");
  expect(found.summary.en).toContain('522');
  expect(found.cure!.en).toContain('cloudflare.com/ips');
  const facts = Object.fromEntries(found.facts.map(({ name, value }) => [name.en, value.en]));
  expect(facts['Edge']).toMatch(/^522 · \d+ ms · MAD [0-9a-f]{16}$/);
  expect(facts['Origin 127.0.0.2']).toMatch(/^200 · \d+ ms$/);
});

test('without the address of the origin it says what it cannot tell, and how it could', async () => {
  const cloudflare = await openDouble();
  await cloudflare.play('origin stopped');
  const { origin: _origin, ...rest } = cloudflare;
  const found = await diagnose(new URL(cloudflare.url), { ...rest, timeoutMs: 1500, signal });
  expect(found.verdict).toBe('origin_out_of_reach');
  expect(found.cure!.en).toContain('MONITOR_ORIGIN');
});

test('hosts that fail by one origin have one cause', async () => {
  const cloudflare = await openDouble();
  await cloudflare.play('origin stopped');
  const result = await edgeOriginCheck({ ...cloudflare, intervalMs: 2000 }).run(signal);
  expect(result).toMatchObject({ ok: false, verdict: 'origin_down', cause: 'origin_down@127.0.0.2' });
  expect(result).not.toHaveProperty('evidence');
});

test('where the origin is not known, hosts of one domain that fail alike have one cause', async () => {
  const cloudflare = await openDouble();
  await cloudflare.play('tunnel down');
  const causes = await Promise.all(
    ['api.example.test', 'files.example.test', 'other.test'].map(async (host) => {
      const url = new URL(cloudflare.url.replace(cloudflare.host, host));
      const options = {
        ...cloudflare,
        origin: undefined,
        resolve: () => cloudflare.resolve(cloudflare.host),
      };
      return (await diagnose(url, { ...options, timeoutMs: 1500, signal })).cause;
    }),
  );
  expect(causes).toEqual([
    'tunnel_or_dns@example.test',
    'tunnel_or_dns@example.test',
    'tunnel_or_dns@other.test',
  ]);
});

test('when Cloudflare itself fails, what its status page says stands beside it', async () => {
  const cloudflare = await openDouble();
  await cloudflare.play('Cloudflare fails');
  const ask = (statusUrl: string) =>
    diagnose(new URL(cloudflare.url), { ...cloudflare, statusUrl, timeoutMs: 1500, signal });
  const found = await ask(cloudflare.statusUrl);
  expect(found.facts.at(-1)).toMatchObject({
    name: { en: 'cloudflarestatus.com' },
    value: { en: 'Partial System Outage · Elevated 5xx errors · CDN/Cache' },
  });
  const without = await ask('http://127.0.0.1:9');
  expect(without.verdict).toBe('edge_error');
  expect(without.facts.map(({ name }) => name.en)).toEqual(['Edge', 'Origin 127.0.0.2']);
});

test('our origin is asked for our hosts and their neighbours, not for a stranger’s', () => {
  const watched = ['https://api.example.com/health'];
  const asked = (host: string, hosts = watched) =>
    originFor(new URL(`https://${host}/`), hosts, '203.0.113.7');
  expect(asked('api.example.com')).toBe('203.0.113.7');
  expect(asked('files.example.com')).toBe('203.0.113.7');
  expect(asked('example.com')).toBe('203.0.113.7');
  expect(asked('example.org')).toBeUndefined();
  expect(asked('example.org', [])).toBe('203.0.113.7');
});

const answer = (status: number | null, changes: Partial<Probe> = {}): Probe => ({
  status,
  headers: {},
  body: '',
  failure: status === null ? 'refused' : null,
  code: null,
  connected: status !== null,
  ms: 10,
  ...changes,
});

test('what loopback cannot play: an edge that still waits for its origin when we no longer do', () => {
  const waiting = answer(null, { failure: 'timeout', connected: true });
  const control = answer(204);
  const verdict = (origin: Probe | null) => judge({ edge: waiting, origin, control, uncached: null });
  expect(verdict(answer(200))).toBe('edge_blocked');
  expect(verdict(answer(null))).toBe('origin_down');
  expect(verdict(waiting)).toBe('origin_slow');
  expect(verdict(null)).toBe('origin_out_of_reach');
});

test('an answer from the cache is no proof of the origin; a refusal of its own is', () => {
  const hit = answer(200, { headers: { 'cf-cache-status': 'HIT' } });
  const down = answer(521);
  expect(judge({ edge: hit, origin: null, control: null, uncached: down })).toBe('served_from_cache');
  expect(judge({ edge: hit, origin: null, control: null, uncached: answer(404) })).toBe('ok');
  expect(judge({ edge: answer(401), origin: answer(401), control: null, uncached: null })).toBe('ok');
});

test('every verdict has words in both languages, with no gap in them', () => {
  for (const verdict of verdicts)
    for (const address of ['203.0.113.7', null]) {
      const { summary, cure } = sayVerdict(verdict, { host: 'h.example', address, code: '522' });
      for (const text of [summary.en, summary.es, cure?.en ?? '', cure?.es ?? '']) {
        expect(text).not.toMatch(/undefined|null|\s{2}|\(\)/);
      }
      expect(summary.en === summary.es).toBe(false);
    }
});
