/** What the build takes in, and what it must leave to npm. */
import { readdir, readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { onTestFinished, expect, test } from 'vitest';
import { buildClient, buildProgram, programEntries } from '../../scripts/build.ts';

const folder = 'node_modules/.cache/genscene-build-test';

test('each entry has its file, GPL and machine code stay packages, and little is left to be read', async () => {
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const sources = await buildProgram(folder, programEntries);
  const files = (await readdir(folder, { recursive: true })).filter((name) => name.endsWith('.js'));
  for (const entry of programEntries) expect(files).toContain(entry.replace(/\.ts$/, '.js'));
  expect(sources).toContain('node_modules/zod/index.js');
  const packages = sources.filter((file) => file.startsWith('node_modules/'));
  expect(
    packages.filter((file) => /echogarden|sharp|canvas|libsql|ffmpeg|discord|slack|aws-sdk/.test(file)),
  ).toEqual([]);
  expect(files.length).toBeLessThan(150);
});

test('every package taken in may be passed on under its own terms', async () => {
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const sources = await buildProgram(folder, programEntries);
  const names = new Set(
    sources.flatMap((file) => /^node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(file)?.[1] ?? []),
  );
  expect(names.size).toBeGreaterThan(5);
  for (const name of names) {
    const about = JSON.parse(await readFile(path.join('node_modules', name, 'package.json'), 'utf8')) as {
      license: string;
    };
    expect(about.license, name).toMatch(/^(MIT|ISC|BSD-[23]-Clause|Apache-2\.0|BlueOak-1\.0\.0)$/);
  }
});

test('the client is one file that a browser can read', async () => {
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  await buildClient(folder);
  const code = await readFile(path.join(folder, 'clients/genscene.js'), 'utf8');
  expect(code).not.toMatch(/\bimport\b[^;]*['"]|\brequire\(|\bprocess\./);
  const client = (await import(pathToFileURL(path.resolve(folder, 'clients/genscene.js')).href)) as object;
  expect(Object.keys(client)).toEqual(expect.arrayContaining(['GenScene', 'GenSceneError']));
});
