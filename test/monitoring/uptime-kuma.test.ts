/** The client of Uptime Kuma against a loopback one of each line, and its webhook through the API. */
import { expect, onTestFinished, test } from 'vitest';
import { uptimeKumaCheck } from '../../monitoring/checks/uptime-kuma.ts';
import { totp } from '../../monitoring/totp.ts';
import { openUptimeKuma, wantedMonitors, type UptimeKuma } from '../../monitoring/uptime-kuma.ts';
import { startService } from '../api/service.ts';
import { until } from '../helpers/app.ts';
import { keepingLog } from '../helpers/job-samples.ts';
import { openKumaDouble, type KumaDouble, type KumaDoubleOptions } from '../helpers/kuma-double.ts';
import { ana } from '../helpers/watched-world.ts';

const never = new AbortController().signal;
const wanted = wantedMonitors(['https://api.example.com/health'], 60_000);
const shop = { id: 7, name: 'Shop', type: 'http', url: 'https://shop.example.com', interval: 60, active: true, tags: [], accepted_statuscodes: ['200-299'] }; // prettier-ignore

async function open(
  double: KumaDoubleOptions = {},
  account: { username?: string; password?: string; token?: string; totpSecret?: string } = {
    username: 'ops',
    password: 'kuma-password',
  },
  ours = wanted,
): Promise<{ kuma: UptimeKuma; double: KumaDouble; lines: () => string }> {
  const server = await openKumaDouble(double);
  const { log, lines } = keepingLog();
  const kuma = openUptimeKuma({ account: { url: server.url, ...account }, wanted: ours, log, now: Date.now, ackMs: 1500 }); // prettier-ignore
  onTestFinished(async () => {
    kuma.close();
    await server.close();
  });
  return { kuma, double: server, lines: () => JSON.stringify(lines) };
}

test.each(['1.23.16', '2.0.2', '2.5.3'])(
  '%s: reads its monitors, and keeps ours there by tag',
  async (version) => {
    const { kuma, double } = await open({ version, monitors: [{ ...shop }] });
    const { monitors, version: said } = await kuma.read(never);
    expect(said).toBe(version);
    expect(monitors.map(({ name, key }) => [name, key]).sort((a, b) => (a[0]! < b[0]! ? -1 : 1))).toEqual([
      ['Gen Scene: api.example.com', 'host:api.example.com'],
      ['Gen Scene: heartbeat', 'heartbeat'],
      ['Shop', null],
    ]);
    await until(async () => (await kuma.read(never)).monitors.find(({ id }) => id === 7)?.state === 'up');
    expect((await kuma.read(never)).monitors.find(({ id }) => id === 7)).toMatchObject({ pingMs: 33 });
    // The live event has other names than the rows.
    double.beat(7, 0, { msg: 'timeout of 48000ms exceeded' });
    await until(async () => (await kuma.read(never)).monitors.find(({ id }) => id === 7)?.state === 'down');
    const push = await fetch(kuma.pushUrl()!);
    expect(push.status).toBe(200);
    expect(double.pushes).toHaveLength(1);
    expect(double.monitors.get(7)).toEqual(shop);
  },
);

test('a second client finds ours and adds none; what differs is changed and what people set there stays', async () => {
  const { kuma, double } = await open();
  await kuma.read(never);
  const [host] = [...double.monitors.values()];
  Object.assign(host!, { url: 'https://old.example.com', maxretries: 9, notificationIDList: { 3: true } });
  const { log } = keepingLog();
  const account = { url: double.url, username: 'ops', password: 'kuma-password' };
  const again = openUptimeKuma({ account, wanted, log, now: Date.now });
  await again.read(never);
  again.close();
  expect(double.monitors.size).toBe(2);
  expect(double.tags).toHaveLength(1);
  expect([...double.monitors.values()][0]).toMatchObject({ url: 'https://api.example.com/health', maxretries: 9, notificationIDList: { 3: true } }); // prettier-ignore
});

