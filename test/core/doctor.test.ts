import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadConfig } from '../../core/config.ts';
import {
  diskSpace,
  ffmpegParts,
  ffmpegVersion,
  links,
  nodeVersion,
  runDoctor,
  type Finding,
} from '../../core/doctor.ts';
import { Ffmpeg, findFfmpeg } from '../../core/ffmpeg.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'genscene-doctor-test-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const config = (settings: Record<string, string>) =>
  loadConfig({ PATH: process.env['PATH'], DATA_DIR: path.join(folder, 'data'), ...settings });
const named = (findings: Finding[], name: string): Finding | undefined =>
  findings.find((finding) => finding.name === name);

describe('runDoctor', () => {
  it('finds a working machine well, having really spoken with each local engine', async () => {
    const findings = await runDoctor(config({}));
    expect(findings.filter((finding) => !finding.ok)).toEqual([]);
    expect(named(findings, 'Speech: flite')?.detail).toMatch(/^speaks; \d+ voices$/);
    expect(named(findings, 'Speech: espeak')?.detail).toMatch(/^speaks; \d+ voices$/);
    expect(named(findings, 'Fonts')?.ok).toBe(true);
  });

  it('names a missing ffmpeg and a data folder that cannot be, each with its cure', async () => {
    const file = path.join(folder, 'file');
    writeFileSync(file, '');
    const findings = await runDoctor(config({ FFMPEG_PATH: file, DATA_DIR: path.join(file, 'data') }));
    expect(named(findings, 'ffmpeg')).toMatchObject({
      ok: false,
      cure: expect.stringContaining('FFMPEG_PATH'),
    });
    expect(named(findings, 'Data folder')).toMatchObject({
      ok: false,
      detail: expect.stringContaining('ENOTDIR'),
      cure: expect.stringContaining('DATA_DIR'),
    });
  });

  it('notices an ffmpeg that does not run', async () => {
    for (const name of ['ffmpeg', 'ffprobe'])
      writeFileSync(path.join(folder, name), '#!/bin/sh\nexit 1\n', { mode: 0o755 });
    const findings = await runDoctor(config({ FFMPEG_PATH: path.join(folder, 'ffmpeg') }));
    expect(named(findings, 'ffmpeg')).toMatchObject({
      ok: false,
      detail: expect.stringContaining('does not run'),
    });
  });
});

describe('single checks', () => {
  it('says whether links to films lead anywhere, the louder where bots tell them', () => {
    const cureOf = (settings: Record<string, string>) => links(config(settings)).cure;
    expect(links(config({ PORT: '8080' }))).toMatchObject({
      ok: true,
      detail: 'webhooks name http://localhost:8080, which only this machine reaches',
      cure: 'Set PUBLIC_BASE_URL or FILES_BASE_URL before you use webhooks or bots.',
    });
    for (const token of ['DISCORD_TOKEN', 'SLACK_BOT_TOKEN'])
      expect(cureOf({ [token]: 'x' })).toBe('Set PUBLIC_BASE_URL or FILES_BASE_URL.');
    for (const setting of ['PUBLIC_BASE_URL', 'FILES_BASE_URL'])
      expect(links(config({ [setting]: 'https://films.example' }))).toEqual({
        name: 'Links to films',
        ok: true,
        detail: 'https://films.example',
      });
  });

  it.each([
    ['18.20.0', false],
    ['20.18.1', false],
    ['20.19.0', true],
    ['22.0.0', true],
  ])('Node.js %s', (version, ok) => {
    expect(nodeVersion(version)[0]).toMatchObject({
      ok,
      ...(ok ? {} : { cure: expect.any(String) as string }),
    });
  });

  it.each([
    ['4.4.2-0ubuntu0.22.04.1', false],
    ['5.0.3', false],
    ['5.1.9-0+deb12u1', true],
    ['n7.1', true],
    ['8.0', true],
    ['N-118000-g1234567', true],
  ])('ffmpeg %s', (version, ok) => {
    expect(ffmpegVersion(version, '/usr/bin/ffmpeg').ok).toBe(ok);
  });

  it('parts that are needed are faults, parts that are useful are notes', async () => {
    const real = await new Ffmpeg(findFfmpeg({ searchPath: process.env['PATH']! })).capabilities();
    expect(ffmpegParts(real).filter((finding) => !finding.ok)).toEqual([]);
    const poor = {
      ...real,
      encoders: new Set([...real.encoders].filter((name) => name !== 'libx264' && name !== 'libopus')),
      filters: new Set([...real.filters].filter((name) => name !== 'gblur')),
    };
    const findings = ffmpegParts(poor);
    expect(named(findings, 'ffmpeg encoders')).toMatchObject({ ok: false, detail: 'without libx264' });
    expect(named(findings, 'ffmpeg filters')).toMatchObject({ ok: false, detail: 'without gblur' });
    expect(named(findings, 'ffmpeg libopus')).toMatchObject({
      ok: true,
      detail: expect.stringContaining('webm'),
    });
  });

  it('little space is a note, hardly any a fault', () => {
    expect(diskSpace(100 * 1024 ** 3)).toEqual({ name: 'Disk space', ok: true, detail: '100.0 GB free' });
    expect(diskSpace(2 * 1024 ** 3)).toMatchObject({ ok: true, cure: expect.any(String) as string });
    expect(diskSpace(100 * 1024 ** 2)).toMatchObject({ ok: false, cure: expect.any(String) as string });
  });
});
