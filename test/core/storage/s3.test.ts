/** An S3-compatible store under the storage contract, and what only such a store does. */
import { access, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createHash, randomBytes } from 'node:crypto';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { inspect } from 'node:util';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { loadConfig } from '../../../core/config.ts';
import { openS3Storage } from '../../../core/storage/s3.ts';
import { openStorage } from '../../../core/storage/index.ts';
import { createFileSigner, publicFiles } from '../../../core/storage/signed-links.ts';
import type { FileSigner, Storage } from '../../../core/storage/types.ts';
import { describeStorage } from '../../contract/storage.ts';
import { startS3Server, type S3Server } from '../../helpers/s3-server.ts';

const baseUrl = 'https://files.example.com';
let server: S3Server;
let prefixes = 0;
const JOB = 'a1b2c3d4e5f6a7b8c9d0e1f2';
beforeAll(async () => {
  server = await startS3Server();
});
afterAll(() => server.close());

function open(changes: Record<string, string> = {}, signer: FileSigner = publicFiles): Promise<Storage> {
  const { s3 } = loadConfig({ ...server.env, S3_PREFIX: `test-${++prefixes}`, ...changes });
  return openStorage({ driver: 's3', s3, dataDir: '/nowhere', baseUrl: () => baseUrl, signer });
}

describeStorage('s3', async () => {
  const workDir = await mkdtemp(path.join(tmpdir(), 'genscene-s3-work-'));
  return { storage: await open(), baseUrl, workDir, dispose: () => rm(workDir, { recursive: true }) };
});

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'genscene-s3-work-'));
});
afterEach(async () => {
  server.fault = null;
  await rm(folder, { recursive: true });
});

async function make(content: string | Buffer): Promise<string> {
  const file = path.join(folder, randomBytes(6).toString('hex'));
  await writeFile(file, content);
  return file;
}

async function bytesOf(
  storage: Storage,
  name: string,
  range?: { start: number; end: number },
): Promise<Buffer> {
  const file = await storage.open(JOB, name);
  return Buffer.concat((await file!.stream(range).toArray()) as Buffer[]);
}

const hash = (content: Buffer): string => createHash('sha256').update(content).digest('hex');

describe('publishing', () => {
  test('a large file goes in parts, arrives whole, and any range of it can be had', async () => {
    const storage = await open();
    const film = randomBytes(20 * 1024 ** 2 + 17);
    const before = server.requests.length;
    await storage.publish(JOB, { 'film.mp4': await make(film) });
    const parts = server.requests.slice(before).filter((request) => request.includes('partNumber='));
    expect(parts).toHaveLength(3);
    expect(hash(await bytesOf(storage, 'film.mp4'))).toBe(hash(film));
    const seam = { start: 8 * 1024 ** 2 - 5, end: 8 * 1024 ** 2 + 5 };
    expect(await bytesOf(storage, 'film.mp4', seam)).toEqual(film.subarray(seam.start, seam.end + 1));
  });

  test('finished files are moved, as on a disk', async () => {
    const storage = await open();
    const film = await make('moving');
    await storage.publish(JOB, { 'film.mp4': film });
    await expect(access(film)).rejects.toMatchObject({ code: 'ENOENT' });
  });

  test('objects say what they are and that they never change', async () => {
    const storage = await open({ S3_REDIRECT: 'true' });
    await storage.publish(JOB, { 'film.mp4': await make('moving') });
    const answer = await fetch(await (await storage.open(JOB, 'film.mp4'))!.link!());
    expect(answer.headers.get('content-type')).toBe('video/mp4');
    expect(answer.headers.get('cache-control')).toBe('public, max-age=31536000, immutable');
  });

  test('the store going away midway shows nothing; the next attempt publishes', async () => {
    const storage = await open();
    const film = Buffer.alloc(20 * 1024 ** 2, 1);
    server.fault = (request, response) => {
      if (!request.url!.includes('partNumber=2')) return false;
      response.writeHead(403, { 'content-length': 0 }).end();
      return true;
    };
    const files = { 'poster.jpg': await make('poster'), 'film.mp4': await make(film) };
    await expect(storage.publish(JOB, files)).rejects.toMatchObject({ name: 'StudioError', stage: 'saving' });
    server.fault = null;
    expect(await storage.open(JOB, 'poster.jpg')).toBeNull();
    // What was sent is taken back.
    expect(await server.unfinished()).toEqual([]);
    await storage.publish(JOB, files);
    expect((await storage.open(JOB, 'film.mp4'))?.size).toBe(film.length);
  });

  test('cancelling ends sending to a store that hangs; nothing is visible', async () => {
    const storage = await open();
    const stop = new AbortController();
    server.fault = (request) => {
      if (!request.url!.includes('partNumber=2')) return false;
      stop.abort();
      return true; // never answered
    };
    const files = {
      'poster.jpg': await make('poster'),
      'film.mp4': await make(Buffer.alloc(20 * 1024 ** 2)),
    };
    await expect(storage.publish(JOB, files, stop.signal)).rejects.toMatchObject({ code: 'cancelled' });
    server.fault = null;
    expect(await storage.open(JOB, 'poster.jpg')).toBeNull();
    expect(await server.unfinished()).toEqual([]);
    // What could not be published is still here for whoever tries again.
    await access(files['film.mp4']);
  });

  test('a publisher that dies after the set was named: its files are found, and the next one ends its work', async () => {
    const prefix = { S3_PREFIX: 'dying' };
    const storage = await open(prefix);
    server.fault = (request, response) => {
      if (request.headers['x-amz-copy-source'] === undefined) return false;
      response.writeHead(403, { 'content-length': 0 }).end();
      return true;
    };
    await expect(storage.publish(JOB, { 'film.mp4': await make('first') })).rejects.toMatchObject({
      stage: 'saving',
    });
    expect((await bytesOf(storage, 'film.mp4')).toString()).toBe('first');
    server.fault = null;
    const other = await open(prefix);
    await other.publish(JOB, { 'film.mp4': await make('second'), 'captions.srt': await make('srt') });
    for (const reader of [storage, other]) {
      expect((await bytesOf(reader, 'film.mp4')).toString()).toBe('first');
      expect((await bytesOf(reader, 'captions.srt')).toString()).toBe('srt');
    }
    expect(await other.remove(JOB)).toBeGreaterThan(0);
    expect(await storage.open(JOB, 'film.mp4')).toBeNull();
  });
});

