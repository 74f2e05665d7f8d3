import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { parseKeys } from '../../core/keys/configured.ts';
import { addKey, listKeys, openKeys, removeKeys } from '../../core/keys.ts';

let dataDir: string;
beforeEach(async () => {
  dataDir = await mkdtemp(path.join(tmpdir(), 'genscene-keys-'));
});
afterEach(async () => {
  vi.restoreAllMocks();
  await rm(dataDir, { recursive: true });
});

const open = (configured?: string) => openKeys({ configured, dataDir });

test('the first start makes a key, shows it once and keeps only its digest', async () => {
  const first = await open();
  expect(first.created).toMatchObject({ name: 'default', admin: false });
  const { key } = first.created!;
  expect(key).toMatch(/^gs_[\w-]{43}$/);
  expect(first.ring.check(key)).toEqual({ name: 'default', admin: false, mostPriority: 10 });
  const file = path.join(dataDir, 'api-keys.json');
  expect((await stat(file)).mode & 0o777).toBe(0o600);
  expect(await readFile(file, 'utf8')).not.toContain(key.slice(3, 20));

  const second = await open();
  expect(second.created).toBeNull();
  expect(second.ring.check(key)).toEqual({ name: 'default', admin: false, mostPriority: 10 });
});

test('processes that start together make one key', async () => {
  const opened = await Promise.all(Array.from({ length: 6 }, () => open()));
  const made = opened.filter(({ created }) => created);
  expect(made).toHaveLength(1);
  for (const { ring } of opened) expect(ring.check(made[0]!.created!.key)).not.toBeNull();
});

test('keys made or removed meanwhile count in a running service', async () => {
  const clock = vi.spyOn(performance, 'now').mockReturnValue(0);
  const { ring, created } = await open();
  const operator = await addKey(dataDir, { name: 'operator', admin: true });
  clock.mockReturnValue(1000);
  expect(ring.check(operator.key)).toEqual({ name: 'operator', admin: true, mostPriority: 10 });
  expect(listKeys(dataDir).map(({ name, admin }) => [name, admin])).toEqual([['default', false], ['operator', true]]); // prettier-ignore
  expect(await removeKeys(dataDir, 'default')).toBe(1);
  clock.mockReturnValue(2000);
  expect(ring.check(created!.key)).toBeNull();
  expect(ring.check(operator.key)).not.toBeNull();
  expect(await removeKeys(dataDir, 'default')).toBe(0);
});

test('a damaged file stops the start with what to do, and does not open the door', async () => {
  await writeFile(path.join(dataDir, 'api-keys.json'), '{ "keys": [');
  await expect(open()).rejects.toMatchObject({
    code: 'not_ready',
    hint: expect.stringContaining('Remove it'),
  });
});

test('a file that breaks while the service runs leaves the known keys in force', async () => {
  const clock = vi.spyOn(performance, 'now').mockReturnValue(0);
  const { ring, created } = await open();
  await writeFile(path.join(dataDir, 'api-keys.json'), 'no JSON');
  clock.mockReturnValue(1000);
  expect(ring.check(created!.key)).not.toBeNull();
  expect(ring.check('no JSON')).toBeNull();
});

test('API_KEYS replaces the file; scopes and names are read from it', async () => {
  const { ring, created, warnings } = await open(
    'frontend:first-key-first-key, ops:second-key-second:admin,frontend:third-key-third-key',
  );
  expect(created).toBeNull();
  expect(warnings).toEqual([]);
  expect(ring.check('first-key-first-key')).toEqual({ name: 'frontend', admin: false, mostPriority: 0 });
  expect(ring.check('third-key-third-key')).toEqual({ name: 'frontend', admin: false, mostPriority: 0 });
  expect(ring.check('second-key-second')).toEqual({ name: 'ops', admin: true, mostPriority: 10 });
});

