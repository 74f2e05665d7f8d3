/** `genscene start` and `genscene key` as someone on a fresh machine would use them. */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { stat } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { expect, onTestFinished, test } from 'vitest';
import { openJobs } from '../../core/jobs/index.ts';
import { longFilm, testDataDir, until } from '../helpers/app.ts';
import { programFile } from '../helpers/program.ts';

const root = path.resolve(import.meta.dirname, '../..');
const cli = [programFile('cli.ts')];
type Answer = { code: number; out: string; err: string };

function environment(dataDir: string, more: Record<string, string> = {}): Record<string, string> {
  return { PATH: process.env['PATH']!, DATA_DIR: dataDir, HOST: '127.0.0.1', PORT: '0', ...more };
}

async function run(env: Record<string, string>, ...args: string[]): Promise<Answer> {
  return promisify(execFile)(process.execPath, [...cli, ...args], { env, cwd: root }).then(
    ({ stdout, stderr }) => ({ code: 0, out: stdout, err: stderr }),
    (error: { code: number; stdout: string; stderr: string }) => ({
      code: error.code,
      out: error.stdout,
      err: error.stderr,
    }),
  );
}

function start(env: Record<string, string>, ...args: string[]) {
  const child = spawn(process.execPath, [...cli, 'start', ...args], { env, cwd: root });
  const said = { out: '', err: '' };
  child.stdout.on('data', (piece: Buffer) => (said.out += piece.toString()));
  child.stderr.on('data', (piece: Buffer) => (said.err += piece.toString()));
  onTestFinished(() => void child.kill('SIGKILL'));
  const ended = once(child, 'close').then(([code]) => code as number | null);
  return { child, said, ended, address: () => until(() => /listens at (\S+);/.exec(said.err)?.[1]) };
}

test('nothing configured: a key is shown, work is taken; SIGTERM parks it, and the exit is 0', async () => {
  const dataDir = await testDataDir();
  const alive = path.join(dataDir, 'alive');
  const first = start(environment(dataDir, { ALIVE_FILE: alive }), '--grace', '0');
  const address = await first.address();
  expect((await stat(alive)).size).toBe(0);
  const key = /gs_[\w-]+/.exec(first.said.err)![0];
  const film = longFilm(6, 10, { output: { resolution: '1080', quality: 'high', fps: 60 } });
  const ask = (place: string, body?: object) =>
    fetch(`${address}${place}`, {
      method: body ? 'POST' : 'GET',
      headers: { 'x-api-key': key, 'content-type': 'application/json' },
      ...(body ? { body: JSON.stringify(body) } : {}),
    });
  const accepted = await ask('/api/compose', film);
  expect(accepted.status).toBe(202);
  const { id } = (await accepted.json()) as { id: string };
  await until(
    async () =>
      ((await (await ask(`/api/status/${id}`)).json()) as { status: string }).status === 'rendering',
  );
  first.child.kill('SIGTERM');
  expect(await first.ended).toBe(0);
  await expect(stat(alive)).rejects.toThrow('ENOENT');
  const jobs = await openJobs({ dataDir });
  expect(await jobs.get(id)).toMatchObject({ status: 'queued', attempts: 0 });
  await jobs.close();
  expect((await stat(path.join(dataDir, 'api-keys.json'))).mode & 0o777).toBe(0o600);
  expect(first.said.out).not.toContain(key);

  const second = start(environment(dataDir, { SERVICES: 'api' }));
  await second.address();
  expect(second.said.err).not.toContain('gs_');
  second.child.kill('SIGINT');
  expect(await second.ended).toBe(0);
});

test('S40: no secret of the environment is in what the service says', async () => {
  const dataDir = await testDataDir();
  const secrets = {
    API_KEYS: 'canary:canary-key-0123456789',
    OPENAI_API_KEY: 'canary-openai',
    ELEVENLABS_API_KEY: 'canary-eleven',
  };
  const running = start(
    environment(dataDir, { ...secrets, LOG_LEVEL: 'trace', FILES_ACCESS: 'signed' }),
    '--grace',
    '1',
  );
  const address = await running.address();
  const headers = { 'x-api-key': 'canary-key-0123456789', 'content-type': 'application/json' };
  const answers: string[] = [];
  const ask = async (place: string, options: RequestInit = {}) =>
    void answers.push(await (await fetch(address + place, { headers, ...options })).text());
  await ask('/health');
  await ask('/health/ready');
  await ask('/api/status');
  await ask('/api/nowhere?key=canary-key-0123456789');
  await ask('/api/compose', { method: 'POST', body: '{ "scenes": [' });
  await ask('/api/compose', { method: 'POST', body: '{}' });
  await ask('/api/jobs', { headers: { 'x-api-key': 'canary-key-012345678' } });
  running.child.kill('SIGTERM');
  expect(await running.ended).toBe(0);
  const said = [running.said.out, running.said.err, ...answers].join('\n');
  expect(said).toContain('started');
  expect(said).not.toMatch(/canary-(key|openai|eleven)/);
  expect(answers.join('\n')).not.toMatch(/\n\s+at |node_modules/);
  expect(answers.join('\n')).not.toContain(dataDir);
});

test('keys are made, listed and removed; those of API_KEYS are not', async () => {
  const env = environment(await testDataDir());
  const made = await run(env, 'key', 'new', 'ops', '--admin');
  expect(made).toMatchObject({ code: 0, out: expect.stringMatching(/^gs_[\w-]{43}\n$/) });
  expect(await run(env, 'key', 'new', 'shop', '--priority', 'high')).toMatchObject({
    code: 2,
    err: expect.stringContaining('from 0 to 10'),
  });
  expect((await run(env, 'key', 'new', 'shop', '--priority', '3')).code).toBe(0);
  const list = await run(env, 'key', 'list');
  expect(list.out.replaceAll(/\d{4}-\d\d-\d\d/g, 'DAY')).toBe(
    'ops  admin  priority to 10  since DAY\nshop  priority to 3  since DAY\n',
  );
  expect((await run(env, 'key', 'remove', 'ops')).code).toBe(0);
  expect(await run(env, 'key', 'remove', 'ops')).toMatchObject({
    code: 2,
    err: expect.stringContaining('ops'),
  });
  expect(await run({ ...env, API_KEYS: 'a:long-enough-key-0123' }, 'key', 'list')).toMatchObject({
    code: 1,
    err: expect.stringContaining('API_KEYS'),
  });
});