test('one whose tag was not set any more before a kill is adopted, not doubled', async () => {
  const { kuma, double, lines } = await open({
    monitors: [{ ...shop, id: 3, name: 'Gen Scene: heartbeat', type: 'push', pushToken: 'kept' }],
  });
  await kuma.read(never);
  expect(double.monitors.size).toBe(2);
  expect(kuma.pushUrl()).toContain('/api/push/kept?');
  expect(lines()).toContain('tagged a monitor');
});

test('it waits for info, and logs in again by the token after every connect', async () => {
  const { kuma, double } = await open({ infoAfterMs: 300 });
  await kuma.read(never);
  expect(double.heard[0]).toBe('login');
  double.drop();
  await until(() => double.heard.includes('loginByToken'));
  await until(async () => (await kuma.read(never).catch(() => null)) !== null);
  expect(double.heard.filter((event) => event === 'login')).toHaveLength(1);
});

test('two factors, a token of a browser, and no login at all', async () => {
  // RFC 6238, appendix B: SHA-1 at 59 s and at 1111111109 s, their last six digits.
  const secret = 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ';
  expect([totp(secret, 59_000), totp(secret, 1_111_111_109_000)]).toEqual(['287082', '081804']);
  const both = await open(
    {
      secondFactor: (token) => [totp(secret, Date.now()), totp(secret, Date.now() - 30_000)].includes(token),
    },
    { username: 'ops', password: 'kuma-password', totpSecret: secret },
  );
  await expect(both.kuma.read(never)).resolves.toMatchObject({ version: '2.5.3' });
  const without = await open({ secondFactor: () => true });
  await expect(without.kuma.read(never)).rejects.toThrow(/second factor/);
  const bad = await open({}, { token: 'not-a-token-of-it' });
  await expect(bad.kuma.read(never)).rejects.toThrow(/invalid token/);
  const free = await open({ password: null }, {});
  await expect(free.kuma.read(never)).resolves.toMatchObject({ version: '2.5.3' });
});

test.each(['1.23.17', '2.5.3'])('%s: why a login is refused is said in words', async (version) => {
  const refused = async (server: KumaDoubleOptions, account: Parameters<typeof open>[1]) =>
    (await open({ version, ...server }, account)).kuma.read(never).catch((error: unknown) => error);
  const wrong = { username: 'ops', password: 'wrong-password-1' };
  const right = { username: 'ops', password: 'kuma-password' };
  expect(await refused({}, wrong)).toMatchObject({ message: expect.stringMatching(/incorrect username or password/i), retryable: false }); // prettier-ignore
  expect(await refused({}, { token: 'x.y.z' })).toMatchObject({ message: expect.stringMatching(/invalid token/i), hint: 'Check UPTIME_KUMA_TOKEN.' }); // prettier-ignore
  expect(await refused({}, {})).toMatchObject({ message: 'Uptime Kuma: it asks for a login', retryable: false }); // prettier-ignore
  // Both may pass by themselves: others' logins are counted with ours, and a code is taken once.
  expect(await refused({ crowded: true }, right)).toMatchObject({ message: expect.stringMatching(/too frequently/i), hint: 'Wait a minute.', retryable: true }); // prettier-ignore
  expect(await refused({ secondFactor: () => false }, { ...right, totpSecret: 'GEZDGNBVGY3TQOJQ' })).toMatchObject({ message: expect.stringMatching(/second factor: invalid token/i), retryable: true }); // prettier-ignore
});

test('a wrong password is not tried again and again, nor written down', async () => {
  const { kuma, double, lines } = await open({}, { username: 'ops', password: 'wrong-password-1' });
  await expect(kuma.read(never)).rejects.toMatchObject({ code: 'not_ready', retryable: false });
  await expect(kuma.read(never)).rejects.toMatchObject({ code: 'not_ready', retryable: false });
  expect(double.heard).toEqual(['login']);
  expect(lines()).not.toContain('wrong-password-1');
});

test.each(['3.0.0', '1.22.1', '4.1.0-beta.1'])('%s is refused', async (version) => {
  const { kuma, double } = await open({ version });
  await expect(kuma.read(never)).rejects.toThrow(/is not known here/);
  expect(double.monitors.size).toBe(0);
});