test('a sweep ends what dead publishers began and removes their leavings, hours later', async () => {
  let later = 0;
  const storage = await openS3Storage({
    config: loadConfig({ ...server.env, S3_PREFIX: `test-${++prefixes}` }).s3!,
    baseUrl: () => baseUrl,
    signer: publicFiles,
    now: () => Date.now() + later,
  });
  server.fault = (request, response) => {
    // The first dies before its set is named, the second after.
    const isNaming = request.method === 'PUT' && request.url!.includes('/sets/jobnumbertwo/');
    if (!isNaming && request.headers['x-amz-copy-source'] === undefined) return false;
    response.writeHead(403, { 'content-length': 0 }).end();
    return true;
  };
  const failing = ['jobnumbertwo', JOB].map(async (id) =>
    storage.publish(id, { 'film.mp4': await make('moving') }),
  );
  for (const publishing of failing) await expect(publishing).rejects.toMatchObject({ stage: 'saving' });
  server.fault = null;
  expect(await storage.sweep()).toBe(0);
  later = 7 * 3600_000;
  expect(await storage.sweep()).toBe(2 * 'moving'.length);
  expect((await bytesOf(storage, 'film.mp4')).toString()).toBe('moving');
  expect(await storage.open('jobnumbertwo', 'film.mp4')).toBeNull();
  expect(await storage.sweep()).toBe(0);
});

describe('reading', () => {
  test('a broken connection is read on from where it stopped', async () => {
    const storage = await open();
    const film = randomBytes(3 * 1024 ** 2);
    await storage.publish(JOB, { 'film.mp4': await make(film) });
    let broken = 0;
    server.fault = (request, response) => {
      const isRead = request.method === 'GET' && request.url!.includes('film.mp4');
      if (!isRead || broken++ > 0) return false;
      response.writeHead(206, {
        'content-length': film.length,
        'content-range': `bytes 0-${film.length - 1}/${film.length}`,
      });
      response.write(film.subarray(0, 100_000), () => setTimeout(() => response.destroy(), 20));
      return true;
    };
    expect(hash(await bytesOf(storage, 'film.mp4'))).toBe(hash(film));
    expect(broken).toBe(2);
  });

  test('a reader that leaves ends the request', async () => {
    const storage = await open();
    await storage.publish(JOB, { 'film.mp4': await make('moving') });
    const film = { ...(await storage.open(JOB, 'film.mp4'))! };
    const stream = film.stream();
    stream.once('error', () => undefined);
    const gone = new Promise<void>((resolve) => {
      server.fault = (request, response) => {
        if (request.method !== 'GET') return false;
        response.once('close', resolve);
        stream.destroy();
        return true; // never answered
      };
    });
    stream.resume();
    await gone;
  });
});