test('how urgent the jobs of a key may be: 0, of operators 10, or what the key says', async () => {
  const { entries } = parseKeys(
    'a:key-of-a,b:key-of-b:priority=5,c:key-of-c:admin:priority=0,d:key-of-d:admin',
  );
  expect(entries.map(({ name, admin, mostPriority }) => [name, admin, mostPriority])).toEqual([
    ['a', false, 0],
    ['b', false, 5],
    ['c', true, 0],
    ['d', true, 10],
  ]);
  for (const rights of ['priority=11', 'priority=-1', 'priority=', 'priority=5:priority=6', 'admin:admin'])
    expect(() => parseKeys(`a:secret-of-a:${rights}`), rights).toThrow(/API_KEYS\[0\] may say ":admin"/);

  const { key: urgent } = await addKey(dataDir, { name: 'urgent', admin: false, mostPriority: 7 });
  const { key: plain } = await addKey(dataDir, { name: 'plain', admin: false });
  const { ring } = await open();
  expect(ring.check(urgent)).toEqual({ name: 'urgent', admin: false, mostPriority: 7 });
  expect(ring.check(plain)).toEqual({ name: 'plain', admin: false, mostPriority: 0 });
  for (const mostPriority of [11, -1, 1.5, Number.NaN])
    await expect(addKey(dataDir, { name: 'x', admin: false, mostPriority })).rejects.toMatchObject({
      code: 'invalid_request',
      hint: 'Give a whole number from 0 to 10.',
    });
});

test('a file of keys from before priorities were limited is read', async () => {
  const { key } = await addKey(dataDir, { name: 'old', admin: false });
  const file = path.join(dataDir, 'api-keys.json');
  await writeFile(file, (await readFile(file, 'utf8')).replace(/ *"mostPriority": 0,\n/, ''));
  expect(await readFile(file, 'utf8')).not.toContain('mostPriority');
  expect((await open()).ring.check(key)).toEqual({ name: 'old', admin: false, mostPriority: 0 });
});

test('S33: nothing else is a key', async () => {
  const { ring } = await open('frontend:first-key-first-key');
  const odd = [
    undefined,
    '',
    ' ',
    'first-key-first-ke',
    'first-key-first-key ',
    'frontend:first-key-first-key',
    'FIRST-KEY-FIRST-KEY',
    'k'.repeat(10_000),
  ];
  for (const key of odd) expect(ring.check(key), String(key).slice(0, 30)).toBeNull();
  expect(ring.check(['first-key-first-key'] as unknown as string)).toBeNull();
});

test('every fault of API_KEYS is told at once, and no key is repeated in it', () => {
  let message = '';
  try {
    parseKeys(
      'nokey,a:,:secret-one,a b:secret-two,ok:secret-good-secret-good,ops:secret-three:root,x:secret-four:admin:more,again:secret-good-secret-good',
    );
  } catch (error) {
    message = (error as Error).message;
  }
  for (const index of [0, 1, 2, 3, 5, 6, 7]) expect(message).toContain(`API_KEYS[${index}]`);
  expect(message).not.toContain('API_KEYS[4]');
  expect(message).not.toContain('secret');
});

test('short keys work, with a warning that does not name them', () => {
  const { entries, warnings } = parseKeys('dev:tiny');
  expect(entries).toHaveLength(1);
  expect(warnings).toHaveLength(1);
  expect(warnings[0]).not.toContain('tiny');
});

test('a ring knows exactly the keys it was given', async () => {
  const key = fc.stringMatching(/^[A-Za-z0-9_-]{16,40}$/);
  await fc.assert(
    fc.asyncProperty(fc.uniqueArray(key, { minLength: 1, maxLength: 6 }), key, async (keys, other) => {
      const { ring } = await open(keys.map((each, index) => `n${index}:${each}`).join(','));
      keys.forEach((each, index) =>
        expect(ring.check(each)).toEqual({ name: `n${index}`, admin: false, mostPriority: 0 }),
      );
      if (!keys.includes(other)) expect(ring.check(other)).toBeNull();
    }),
    { numRuns: 50 },
  );
});

test('names that cannot be names are refused', async () => {
  for (const name of ['', 'a b', '../x', 'ä', 'n'.repeat(65), '-x'])
    await expect(addKey(dataDir, { name, admin: false }), name).rejects.toMatchObject({
      code: 'invalid_request',
    });
});
