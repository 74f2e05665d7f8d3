/** Uploads that one host takes and another uses, through a real S3 server. */
import { mkdir, readdir, readFile, rm, utimes } from 'node:fs/promises';
import path from 'node:path';
import { Readable } from 'node:stream';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { createAssetsStore, type AssetsStore, type AssetsStoreOptions } from '../../core/assets-store.ts';
import { loadConfig } from '../../core/config.ts';
import { createDiskGuard } from '../../core/disk-guard.ts';
import { openStorage } from '../../core/storage/index.ts';
import { publicFiles } from '../../core/storage/signed-links.ts';
import type { SharedFiles } from '../../core/storage/types.ts';
import { startS3Server, type S3Server } from '../helpers/s3-server.ts';
import { quarters, testFfmpeg, testFolder } from '../helpers/samples.ts';

const never = new AbortController().signal;
const HOUR_MS = 3600_000;
let server: S3Server;
let shared: SharedFiles;
let prefixes = 0;
beforeAll(async () => {
  server = await startS3Server();
});
afterAll(() => server.close());
beforeEach(async () => {
  server.fault = null;
  const { s3 } = loadConfig({ ...server.env, S3_PREFIX: `test-${++prefixes}` });
  const options = { driver: 's3' as const, s3, dataDir: '', baseUrl: () => '', signer: publicFiles };
  shared = (await openStorage(options)).shared!;
});

type Host = { store: AssetsStore; folder: string };

async function openHost(options: Partial<AssetsStoreOptions> = {}): Promise<Host> {
  const folder = path.join(await testFolder(), 'assets');
  await mkdir(folder);
  const guard = createDiskGuard([folder]);
  const given = {
    folder,
    ffmpeg: testFfmpeg,
    guard,
    shared,
    keepMs: 24 * HOUR_MS,
    maxBytes: 1e9,
    ...options,
  };
  return { folder, store: createAssetsStore(given) };
}

const picture = (): Promise<Buffer> => quarters(64, 48).png().toBuffer();
const sharedNames = async (): Promise<string[]> => {
  const names: string[] = [];
  for await (const { name } of shared.list('assets/')) names.push(name.slice('assets/'.length));
  return names.sort();
};

test('what one host takes another knows, and fetches once when it is needed', async () => {
  const [first, second] = [await openHost(), await openHost()];
  const png = await picture();
  const asset = await first.store.save(Readable.from([png]), never);
  expect(await second.store.use(asset.id)).toEqual(asset);
  expect(await readdir(second.folder)).toEqual([]);

  const before = server.requests.length;
  const brought = await Promise.all([1, 2, 3].map(() => second.store.bring(asset.id, never)));
  expect(brought).toEqual([true, true, true]);
  expect(await readFile(path.join(second.folder, asset.id))).toEqual(png);
  expect((await readdir(second.folder)).sort()).toEqual([asset.id, `${asset.id}.json`]);
  expect(await second.store.bring(asset.id, never)).toBe(true);
  const fetched = server.requests
    .slice(before)
    .filter((request) => request.endsWith(`/${asset.id}?x-id=GetObject`));
  expect(fetched).toHaveLength(1);
});

test('what nobody took is not there; odd ids are never asked for', async () => {
  const { store } = await openHost();
  expect(await store.bring('0'.repeat(64), never)).toBe(false);
  expect(await store.use('0'.repeat(64))).toBeNull();
  const before = server.requests.length;
  for (const id of ['../secret', 'x', '', `${'0'.repeat(63)}/`])
    expect(await store.bring(id, never)).toBe(false);
  expect(server.requests).toHaveLength(before);
});

test('an upload that cannot be shared is refused, and nothing of it stays', async () => {
  const { store, folder } = await openHost();
  server.fault = (request, response) => {
    if (request.method !== 'PUT') return false;
    response.writeHead(403, { 'content-length': 0 }).end();
    return true;
  };
  await expect(store.save(Readable.from([await picture()]), never)).rejects.toMatchObject({
    code: 'not_ready',
  });
  expect(await readdir(folder)).toEqual([]);
});

test('a download that breaks or is cancelled leaves nothing', async () => {
  const [first, second] = [await openHost(), await openHost()];
  const { id } = await first.store.save(Readable.from([await picture()]), never);
  const stop = new AbortController();
  server.fault = (request, response) => {
    if (request.method !== 'GET' || request.url!.includes('.json')) return false;
    response.writeHead(200, { 'content-length': 100_000 });
    response.write('half', () => setTimeout(() => stop.abort(), 20));
    return true;
  };
  await expect(second.store.bring(id, stop.signal)).rejects.toMatchObject({ code: 'cancelled' });
  server.fault = null;
  expect(await second.store.bring(id, never)).toBe(true);
  expect((await readdir(second.folder)).filter((name) => name.startsWith('.'))).toEqual([]);
});

test('uploads unused for long go from the store too, unless a job wants them', async () => {
  const { store, folder } = await openHost({ keepMs: 200 });
  const { id } = await store.save(Readable.from([await picture()]), never);
  const other = await store.save(Readable.from([await quarters(32, 32).png().toBuffer()]), never);
  const young = await openHost();
  expect(await young.store.trim(() => false)).toBe(0);
  await new Promise((resolve) => setTimeout(resolve, 1300)); // the store tells times in seconds
  expect(await store.trim((each) => each === other.id)).toBeGreaterThan(0);
  expect(await sharedNames()).toEqual([other.id, `${other.id}.json`]);
  expect(await store.use(id)).toBeNull();
  expect((await readdir(folder)).sort()).toEqual([other.id, `${other.id}.json`]);
});

test('what only this host still has is put where others find it, when it is used again', async () => {
  const { store, folder } = await openHost();
  const { id } = await store.save(Readable.from([await picture()]), never);
  await shared.remove(`assets/${id}`);
  await shared.remove(`assets/${id}.json`);
  const longAgo = new Date(Date.now() - 2 * HOUR_MS);
  await utimes(path.join(folder, `${id}.json`), longAgo, longAgo);
  expect((await store.use(id))?.id).toBe(id);
  expect(await sharedNames()).toEqual([id, `${id}.json`]);
  await rm(folder, { recursive: true });
});
