/** `genscene diagnose`, as a process of its own against a Cloudflare on loopback. */
import { expect, onTestFinished, test } from 'vitest';
import { testDataDir } from '../helpers/app.ts';
import { openCloudflareDouble } from '../helpers/cloudflare-double.ts';
import { runCli } from './run-cli.ts';

test('it prints the table, the verdict and the cure, and fails where the host does', async () => {
  const cloudflare = await openCloudflareDouble();
  onTestFinished(() => cloudflare.close());
  const cwd = await testDataDir();
  const url = cloudflare.url.replace(cloudflare.host, 'localhost');
  const env = { MONITOR_ORIGIN: cloudflare.origin, MONITOR_CONTROL_URL: cloudflare.controlUrl };

  const fine = await runCli(['diagnose', url], { cwd, env });
  expect(fine.stdout).toMatch(
    /Edge +200 · \d+ ms[\s\S]*Origin 127\.0\.0\.2 +200[\s\S]*Control +204[\s\S]*✓ localhost answers \[ok\]/,
  );
  expect(fine.code).toBe(0);

  await cloudflare.play('origin stopped');
  const down = await runCli(['diagnose', url, '--language', 'es', '--json'], { cwd, env });
  expect(down.code).toBe(1);
  expect(JSON.parse(down.stdout.trim().split('\n').at(-1)!)).toMatchObject({
    host: 'localhost',
    ok: false,
    verdict: 'origin_down',
    cause: 'origin_down@127.0.0.2',
  });
});

test('without a host and none in the settings it says what to do', async () => {
  const outcome = await runCli(['diagnose'], { cwd: await testDataDir() });
  expect(outcome.code).not.toBe(0);
  expect(outcome.stderr).toContain('MONITOR_HOSTS');
});
