/** S21: files that pose as media and would make ffmpeg or a drawing library open other files or addresses. */
import { accessSync, constants, createReadStream, existsSync, type ReadStream } from 'node:fs';
import { mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Ffmpeg } from '../../../core/ffmpeg.ts';
import { createIngest, type Ingest } from '../../../core/ingest/index.ts';
import { openSharp } from '../../../core/libvips.ts';
import { makeClip, quarters, runFfmpeg, sampleFolder, testFfmpeg } from '../../helpers/samples.ts';

const execute = promisify(execFile);
const STRACE = ['/usr/bin/strace', '/bin/strace'].find((file) => existsSync(file));

let dir: string;
let remove: () => Promise<void>;
let ingest: Ingest;
let inner: Server;
let innerHits = 0;
let samples: string[] = [];
let trace = '';
let traceReader: ReadStream | null = null;
const file = (name: string): string => path.join(dir, name);
const canary = (name: string): string => file(`canary/${name}`);

beforeAll(async () => {
  ({ dir, remove } = await sampleFolder());
  inner = createServer((_request, response) => {
    innerHits += 1;
    response.end();
  });
  await new Promise<void>((resolve) => inner.listen(0, '127.0.0.1', resolve));
  for (const folder of ['canary', 'hostile']) await mkdir(file(folder));
  await writeFile(canary('canary.txt'), 'CANARY-SECRET\n');
  await makeClip(canary('canary.ts'));
  await makeClip(canary('canary.mp4'));
  await quarters(64, 64).png().toFile(canary('canary.png'));
  samples = await writeHostileFiles(`http://127.0.0.1:${(inner.address() as AddressInfo).port}`);
  ingest = createIngest({ ffmpeg: await tracedFfmpeg(), cacheDir: file('cache') });
});
afterAll(async () => {
  inner.close();
  traceReader?.destroy();
  await remove();
});

/** ffmpeg and ffprobe under strace, where there is one: each file they open and address they dial is noted. */
async function tracedFfmpeg(): Promise<Ffmpeg> {
  const { paths } = testFfmpeg();
  if (!STRACE) return new Ffmpeg(paths);
  // Into a pipe: the limit on ffprobe's files (none) would hold for strace's log too.
  await execute('mkfifo', [file('trace')]);
  traceReader = createReadStream(file('trace'), { flags: 'r+', encoding: 'utf8' }).on(
    'data',
    (text) => (trace += String(text)),
  );
  const wrap = async (program: string): Promise<string> => {
    const script = file(`traced-${path.basename(program)}`);
    await writeFile(
      script,
      `#!/bin/sh\nexec ${STRACE} -f -qq -e trace=open,openat,connect,bind -o '${file('trace')}' '${program}' "$@"\n`,
      { mode: 0o755 },
    );
    return script;
  };
  return new Ffmpeg({ ffmpeg: await wrap(paths.ffmpeg), ffprobe: await wrap(paths.ffprobe) });
}

