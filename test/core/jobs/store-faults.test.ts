/** The embedded store when its file is damaged, locked, from the future, or somewhere impossible. */
import { mkdir, stat, truncate, writeFile } from 'node:fs/promises';
import path from 'node:path';
import Libsql from 'libsql';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openDatabase } from '../../../core/jobs/embedded/database.ts';
import { openJobs } from '../../../core/jobs/index.ts';
import { openEmbeddedForTest } from '../../helpers/embedded-jobs.ts';
import { composeJob } from '../../helpers/job-samples.ts';

let fixture: Awaited<ReturnType<typeof openEmbeddedForTest>>;
let file: string;

beforeEach(async () => {
  fixture = await openEmbeddedForTest();
  file = path.join(fixture.dataDir, 'jobs', 'jobs.db');
});
afterEach(() => fixture.dispose());

test('a file that is no database', async () => {
  const dataDir = path.join(fixture.dataDir, 'other');
  await mkdir(path.join(dataDir, 'jobs'), { recursive: true });
  await writeFile(path.join(dataDir, 'jobs', 'jobs.db'), 'this is not a database'.repeat(1000));
  await expect(openJobs({ dataDir })).rejects.toMatchObject({
    code: 'not_ready',
    hint: expect.stringContaining('backup'),
  });
});

test('a file cut short', async () => {
  for (let i = 0; i < 20; i += 1) await fixture.backend.add(composeJob({ scenes: 50 }));
  await fixture.backend.close();
  await truncate(file, 3 * 4096 + 100);
  const use = async (): Promise<unknown> => {
    const jobs = await fixture.another();
    return jobs.list();
  };
  await expect(use()).rejects.toMatchObject({
    code: 'not_ready',
    message: expect.stringContaining('damaged'),
  });
});

test('a store of a newer version is left alone', async () => {
  await fixture.backend.add(composeJob());
  await fixture.backend.close();
  const raw = new Libsql(file);
  raw.exec('PRAGMA user_version = 99');
  raw.close();
  await expect(fixture.another()).rejects.toMatchObject({
    code: 'not_ready',
    message: expect.stringContaining('newer version'),
  });
  const again = new Libsql(file);
  expect(again.prepare('SELECT count(*) AS n FROM jobs').get()).toMatchObject({ n: 1 });
  again.close();
});

test('locked by another process for too long: a retryable error, and it works when freed', async () => {
  const raw = new Libsql(file);
  raw.exec('BEGIN IMMEDIATE');
  await expect(fixture.backend.add(composeJob())).rejects.toMatchObject({
    code: 'not_ready',
    retryable: true,
    message: expect.stringContaining('locked'),
  });
  // Reading goes on meanwhile.
  await expect(fixture.backend.list()).resolves.toMatchObject({ jobs: [] });
  raw.exec('ROLLBACK');
  raw.close();
  await expect(fixture.backend.add(composeJob())).resolves.toMatchObject({ created: true });
});

test('a data folder that cannot be made', async () => {
  await writeFile(path.join(fixture.dataDir, 'file'), '');
  await expect(openJobs({ dataDir: path.join(fixture.dataDir, 'file') })).rejects.toMatchObject({
    code: 'not_ready',
    hint: expect.stringContaining('DATA_DIR'),
  });
});

test('only its owner may read the store', async () => {
  expect((await stat(file)).mode & 0o777).toBe(0o600);
  expect((await stat(path.dirname(file))).mode & 0o777).toBe(0o700);
});

test('values that would end the process inside libsql are refused before', () => {
  const database = openDatabase(path.join(fixture.dataDir, 'plain.db'), ['CREATE TABLE t (a)']);
  expect(() => database.run('INSERT INTO t VALUES (?)', true as unknown as number)).toThrow(TypeError);
  expect(() => database.run('INSERT INTO t VALUES (?)', { a: 1 } as unknown as string)).toThrow(TypeError);
  expect(database.run('INSERT INTO t VALUES (?)', 'ok')).toBe(1);
  database.close();
});

test('every commit is on the disk before it returns', () => {
  const database = openDatabase(path.join(fixture.dataDir, 'plain.db'), ['CREATE TABLE t (a)']);
  expect(database.get('PRAGMA journal_mode')).toEqual({ journal_mode: 'wal' });
  // 2 is FULL: the write-ahead log is synced with each commit.
  expect(database.get('PRAGMA synchronous')).toEqual({ synchronous: 2 });
  database.close();
});

test('a failed transaction leaves nothing behind, also when SQL itself fails', () => {
  const database = openDatabase(path.join(fixture.dataDir, 'plain.db'), ['CREATE TABLE t (a UNIQUE)']);
  const insertTwice = (): void =>
    database.transaction(() => {
      database.run('INSERT INTO t VALUES (?)', 'x');
      database.run('INSERT INTO t VALUES (?)', 'x');
    });
  expect(insertTwice).toThrow(/UNIQUE/);
  expect(database.all('SELECT * FROM t')).toEqual([]);
  database.transaction(() => database.run('INSERT INTO t VALUES (?)', 'x'));
  expect(database.all('SELECT a FROM t')).toEqual([{ a: 'x' }]);
  database.close();
});