test('an answer that never comes is not waited for for ever', async () => {
  const { kuma } = await open({ mute: ['getMonitorList'] });
  await expect(kuma.read(never)).rejects.toMatchObject({ code: 'not_ready', retryable: true });
  const nobody = openUptimeKuma({ account: { url: 'http://127.0.0.1:9' }, wanted, log: keepingLog().log, now: Date.now, ackMs: 300 }); // prettier-ignore
  await expect(nobody.read(never)).rejects.toThrow(/ECONNREFUSED/);
  nobody.close();
});

test('our maintenance is announced for the monitors it is about, and ended', async () => {
  const { kuma, double } = await open({ monitors: [{ ...shop }] });
  await kuma.read(never);
  const from = Date.UTC(2030, 0, 1, 12);
  const mute = { id: 'm1', kind: 'maintenance', matcher: 'edge-origin', from, until: from + 3600_000, by: ana, why: 'new disk' } as const; // prettier-ignore
  await kuma.maintain(mute);
  const [work] = [...double.works.values()];
  expect(work).toMatchObject({ dateRange: ['2030-01-01T12:00:00', '2030-01-01T13:00:00'], description: 'new disk', timezoneOption: 'UTC' }); // prettier-ignore
  expect(work!.monitors.map((id) => double.monitors.get(id)!.name)).toEqual(['Gen Scene: api.example.com']);
  await kuma.maintain({ ...mute, until: 0 });
  expect(double.works.size).toBe(0);
});

test('the check names what is down there, and leaves ours to their own checks', async () => {
  const { kuma, double } = await open({ monitors: [{ ...shop }] });
  const check = uptimeKumaCheck({ kuma, intervalMs: 30_000 })!;
  await kuma.read(never);
  const own = [...double.monitors.values()].find(({ name }) => name.includes('heartbeat'))!;
  double.beat(own.id, 0);
  expect(await check.run(never)).toMatchObject({ ok: true });
  double.beat(7, 0, { msg: 'connect ECONNREFUSED' });
  await until(async () => !(await check.run(never)).ok);
  const found = await check.run(never);
  expect(found.summary.en).toBe('Down according to Uptime Kuma: Shop');
  expect(found.facts.map(({ value }) => value.es)).toContain('caído · 12 ms · connect ECONNREFUSED');
  expect(uptimeKumaCheck({ kuma: null, intervalMs: 1000 })).toBeNull();
});

test('the webhook brings a heartbeat at once, for who knows its secret', async () => {
  const double = await openKumaDouble({ monitors: [{ ...shop }] });
  onTestFinished(() => double.close());
  const secret = 'hook-secret-for-tests-only';
  const service = await startService({
    SERVICES: 'api,monitoring',
    MONITOR_OFF: 'vps,tts,ffmpeg,jobs',
    MONITOR_INTERVAL_S: '3600',
    UPTIME_KUMA_URL: double.url,
    UPTIME_KUMA_USERNAME: 'ops',
    UPTIME_KUMA_PASSWORD: 'kuma-password',
    UPTIME_KUMA_SYNC: 'off',
    UPTIME_KUMA_WEBHOOK_SECRET: secret,
  });
  onTestFinished(() => service.stop());
  const post = (json: unknown, given = secret) =>
    service.ask('/hooks/uptime-kuma', { key: null, json, headers: { authorization: `Bearer ${given}` } });
  await until(() => double.heard.includes('getMonitorList'));
  expect((await post({ msg: 'x' }, 'wrong')).status).toBe(401);
  expect((await post({ heartbeat: { nonsense: 1 } })).status).toBe(400);
  expect((await post({ heartbeat: null, monitor: null, msg: 'Test' })).status).toBe(204);
  const asked = double.heard.length;
  const beat = { monitorID: 7, status: 0, time: '2026-01-01 00:00:00', msg: 'down', ping: null, important: true, duration: 60 }; // prettier-ignore
  expect((await post({ heartbeat: beat, monitor: { id: 7, name: 'Shop' }, msg: '[Shop] down' })).status).toBe(
    204,
  );
  // The check runs again at once, an hour before its time.
  await until(() => double.heard.length > asked);
  expect(double.monitors.size).toBe(1);
  expect(service.logs()).not.toContain(secret);
});