async function writeHostileFiles(innerUrl: string): Promise<string[]> {
  const playlist = (entry: string, key = ''): string =>
    `#EXTM3U\n#EXT-X-TARGETDURATION:10\n${key}#EXTINF:10.0,\n${entry}\n#EXT-X-ENDLIST\n`;
  const concat = (entry: string): string => `ffconcat version 1.0\nfile '${entry}'\n`;
  const dash = (url: string): string =>
    '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static" mediaPresentationDuration="PT2S" minBufferTime="PT1S" profiles="urn:mpeg:dash:profile:isoff-on-demand:2011">' +
    `<Period><AdaptationSet mimeType="video/mp4"><Representation id="1" bandwidth="1000" codecs="avc1.42c01e" width="160" height="120"><BaseURL>${url}</BaseURL><SegmentBase/></Representation></AdaptationSet></Period></MPD>`;
  const svg = (inside: string, head = ''): string =>
    `${head}<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="200" height="200">${inside}</svg>`;
  const entity = `<?xml version="1.0"?><!DOCTYPE svg [<!ENTITY x SYSTEM "file://${canary('canary.txt')}">]>\n`;
  const texts: Record<string, string> = {
    'hls-text': playlist(`file://${canary('canary.txt')}`),
    'hls-ts': playlist(canary('canary.ts')),
    'hls-http': playlist(`${innerUrl}/segment.ts`),
    'hls-key': playlist(`${innerUrl}/segment.ts`, `#EXT-X-KEY:METHOD=AES-128,URI="${innerUrl}/key"\n`),
    'hls-concat': playlist(`concat:file://${canary('canary.txt')}|file://${canary('canary.ts')}`),
    'hls-subfile': playlist(`subfile,,start,0,end,0,,:${canary('canary.ts')}`),
    'concat-file': concat(canary('canary.mp4')),
    'concat-up': concat('../canary/canary.mp4'),
    'concat-http': concat(`${innerUrl}/clip.mp4`),
    'dash-file': dash(`file://${canary('canary.mp4')}`),
    'dash-http': dash(`${innerUrl}/clip.mp4`),
    'svg-image': svg(`<image xlink:href="file://${canary('canary.png')}" width="100" height="100"/>`),
    'svg-http': svg(`<image href="${innerUrl}/picture.png" width="10" height="10"/>`),
    'svg-entity': svg('<text x="5" y="30">&x;</text>', entity),
    sdp: 'v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=video 7482 RTP/AVP 96\na=rtpmap:96 H264/90000\n',
    asx: `[Reference]\nRef1=${innerUrl}/clip.mp4\n`,
    vobsub: '# VobSub index file, v7 (do not modify this line!)\nsize: 720x480\n',
    ansi: 'hello \u001b[31mansi',
  };
  const names: string[] = [];
  for (const [name, text] of Object.entries(texts)) {
    for (const extension of ['png', 'mp4', 'mp3']) {
      names.push(`${name}.${extension}`);
      await writeFile(file(`hostile/${name}.${extension}`), text);
    }
  }
  return names;
}

describe('S21', () => {
  it.runIf(STRACE)('traces would show an open canary (the test itself works)', async () => {
    await execute(file('traced-ffprobe'), [
      '-v',
      'quiet',
      '-allowed_extensions',
      'ALL',
      file('hostile/hls-ts.mp4'),
    ]).catch(() => {});
    await expect.poll(() => trace).toContain('canary.ts');
    trace = '';
    // And through our own door, where ffprobe may write no file.
    await makeClip(file('ordinary.mp4'));
    await ingest.clip('ordinary.mp4', { baseDir: dir });
    await expect.poll(() => trace).toContain('original-');
  });

  it('refuses every playlist, drawing and text in disguise, as whatever it is used', async () => {
    for (const name of samples) {
      for (const use of ['picture', 'clip', 'track'] as const)
        await expect(
          ingest[use](`hostile/${name}`, { baseDir: dir }),
          `${name} as ${use}`,
        ).rejects.toMatchObject({ code: 'media_unusable', hint: expect.any(String) });
    }
    expect(trace).not.toContain('canary/');
    expect(innerHits).toBe(0);
  });

  it('says what they are', async () => {
    await expect(ingest.picture('hostile/svg-image.png', { baseDir: dir })).rejects.toMatchObject({
      message: expect.stringContaining('SVG'),
      hint: expect.stringContaining('PNG'),
    });
    await expect(ingest.clip('hostile/hls-ts.mp4', { baseDir: dir })).rejects.toMatchObject({
      message: expect.stringContaining('playlist'),
    });
  });

  it('lets no other loader of the picture library run', async () => {
    await openSharp();
    await writeFile(file('drawing.svg'), '<svg xmlns="http://www.w3.org/2000/svg" width="10" height="10"/>');
    await expect(sharp(file('drawing.svg')).metadata()).rejects.toThrow(/unsupported|block/i);
    await expect(sharp(await readFile(file('drawing.svg'))).metadata()).rejects.toThrow(/unsupported|block/i);
  });
});

