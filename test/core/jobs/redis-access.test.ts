/** Redis with rights and certificates, as managed ones have them: what they must allow, and what is said where they do not. */
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { expect, onTestFinished, test } from 'vitest';
import { openJobs } from '../../../core/jobs/index.ts';
import type { JobBackend } from '../../../core/jobs/types.ts';
import { composeJob, filmResult, keepingLog, refOf } from '../../helpers/job-samples.ts';
import { programFile } from '../../helpers/program.ts';
import { freePort, startRedisServer, type RedisServer } from '../../helpers/redis-server.ts';

/** As the hint of NOPERM says. */
const NEEDED = ['~genscene:*', '&genscene:*', '+@all', '-@admin', '-@dangerous', '+info'];

async function server(settings: Record<string, string> = {}): Promise<RedisServer> {
  const redis = await startRedisServer({ settings });
  onTestFinished(() => redis.dispose());
  return redis;
}

async function open(redisUrl: string): Promise<JobBackend> {
  // So long between looks that only a message of bee-queue wakes anyone in time.
  const jobs = await openJobs({ dataDir: '', redisUrl, pollMs: 60_000, log: keepingLog().log });
  onTestFinished(() => jobs.close());
  return jobs;
}

test('a user with the rights that the hint names can do all that jobs need', async () => {
  const redis = await server();
  await redis.command('ACL', 'SETUSER', 'studio', 'on', '>secret', ...NEEDED);
  const url = redis.url.replace('//', '//studio:secret@');
  const [api, worker] = await Promise.all([open(url), open(url)]);
  const ended = (async () => {
    const events = api.watch({}, AbortSignal.timeout(20_000));
    for await (const { type } of events) if (type === 'done') return type;
    return null;
  })();
  await worker.health();
  const woken = worker.waitForWork(20_000, AbortSignal.timeout(20_000));
  const { job } = await api.add(composeJob());
  await woken;
  const claimed = (await worker.claim('w', { leaseMs: 30_000, timeoutMs: 60_000 }))!;
  expect(claimed.id).toBe(job.id);
  expect(await worker.heartbeat(refOf(claimed), 30_000)).toBe('held');
  await worker.finish(refOf(claimed), { status: 'done', result: filmResult });
  expect(await ended).toBe('done');
  await api.reconcile();
  expect(await api.stats()).toMatchObject({ queued: 0, done: 1 });
  expect(await api.health()).toMatchObject({ ok: true });
  expect(await api.remove(job.id)).toBe(true);
});

test('a user without the rights is told which ones are needed, and nothing is half done', async () => {
  const redis = await server();
  await redis.command('ACL', 'SETUSER', 'reader', 'on', '>secret', '~genscene:*', '&genscene:*', '+@read', '+@connection', '+@pubsub'); // prettier-ignore
  const jobs = await open(redis.url.replace('//', '//reader:secret@'));
  await expect(jobs.add(composeJob())).rejects.toMatchObject({
    code: 'not_ready',
    message: expect.stringContaining('does not allow its user'),
    hint: expect.stringContaining(NEEDED.join(' ').replace('~genscene:* &genscene:* ', '')),
  });
  expect(await redis.command('DBSIZE')).toBe(0);
});

test('Redis by TLS: a certificate that is not trusted is told, one that is works', async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'genscene-tls-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const [key, cert] = [path.join(folder, 'key.pem'), path.join(folder, 'cert.pem')];
  await promisify(execFile)('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-keyout', key, '-out', cert, '-days', '2', '-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost']); // prettier-ignore
  const port = await freePort();
  await server({ 'tls-port': String(port), 'tls-cert-file': cert, 'tls-key-file': key, 'tls-auth-clients': 'no' }); // prettier-ignore
  const url = `rediss://localhost:${port}`;

  const jobs = await open(url);
  await expect(jobs.add(composeJob())).rejects.toMatchObject({
    code: 'not_ready',
    message: expect.stringContaining('no certificate that is trusted here'),
    hint: expect.stringContaining('NODE_EXTRA_CA_CERTS'),
  });

  // Node reads the CA at its start, so trust needs a process of its own.
  const script = `
    import { openJobs } from ${JSON.stringify(pathToFileURL(programFile('core/jobs/index.ts')).href)};
    import { composeJob } from ${JSON.stringify(pathToFileURL(programFile('test/helpers/job-samples.ts')).href)};
    const open = () => openJobs({ dataDir: '', redisUrl: ${JSON.stringify(url)}, pollMs: 60_000 });
    const [api, worker] = await Promise.all([open(), open()]);
    await worker.health();
    const woken = worker.waitForWork(20_000, AbortSignal.timeout(20_000));
    const { job } = await api.add(composeJob());
    await woken;
    const claimed = await worker.claim('w', { leaseMs: 30_000, timeoutMs: 60_000 });
    console.log(claimed.id === job.id ? 'taken' : 'lost');
    process.exit(0);`;
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script], {
    env: { PATH: process.env['PATH'], NODE_EXTRA_CA_CERTS: cert },
  });
  expect(stdout.trim()).toBe('taken');
});