describe('addresses', () => {
  test('of a bucket that everybody may read lead there, and to the file', async () => {
    const storage = await open({ S3_PUBLIC_BASE_URL: 'https://films.example.com/' });
    await storage.publish(JOB, { 'film.mp4': await make('moving') });
    const url = storage.url(JOB, 'film.mp4');
    expect(url).toBe(`https://films.example.com/test-${prefixes}/files/${JOB}/film.mp4`);
    // There is an object of that name.
    const head = server.requests.length;
    expect((await storage.open(JOB, 'film.mp4'))?.size).toBe(6);
    expect(server.requests.slice(head)).toContain(`HEAD /films/test-${prefixes}/files/${JOB}/film.mp4`);
  });

  test('signed ones are ours, and only then are they checked', async () => {
    const signer = createFileSigner('a secret of at least thirty-two letters');
    const storage = await open({}, signer);
    const url = new URL(storage.url(JOB, 'film.mp4'));
    expect(url.origin + url.pathname).toBe(`${baseUrl}/files/${JOB}/film.mp4`);
    expect(signer.verify('GET', JOB, 'film.mp4', Object.fromEntries(url.searchParams))).toBe(true);
  });

  test('a reader may be sent to the store: the link works, for that file only', async () => {
    const storage = await open({ S3_REDIRECT: 'true' });
    await storage.publish(JOB, { 'film.mp4': await make('0123456789'), 'poster.jpg': await make('x') });
    const link = await (await storage.open(JOB, 'film.mp4'))!.link!('attachment; filename="film.mp4"');
    const answer = await fetch(link, { headers: { range: 'bytes=2-5' } });
    expect([answer.status, await answer.text()]).toEqual([206, '2345']);
    expect(answer.headers.get('content-disposition')).toBe('attachment; filename="film.mp4"');
    expect((await fetch(link.replace('film.mp4', 'poster.jpg'))).status).toBe(403);
    expect((await (await open()).open(JOB, 'film.mp4'))?.link).toBeUndefined();
  });
});

describe('what is wrong is said at the start', () => {
  const canary = 'canary-secret-4711-canary';

  test.each([
    ['bucket', { S3_BUCKET: 'nowhere' }, 'S3_BUCKET'],
    ['access key', { S3_ACCESS_KEY_ID: 'CANARYKEYID4711' }, 'S3_ACCESS_KEY_ID'],
    ['secret key', { S3_SECRET_ACCESS_KEY: canary }, 'S3_SECRET_ACCESS_KEY'],
    ['endpoint', { S3_ENDPOINT: 'http://127.0.0.1:9' }, 'S3_ENDPOINT'],
  ])('a wrong %s, without telling keys', async (_, changes, setting) => {
    const error: unknown = await open(changes as Record<string, string>).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: 'not_ready', hint: expect.stringContaining(setting) });
    const shown = inspect(error, { depth: 10, showHidden: true });
    for (const secret of [canary, 'CANARYKEYID4711', server.env['S3_ACCESS_KEY_ID']!, 'Credential='])
      expect(shown).not.toContain(secret);
  });

  test('a key that may only read', async () => {
    server.fault = (request, response) => {
      if (request.method !== 'PUT') return false;
      const body = '<Error><Code>AccessDenied</Code></Error>';
      response.writeHead(403, { 'content-type': 'application/xml', 'content-length': body.length }).end(body);
      return true;
    };
    await expect(open()).rejects.toMatchObject({ code: 'not_ready', hint: expect.stringContaining('right') });
  });

  test('missing and contradictory settings, all at once', () => {
    const faults = (env: Record<string, string>): string[] => {
      try {
        loadConfig(env);
        return [];
      } catch (error) {
        return (error as { issues: { path: string }[] }).issues.map((issue) => issue.path);
      }
    };
    expect(faults({ STORAGE: 's3' })).toEqual(['S3_BUCKET', 'S3_ACCESS_KEY_ID', 'S3_SECRET_ACCESS_KEY', 'S3_ENDPOINT']); // prettier-ignore
    expect(faults({ ...server.env, FILES_ACCESS: 'signed', S3_PUBLIC_BASE_URL: 'https://x.example' })).toEqual(['S3_PUBLIC_BASE_URL']); // prettier-ignore
    expect(faults({ ...server.env, S3_PREFIX: '../up' })).toEqual(['S3_PREFIX']);
    expect(loadConfig({ S3_BUCKET: 'films' }).s3).toBeNull();
  });
});