describe('where files may lie', () => {
  beforeAll(async () => {
    for (const folder of ['board', 'board/pictures', 'extra', 'assets']) await mkdir(file(folder));
    for (const place of ['board/pictures/in.png', 'extra/in.png', 'outside.png', 'assets/abc123'])
      await quarters(20, 10).png().toFile(file(place));
    await symlink(file('outside.png'), file('board/link.png'));
    await symlink(file('board/pictures/in.png'), file('board/good-link.png'));
    await symlink(file('canary'), file('board/folder'));
    await symlink(file('outside.png'), file('assets/linked'));
    await execute('mkfifo', [file('board/pipe.png')]);
  });
  const board = (src: string, context: object = {}) =>
    ingest.picture(src, { baseDir: file('board'), ...context });

  it('takes files in the folder, in the roots, and links that stay inside', async () => {
    expect(await board('pictures/in.png')).toMatchObject({ width: 20 });
    expect(await board('./pictures/../pictures/in.png')).toMatchObject({ width: 20 });
    expect(await board('good-link.png')).toMatchObject({ width: 20 });
    expect(await board(file('board/pictures/in.png'))).toMatchObject({ width: 20 });
    expect(await board(file('extra/in.png'), { roots: [file('extra')] })).toMatchObject({ width: 20 });
    expect(await ingest.picture('in.png', { roots: [file('extra')] })).toMatchObject({ width: 20 });
  });

  it.each([
    '../outside.png',
    '/etc/passwd',
    'pictures/../../outside.png',
    'link.png',
    'folder/canary.png',
    '.',
    '..',
    '../board-not-there/x.png',
    '/etc/not-there',
  ])('refuses %s', async (src) => {
    await expect(board(src)).rejects.toMatchObject({ code: 'url_not_allowed' });
  });

  it('refuses what is not a file, or is not there', async () => {
    await expect(board('pictures')).rejects.toMatchObject({ code: 'media_unusable' });
    await expect(board('pipe.png')).rejects.toMatchObject({
      code: 'media_unusable',
      message: 'This is not a file.',
    });
    await expect(board('missing.png')).rejects.toMatchObject({
      code: 'media_unusable',
      message: expect.stringContaining('missing.png'),
    });
    await expect(board('a\0b.png')).rejects.toMatchObject({ code: 'media_unusable' });
  });

  it('refuses all paths where none are allowed', async () => {
    await expect(ingest.picture('pictures/in.png')).rejects.toMatchObject({
      code: 'url_not_allowed',
      hint: expect.stringContaining('asset:'),
    });
    await expect(ingest.picture(file('board/pictures/in.png'))).rejects.toMatchObject({
      code: 'url_not_allowed',
    });
  });

  it('finds uploads by id and nothing else by them', async () => {
    const own = createIngest({ ffmpeg: testFfmpeg(), cacheDir: file('cache'), assetsDir: file('assets') });
    expect(await own.picture('asset:abc123')).toMatchObject({ width: 20 });
    for (const id of [
      '../outside.png',
      '..',
      '.',
      '',
      'abc123/',
      '/etc/passwd',
      'abc 123',
      '.hidden',
      '%2e%2e',
      'linked',
      'nobody',
      '-x',
    ])
      await expect(own.picture(`asset:${id}`), id).rejects.toMatchObject({
        code: 'media_unusable',
        hint: expect.stringMatching(/upload/i),
      });
    await expect(ingest.picture('asset:abc123')).rejects.toMatchObject({ code: 'media_unusable' });
  });

  it('writes its own file and leaves the source alone', async () => {
    const before = await readFile(file('board/pictures/in.png'));
    const picture = await board('pictures/in.png');
    expect(path.dirname(picture.path)).toBe(file('cache'));
    accessSync(picture.path, constants.R_OK);
    expect((await readFile(file('board/pictures/in.png'))).equals(before)).toBe(true);
    await runFfmpeg(
      '-f',
      'lavfi',
      '-i',
      'color=blue:s=30x30',
      '-frames:v',
      '1',
      '-update',
      '1',
      file('board/pictures/in.png'),
    );
    // The same name with other content is another picture.
    expect((await board('pictures/in.png')).width).toBe(30);
  });
});
