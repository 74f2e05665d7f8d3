import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  createFileSigner,
  openFileSigner,
  publicFiles,
  signerOfStore,
} from '../../../core/storage/signed-links.ts';

const JOB = 'a1b2c3d4e5f6a7b8c9d0e1f2';
const HOUR_MS = 3600_000;
const secret = 'a secret of at least thirty-two letters';

function queryOf(text: string): Record<string, string> {
  return Object.fromEntries(new URLSearchParams(text));
}

test('S37: a link opens its own file for reading and nothing else', () => {
  const signer = createFileSigner(secret);
  const query = queryOf(signer.sign(JOB, 'film.mp4'));
  expect(signer.verify('GET', JOB, 'film.mp4', query)).toBe(true);
  expect(signer.verify('HEAD', JOB, 'film.mp4', query)).toBe(true);
  for (const method of ['POST', 'DELETE', 'PUT', 'get', ''])
    expect(signer.verify(method, JOB, 'film.mp4', query)).toBe(false);
  expect(signer.verify('GET', JOB, 'poster.jpg', query)).toBe(false);
  expect(signer.verify('GET', 'otherjobotherjob', 'film.mp4', query)).toBe(false);
  expect(signer.verify('GET', JOB, 'film.mp4', {})).toBe(false);
  for (const key of ['exp', 'kid', 'sig'])
    expect(signer.verify('GET', JOB, 'film.mp4', { ...query, [key]: undefined })).toBe(false);
  for (const exp of [
    `${Number(query['exp']) + 1}`,
    `0${query['exp']}`,
    `${query['exp']} `,
    `${query['exp']}.0`,
    '1e12',
    '-1',
    'NaN',
    '',
  ])
    expect(signer.verify('GET', JOB, 'film.mp4', { ...query, exp }), exp).toBe(false);
  expect(signer.verify('GET', JOB, 'film.mp4', { ...query, sig: [query['sig'], query['sig']] })).toBe(false);
  expect(createFileSigner(`${secret}!`).verify('GET', JOB, 'film.mp4', query)).toBe(false);
});

test('no other spelling of a signature passes', () => {
  const signer = createFileSigner(secret);
  const query = queryOf(signer.sign(JOB, 'film.mp4'));
  const right = query['sig']!;
  const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_=+/ ';
  const changed = fc
    .tuple(fc.nat(right.length), fc.constantFrom(...letters))
    .map(([at, letter]) => right.slice(0, at) + letter + right.slice(at + 1))
    .filter((sig) => sig !== right);
  fc.assert(
    fc.property(changed, (sig) => !signer.verify('GET', JOB, 'film.mp4', { ...query, sig })),
    { numRuns: 500 },
  );
});

test('a link lives between 23 and 24 hours, and is the same within an hour', () => {
  let now = Date.UTC(2031, 4, 6, 7, 59, 59);
  const signer = createFileSigner(secret, () => now);
  const link = signer.sign(JOB, 'film.mp4');
  const query = queryOf(link);
  const lifetimeMs = Number(query['exp']) * 1000 - now;
  expect(lifetimeMs).toBeGreaterThan(23 * HOUR_MS);
  expect(lifetimeMs).toBeLessThanOrEqual(24 * HOUR_MS);
  now -= 59 * 60_000;
  expect(signer.sign(JOB, 'film.mp4')).toBe(link);
  now = Number(query['exp']) * 1000 - 1;
  expect(signer.verify('GET', JOB, 'film.mp4', query)).toBe(true);
  now += 1;
  expect(signer.verify('GET', JOB, 'film.mp4', query)).toBe(false);
});

test('the secret is kept for its owner only, and is the same for all who open it together', async () => {
  const dataDir = await mkdtemp(path.join(tmpdir(), 'genscene-links-'));
  try {
    const signers = await Promise.all(Array.from({ length: 5 }, () => openFileSigner(dataDir)));
    const query = queryOf(signers[0]!.sign(JOB, 'film.mp4'));
    for (const signer of signers) expect(signer.verify('GET', JOB, 'film.mp4', query)).toBe(true);
    expect((await stat(path.join(dataDir, 'link-secret'))).mode & 0o777).toBe(0o600);
  } finally {
    await rm(dataDir, { recursive: true });
  }
});

test('public files need no signature', () => {
  expect(publicFiles.sign(JOB, 'film.mp4')).toBe('');
  expect(publicFiles.verify('GET', JOB, 'film.mp4', {})).toBe(true);
});

test('hosts with the same S3 key know each other’s links, and no others', () => {
  const [here, there, elsewhere] = ['one-secret', 'one-secret', 'another-secret'].map((secretAccessKey) =>
    signerOfStore({ secretAccessKey }),
  );
  const query = Object.fromEntries(new URLSearchParams(here!.sign('a1b2c3d4e5f6', 'film.mp4')));
  expect(there!.verify('GET', 'a1b2c3d4e5f6', 'film.mp4', query)).toBe(true);
  expect(elsewhere!.verify('GET', 'a1b2c3d4e5f6', 'film.mp4', query)).toBe(false);
  expect(JSON.stringify(query)).not.toContain('one-secret');
});
