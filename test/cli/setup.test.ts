/** scripts/setup with a machine made of small stand-ins: what it installs, says and leaves alone. */
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { root } from './run-cli.ts';

let machine: string;
const bin = (name: string): string => path.join(machine, 'bin', name);
const have = (name: string, script = 'exit 0'): void => {
  writeFileSync(bin(name), `#!/bin/sh\n${script}\n`);
  chmodSync(bin(name), 0o755);
};

/** apt-get that notes what it is asked and brings along each package it is told to install. */
const apt = `echo "$*" >> "$MACHINE/log"
case "$*" in
  *' update'*) exit "\${UPDATE_FAILS:-0}" ;;
  *' install '*)
    for word in "$@"; do
      case $word in
        "\${BROKEN:-none}") exit 100 ;;
        ffmpeg) cp "$MACHINE/bin/true" "$MACHINE/bin/ffmpeg"; cp "$MACHINE/bin/true" "$MACHINE/bin/ffprobe" ;;
        redis-server|chromium|bzip2) cp "$MACHINE/bin/true" "$MACHINE/bin/$word" ;;
        fonts-noto-cjk) echo 'Noto Sans CJK JP' >> "$MACHINE/fonts" ;;
        fonts-noto-color-emoji) echo 'Noto Color Emoji' >> "$MACHINE/fonts" ;;
      esac
    done ;;
esac`;

beforeEach(() => {
  machine = mkdtempSync(path.join(tmpdir(), 'genscene-setup-'));
  for (const folder of ['bin', 'project/scripts']) mkdirSync(path.join(machine, folder), { recursive: true });
  // A copy of the script: beside ours there may be an ffmpeg-static.
  writeFileSync(path.join(machine, 'project/scripts/setup'), readFileSync(path.join(root, 'scripts/setup')), {
    mode: 0o755,
  });
  for (const tool of ['sh', 'dirname', 'sed', 'grep', 'cat', 'cp', 'env']) {
    const place = ['/usr/bin', '/bin'].map((folder) => path.join(folder, tool)).find(existsSync);
    symlinkSync(place!, bin(tool));
  }
  have('true', 'echo "ffmpeg version 5.1.9 Copyright"');
  have('fc-list', 'cat "$MACHINE/fonts" 2>/dev/null');
  have('id', 'echo "${USER_ID:-0}"');
  writeFileSync(path.join(machine, 'fonts'), '');
});
afterEach(() => rmSync(machine, { recursive: true, force: true }));

function setup(
  args: string[],
  env: Record<string, string> = {},
): { code: number | null; output: string; asked: string[] } {
  const run = spawnSync(path.join(machine, 'project/scripts/setup'), args, {
    encoding: 'utf8',
    env: { PATH: path.join(machine, 'bin'), MACHINE: machine, ...env },
  });
  const log = path.join(machine, 'log');
  const asked = existsSync(log) ? readFileSync(log, 'utf8').trim().split('\n').map((line) => line.replaceAll(/-o \S+ /g, '')) : []; // prettier-ignore
  return { code: run.status, output: `${run.stdout}${run.stderr}`, asked };
}

describe('scripts/setup', () => {
  it('installs what is missing, once, and then changes nothing', () => {
    have('apt-get', apt);
    const first = setup(['--test']);
    expect(first.code).toBe(0);
    expect(first.asked).toEqual([
      'update -q',
      'install -q -y --no-install-recommends ffmpeg fonts-noto-cjk fonts-noto-color-emoji redis-server chromium bzip2',
    ]);
    expect(first.output).toContain('everything is here now (ffmpeg version 5.1.9)');
    const second = setup(['--test']);
    expect(second).toMatchObject({
      code: 0,
      output: 'setup: everything is here (ffmpeg version 5.1.9)\n',
      asked: first.asked,
    });
  });

  it('for the demo needs only ffmpeg and fonts', () => {
    have('apt-get', apt);
    expect(setup(['--demo']).asked.at(-1)).toBe(
      'install -q -y --no-install-recommends ffmpeg fonts-noto-cjk fonts-noto-color-emoji',
    );
  });

  it('tries again where the lists could not be fetched, and goes without a package that cannot be had', () => {
    have('apt-get', apt);
    const { code, output, asked } = setup([], { UPDATE_FAILS: '1', BROKEN: 'chromium' });
    expect(asked.filter((line) => line.startsWith('update'))).toHaveLength(2);
    expect(output).toContain('chromium could not be installed');
    expect(output).toContain('without chromium the tests of pages cannot run');
    expect(code).toBe(0);
  });

  it('uses sudo where it may, and otherwise says what to type', () => {
    have('apt-get', apt);
    const alone = setup(['--demo'], { USER_ID: '1000' });
    expect(alone).toMatchObject({ code: 1, asked: [] });
    expect(alone.output).toContain('sudo apt-get update && sudo apt-get install ffmpeg fonts-noto-cjk');
    have('sudo', 'echo sudo >> "$MACHINE/log"; shift; "$@"');
    expect(setup(['--demo'], { USER_ID: '1000' })).toMatchObject({
      code: 0,
      asked: expect.arrayContaining(['sudo']),
    });
  });

  it('--check only looks; other systems are told the names', () => {
    have('apt-get', apt);
    const { code, output, asked } = setup(['--check']);
    expect({ code, asked }).toEqual({ code: 1, asked: [] });
    expect(output).toContain('missing: ffmpeg cjk-fonts emoji-fonts redis chromium bzip2');
    rmSync(bin('apt-get'));
    expect(setup([]).output).toContain('please install with your package manager');
  });

  it('takes FFMPEG_PATH and ffmpeg-static for an ffmpeg, if there is an ffprobe', () => {
    const folder = path.join(machine, 'project/node_modules/ffmpeg-static');
    mkdirSync(folder, { recursive: true });
    symlinkSync(bin('true'), path.join(folder, 'ffmpeg'));
    expect(setup(['--demo', '--check']).output).toContain('missing: ffmpeg');
    have('ffprobe');
    expect(setup(['--demo', '--check']).output).toContain('missing: cjk-fonts');
    rmSync(folder, { recursive: true });
    expect(setup(['--demo', '--check'], { FFMPEG_PATH: bin('true') }).output).toContain('missing: cjk-fonts');
    expect(setup(['--demo', '--check'], { FFMPEG_PATH: '/nowhere' }).output).toContain('missing: ffmpeg');
  });

  it('refuses arguments it does not know', () => {
    expect(setup(['--dmeo'])).toMatchObject({
      code: 2,
      output: expect.stringContaining('unknown argument --dmeo'),
    });
  });
});
