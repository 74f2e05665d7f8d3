/** `genscene voices` and what `genscene speak` can show, as a user runs them. */
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { SpeechResult } from '../../core/tts/types.ts';
import { packFolder } from '../core/tts/archives.ts';
import { makeTinyVoice } from '../core/tts/tiny-voice.ts';
import { runCli, type Outcome } from './run-cli.ts';

const cwd = mkdtempSync(path.join(tmpdir(), 'cli-voices-'));
let server: Server;
beforeAll(async () => {
  const archive = packFolder(makeTinyVoice(path.join(cwd, 'source', 'vits-piper-en_US-tiny-low')));
  server = createServer((_, response) => response.end(archive));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/tiny.tar.bz2`;
  const part = { url, bytes: archive.length, sha256: [createHash('sha256').update(archive).digest('hex')] };
  mkdirSync(path.join(cwd, 'data', 'voices'), { recursive: true });
  const own = { name: 'tiny', language: 'en-US', gender: 'female', licence: 'CC0-1.0', parts: [part] };
  writeFileSync(path.join(cwd, 'data', 'voices', 'catalogue.json'), JSON.stringify([own]));
});
afterAll(() => {
  server.close();
  rmSync(cwd, { recursive: true });
});

const run = (...args: string[]): Promise<Outcome> => runCli(args, { cwd });

describe('genscene voices', () => {
  it('adds a neural voice that then speaks, and removes it', async () => {
    expect((await run('voices', '--offered', '--language', 'en')).stdout).toMatch(/^tiny +en-US +female +[\d.]+ kB +SHA-256 +CC0-1\.0$/m); // prettier-ignore
    const added = await run('voices', 'add', 'tiny');
    expect(added).toMatchObject({ code: 0, stdout: expect.stringMatching(/^tiny is here \(CC0-1\.0\): /) });
    expect(added.stderr).toMatch(/downloading tiny: 100%[^]*unpacking tiny/);
    const spoken = JSON.parse((await run('speak', 'hello', '--json')).stdout) as SpeechResult;
    expect(spoken).toMatchObject({ engine: 'sherpa', voice: 'tiny', why: 'the first engine set up for en' });
    expect(await run('voices', 'remove', 'tiny')).toMatchObject({ code: 0, stdout: 'tiny is removed.\n' });
  }, 60_000);

  it('lists voices as a table with where they run and their licence', async () => {
    const env = { OPENAI_API_KEY: 'sk-never-shown' };
    const { stdout, stderr } = await runCli(['voices', '--language', 'en'], { cwd, env });
    expect(stdout).toMatch(/^engine +name +language +gender +word times +runs +licence$/m);
    expect(stdout).toMatch(/^flite +rms +en-US +male +exact +local +\S/m);
    expect(stdout).toMatch(/^openai +nova +many +female +aligned +cloud +terms of the service$/m);
    expect(stdout + stderr).not.toContain('sk-never-shown');
  });

  it('says what went wrong with a name it does not know', async () => {
    const [added, removed] = await Promise.all([
      run('voices', 'add', 'tony'),
      run('voices', 'remove', 'tony'),
    ]);
    expect(added.stderr).toMatch(/no voice "tony" to download[^]*tiny/);
    expect(removed.stderr).toMatch(/no sherpa voice "tony"/);
  });
});

describe('genscene speak', () => {
  it('prints the words in step, and leaves a page to listen to', async () => {
    const { code, stdout } = await run('speak', 'One small step.', '--engine', 'flite', '--play-marks', '--html', 'sound/page.html', '--out', 'sound/step.wav'); // prettier-ignore
    expect(code).toBe(0);
    const words = [...stdout.matchAll(/^ +(\d+\.\d{3}) +(\d+\.\d{3}) {2}(\S+)$/gm)];
    expect(words.map(([, , , word]) => word)).toEqual(['One', 'small', 'step.']);
    const times = words.flatMap(([, start, end]) => [Number(start), Number(end)]);
    expect(times).toEqual(times.toSorted((a, b) => a - b));
    expect(stdout).toMatch(/step\.wav: .*flite rms \(the engine flite was asked for\).*\n.*page\.html/);
    const page = readFileSync(path.join(cwd, 'sound', 'page.html'), 'utf8');
    expect(page).toContain(readFileSync(path.join(cwd, 'sound', 'step.wav')).toString('base64'));
  });

  it('lets another engine speak if asked to, and never shows a key', async () => {
    const env = { OPENAI_BASE_URL: 'http://127.0.0.1:1/v1', OPENAI_API_KEY: 'sk-never-shown' };
    const [rescued, page] = await Promise.all([
      runCli(['speak', 'Hi', '--engine', 'openai', '--fallback'], { cwd, env }),
      run('speak', 'Hi', '--html', 'page.txt'),
    ]);
    expect(rescued).toMatchObject({ code: 0, stdout: expect.stringContaining('flite rms (openai failed)') });
    expect(rescued.stderr).toMatch(/Note: openai failed \(The openai service was not reached/);
    expect(rescued.stderr + rescued.stdout).not.toContain('sk-never-shown');
    expect(page.stderr).toMatch(/--html.*must be a \.html file/);
  }, 60_000);
});
