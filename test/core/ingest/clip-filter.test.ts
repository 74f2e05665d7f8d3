import { readFile, writeFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { normaliseFilter } from '../../../core/ingest/index.ts';
import { readFfmpeg, runFfmpeg } from '../../helpers/samples.ts';
import {
  BLUE,
  expectColours,
  GREEN,
  plain,
  PRIMARIES,
  quartersClip,
  RED,
  shownColours,
  WHITE,
  x264,
  useClipFolder,
} from './clip-frames.ts';

const { file, take } = useClipFolder();

describe('looks', () => {
  it.each([
    ['BT.601, as untagged SD is', plain, []],
    [
      'BT.709',
      'scale=out_color_matrix=bt709:out_range=limited,format=yuv420p',
      ['-colorspace', 'bt709', '-color_range', 'tv'],
    ],
    [
      'full range',
      'scale=out_color_matrix=bt601:out_range=full,format=yuvj420p',
      ['-colorspace', 'smpte170m', '-color_range', 'pc'],
    ],
    [
      '4:4:4 at 10 bit',
      'scale=out_color_matrix=bt709:out_range=limited,format=yuv444p10le',
      ['-colorspace', 'bt709', '-color_range', 'tv'],
    ],
    [
      '4:2:2 BT.601',
      'scale=out_color_matrix=bt601:out_range=limited,format=yuv422p',
      ['-colorspace', 'bt470bg'],
    ],
    [
      'BT.2020 colours without HDR',
      'scale=out_color_matrix=bt2020:out_range=limited,format=yuv420p10le',
      ['-colorspace', 'bt2020nc', '-color_primaries', 'bt709', '-color_trc', 'bt709'],
    ],
  ])('shows the same colours from %s', async (name, filter, tags) => {
    const sample = `${name.replaceAll(/\W/g, '-')}.mp4`;
    await quartersClip(sample, filter, ...x264, ...tags);
    expectColours(await shownColours(await take(sample)), PRIMARIES);
  });

  it('shows RGB video', async () => {
    await quartersClip('rgb.mov', 'format=rgb24', '-c:v', 'qtrle');
    expectColours(await shownColours(await take('rgb.mov')), PRIMARIES);
  });

  it.each([
    [90, [0, 1, -1, 0], [BLUE, RED, WHITE, GREEN]],
    [180, [-1, 0, 0, -1], [WHITE, BLUE, GREEN, RED]],
    [270, [0, -1, 1, 0], [GREEN, WHITE, RED, BLUE]],
  ])('turns a clip recorded at %i° upright exactly once', async (rotation, matrix, expected) => {
    await quartersClip('upright.mp4', plain, ...x264);
    await writeFile(file(`turned${rotation}.mp4`), withMatrix(await readFile(file('upright.mp4')), matrix));
    const clip = await take(`turned${rotation}.mp4`);
    const sideways = rotation !== 180;
    expect(clip).toMatchObject({ rotation, width: sideways ? 128 : 192, height: sideways ? 192 : 128 });
    expectColours(await shownColours(clip), expected);
  });

  it('makes pixels square', async () => {
    await quartersClip('wide.mp4', `${plain},setsar=4/3`, ...x264);
    await quartersClip('tall.mp4', `${plain},setsar=3/4`, ...x264);
    const wide = await take('wide.mp4');
    const tall = await take('tall.mp4');
    expect(wide).toMatchObject({ width: 256, height: 128 });
    expect(tall).toMatchObject({ width: 192, height: 170 });
    expectColours(await shownColours(wide), PRIMARIES);
    expectColours(await shownColours(tall), PRIMARIES);
  });

  it('cuts odd sides to even ones', async () => {
    await quartersClip(
      'odd.webm',
      'scale=161:121:out_color_matrix=bt601,setsar=1,format=yuv420p',
      '-c:v',
      'libvpx-vp9',
      '-b:v',
      '2M',
      '-deadline',
      'realtime',
      '-cpu-used',
      '8',
    );
    const clip = await take('odd.webm');
    expect(clip).toMatchObject({ width: 160, height: 120 });
    expectColours(await shownColours(clip), PRIMARIES, 18);
  });

  it.each([
    [8, 1, null],
    [8, 4, null],
    [5, 0, /Dolby Vision without an ordinary picture/],
  ])(
    'takes the base layer of Dolby Vision profile %i.%i where there is one',
    async (profile, base, refusal) => {
      const colours = 'colorprim=bt2020:transfer=smpte2084:colormatrix=bt2020nc:log-level=none';
      const hevc = ['-c:v', 'libx265', '-preset', 'ultrafast', '-pix_fmt', 'yuv420p10le'];
      await quartersClip('hdr.mp4', 'format=yuv420p10le', ...hevc, '-x265-params', colours);
      await writeFile(file('dolby.mp4'), withDolbyVision(await readFile(file('hdr.mp4')), profile, base));
      if (refusal) await expect(take('dolby.mp4')).rejects.toThrow(refusal);
      else expect(await take('dolby.mp4')).toMatchObject({ hdr: 'pq', codec: 'hevc' });
    },
  );

  it.each([
    [
      'h264.mp4',
      [
        '-c:v',
        'libx264',
        '-preset',
        'veryfast',
        '-crf',
        '5',
        '-flags',
        '+ildct+ilme',
        '-x264-params',
        'tff=1',
      ],
    ],
    // Neither container nor header says so of these; only the frames do, or the format always is.
    ['mpeg4.avi', ['-c:v', 'mpeg4', '-q:v', '2', '-flags', '+ildct+ilme']],
    ['dv.avi', ['-s', '720x576', '-c:v', 'dvvideo']],
  ])('removes the combs of interlaced %s', async (name, encode) => {
    const moving = 'color=black:s=720x576:r=50:d=1,drawbox=x=0:y=0:w=90:h=576:c=white:t=fill,scroll=h=0.06';
    const fields = name.startsWith('dv') ? 'bff' : 'tff';
    const interlace = `interlace=scan=${fields}:lowpass=off,setfield=${fields},format=yuv420p`;
    await runFfmpeg('-f', 'lavfi', '-i', `${moving},${interlace}`, ...encode, file(name));
    const clip = await take(name);
    expect(clip.interlaced).toBe(true);
    const comb = async (filter: string): Promise<number> => {
      const frame = await readFfmpeg(
        '-ss',
        '0.5',
        '-i',
        clip.path,
        '-vf',
        filter,
        '-frames:v',
        '1',
        '-f',
        'rawvideo',
        '-pix_fmt',
        'gray',
      );
      let sum = 0;
      // Rows against their neighbours: every other row is off by the movement of one field.
      for (let y = 40; y < 530; y += 1)
        for (let x = 0; x < 720; x += 1) sum += Math.abs(frame[y * 720 + x]! - frame[(y + 1) * 720 + x]!);
      return sum;
    };
    expect(await comb('null')).toBeGreaterThan(100_000);
    expect(await comb(normaliseFilter(clip))).toBeLessThan((await comb('null')) / 10);
  });

  it.each([
    // 203 cd/m² is reference white, coded 58 % in PQ and 75 % in HLG (BT.2408): a bright, unclipped white in SDR.
    ['pq', 'smpte2084', 573],
    ['hlg', 'arib-std-b67', 721],
  ])('maps %s to SDR', async (hdr, transfer, code) => {
    await runFfmpeg(
      ...[
        '-f',
        'lavfi',
        '-i',
        'color=black:s=64x64:r=10:d=0.3',
        '-vf',
        `format=yuv420p10le,geq=lum=${code}:cb=512:cr=512`,
        '-c:v',
        'libx265',
        '-preset',
        'ultrafast',
      ],
      ...[
        '-x265-params',
        `log-level=none:colorprim=bt2020:transfer=${transfer}:colormatrix=bt2020nc:range=limited`,
        file(`${hdr}.mp4`),
      ],
    );
    const clip = await take(`${hdr}.mp4`);
    expect(clip.hdr).toBe(hdr);
    for (const filter of [normaliseFilter(clip), normaliseFilter(clip, { width: 16, height: 16 })]) {
      const [luma] = await readFfmpeg('-i', clip.path, '-vf', filter, '-frames:v', '1', '-f', 'rawvideo');
      expect(luma).toBeGreaterThan(185);
      expect(luma).toBeLessThan(215);
    }
  });
});

/** Sets the display matrix of an MP4's only track: a, b, c, d as in the tkhd box. */
function withMatrix(mp4: Buffer, [a, b, c, d]: number[]): Buffer {
  const matrix = [a!, b!, 0, c!, d!, 0, 0, 0, 0x4000];
  const at = mp4.indexOf('tkhd', 0, 'latin1') + 44;
  matrix.forEach((value, index) => mp4.writeInt32BE(value * 0x10000, at + index * 4));
  return mp4;
}

/**
 * An MP4 whose sample entry says Dolby Vision ("Dolby Vision Streams Within the ISO Base Media File
 * Format", 2.2). Its index must lie behind the pictures, as ffmpeg writes it, so that no offset changes.
 */
function withDolbyVision(mp4: Buffer, profile: number, base: number): Buffer {
  const configuration = Buffer.alloc(32);
  configuration.writeUInt32BE(32, 0);
  configuration.write(profile > 7 ? 'dvvC' : 'dvcC', 4, 'latin1');
  configuration.set([1, 0, profile << 1, (1 << 3) | 0b101, base << 4], 8);
  const parents: number[] = [];
  let at = 0;
  for (const name of ['moov', 'trak', 'mdia', 'minf', 'stbl', 'stsd']) {
    while (mp4.toString('latin1', at + 4, at + 8) !== name) at += mp4.readUInt32BE(at);
    parents.push(at);
    at += 8;
  }
  const entry = at + 8;
  const end = entry + mp4.readUInt32BE(entry);
  const whole = Buffer.concat([mp4.subarray(0, end), configuration, mp4.subarray(end)]);
  for (const box of [...parents, entry])
    whole.writeUInt32BE(mp4.readUInt32BE(box) + configuration.length, box);
  return whole;
}
