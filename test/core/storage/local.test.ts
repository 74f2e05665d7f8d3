/** The local disk under the storage contract, and what only a disk can do: links, a full one, another one. */
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readdir, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openStorage } from '../../../core/storage/index.ts';
import { createFileSigner, publicFiles } from '../../../core/storage/signed-links.ts';
import type { FileSigner, Storage } from '../../../core/storage/types.ts';
import { describeStorage } from '../../contract/storage.ts';

const JOB = 'a1b2c3d4e5f6a7b8c9d0e1f2';
const baseUrl = 'https://files.example.com';

function openIn(dataDir: string, signer: FileSigner = publicFiles): Promise<Storage> {
  return openStorage({ driver: 'local', dataDir, baseUrl: () => baseUrl, signer });
}

describeStorage('local', async () => {
  const dataDir = await mkdtemp(path.join(tmpdir(), 'genscene-storage-'));
  return {
    storage: await openIn(dataDir),
    baseUrl,
    workDir: dataDir,
    dispose: () => rm(dataDir, { recursive: true }),
  };
});

let dataDir: string;
let files: string;
let storage: Storage;
beforeEach(async () => {
  dataDir = await mkdtemp(path.join(tmpdir(), 'genscene-storage-'));
  files = path.join(dataDir, 'files');
  storage = await openIn(dataDir);
});
afterEach(() => rm(dataDir, { recursive: true, force: true }));

async function make(content: string | Buffer): Promise<string> {
  const file = path.join(dataDir, `made-${Math.random()}`);
  await writeFile(file, content);
  return file;
}

test('S32: links are never followed, neither as a file nor as the folder of a job', async () => {
  const outside = path.join(dataDir, 'outside');
  await mkdir(outside);
  await writeFile(path.join(outside, 'film.mp4'), 'canary');
  await symlink(outside, path.join(files, JOB));
  expect(await storage.open(JOB, 'film.mp4')).toBeNull();
  await expect(storage.publish(JOB, { 'poster.jpg': await make('x') })).rejects.toMatchObject({
    code: 'internal',
  });
  expect(await readdir(outside)).toEqual(['film.mp4']);

  await storage.publish('jobnumbertwo', { 'poster.jpg': await make('poster') });
  await symlink(path.join(outside, 'film.mp4'), path.join(files, 'jobnumbertwo', 'film.mp4'));
  await mkdir(path.join(files, 'jobnumbertwo', 'captions.srt'));
  expect(await storage.open('jobnumbertwo', 'film.mp4')).toBeNull();
  expect(await storage.open('jobnumbertwo', 'captions.srt')).toBeNull();
});

test('a file swapped for a link after it was opened is not streamed', async () => {
  await storage.publish(JOB, { 'film.mp4': await make('moving') });
  const film = await storage.open(JOB, 'film.mp4');
  const canary = await make('canary');
  await rm(path.join(files, JOB, 'film.mp4'));
  await symlink(canary, path.join(files, JOB, 'film.mp4'));
  await expect(film!.stream().toArray()).rejects.toMatchObject({ code: 'ELOOP' });
});

test('a sweep removes what dead publishers left, and nothing that may still be worked on', async () => {
  const old = path.join(files, `.${JOB}.00000000-0000-4000-8000-000000000001.tmp`);
  const young = path.join(files, `.${JOB}.00000000-0000-4000-8000-000000000002.tmp`);
  const foreign = path.join(files, '.keep');
  for (const folder of [old, young, foreign]) {
    await mkdir(folder);
    await writeFile(path.join(folder, 'film.mp4'), Buffer.alloc(1000));
  }
  const longAgo = new Date(Date.now() - 2 * 3600_000);
  await utimes(old, longAgo, longAgo);
  expect(await storage.sweep()).toBe(1000);
  expect((await readdir(files)).sort()).toEqual([path.basename(young), path.basename(foreign)].sort());
});

test('signed addresses carry what verification asks for', async () => {
  const signer = createFileSigner('a secret of at least thirty-two letters');
  const signed = await openIn(dataDir, signer);
  const url = new URL(signed.url(JOB, 'film.mp4'));
  expect(url.origin + url.pathname).toBe(`${baseUrl}/files/${JOB}/film.mp4`);
  expect(signer.verify('GET', JOB, 'film.mp4', Object.fromEntries(url.searchParams))).toBe(true);
});

const run = promisify(execFile);
const canMount =
  process.getuid?.() === 0 &&
  (await run('mount', ['--version']).then(
    () => true,
    () => false,
  ));

test.runIf(canMount)(
  'a disk of its own is published to by copying; a full one is no_space and shows nothing',
  async () => {
    const disk = path.join(dataDir, 'small');
    await mkdir(path.join(disk, 'files'), { recursive: true });
    await run('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', path.join(disk, 'files')]);
    try {
      const small = await openIn(disk);
      await small.publish(JOB, { 'film.mp4': await make('moving') });
      expect(Buffer.concat(await (await small.open(JOB, 'film.mp4'))!.stream().toArray()).toString()).toBe(
        'moving',
      );
      const large = await make(Buffer.alloc(2 * 1024 ** 2, 1));
      await expect(small.publish('jobnumbertwo', { 'film.mp4': large })).rejects.toMatchObject({
        code: 'no_space',
        retryable: true,
      });
      expect(await small.open('jobnumbertwo', 'film.mp4')).toBeNull();
      expect(await readdir(path.join(disk, 'files'))).toEqual([JOB]);
      const space = await small.space();
      expect(space!.totalBytes).toBe(1024 ** 2);
      expect(space!.freeBytes).toBeGreaterThan(900_000);
    } finally {
      await run('umount', ['-l', path.join(disk, 'files')]);
    }
  },
);
