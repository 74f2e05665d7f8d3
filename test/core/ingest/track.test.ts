import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createIngest, type Ingest, type Track } from '../../../core/ingest/index.ts';
import {
  makeClip,
  makeTone,
  quarters,
  readFfmpeg,
  runFfmpeg,
  sampleFolder,
  testFfmpeg,
} from '../../helpers/samples.ts';

let dir: string;
let remove: () => Promise<void>;
let ingest: Ingest;
const file = (name: string): string => path.join(dir, name);
const take = (name: string): Promise<Track> => ingest.track(name, { baseDir: dir });

beforeAll(async () => {
  ({ dir, remove } = await sampleFolder());
  ingest = createIngest({ ffmpeg: testFfmpeg(), cacheDir: file('cache') });
});
afterAll(() => remove());

/** The two channels as they are in the file. */
async function channels(track: Track): Promise<{ left: number[]; right: number[] }> {
  const bytes = await readFfmpeg('-i', track.path, '-f', 'f32le');
  const all = new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length));
  return {
    left: [...all].filter((_, index) => index % 2 === 0),
    right: [...all].filter((_, index) => index % 2 === 1),
  };
}

const rms = (samples: number[]): number =>
  Math.sqrt(samples.reduce((sum, value) => sum + value * value, 0) / samples.length);

describe('formats', () => {
  it.each([
    ['tone.mp3', []],
    ['tone.aac', []],
    ['tone.m4a', []],
    ['tone.flac', []],
    ['tone.ogg', ['-c:a', 'libvorbis']],
    ['tone.opus', ['-c:a', 'libopus']],
    ['deep.wav', ['-c:a', 'pcm_s24le', '-ar', '96000']],
    ['phone.wav', ['-c:a', 'pcm_mulaw', '-ar', '8000']],
    ['tone.aiff', []],
    ['sound-only.webm', ['-c:a', 'libopus']],
    ['tone.wma', ['-c:a', 'wmav2']],
    ['tone.ac3', []],
    ['gsm.wav', ['-c:a', 'gsm_ms', '-ar', '8000']],
  ])('decodes %s to 48 kHz stereo at its own level', async (name, encode) => {
    await makeTone(file(name), { encode: ['-af', 'volume=4', ...encode] });
    const track = await take(name);
    expect(track).toMatchObject({ kind: 'track', channels: 2, sampleRate: 48_000 });
    expect(Math.abs(track.durationS - 1)).toBeLessThan(0.08);
    const probe = await testFfmpeg().probe(track.path);
    expect(probe.streams[0]).toMatchObject({ codec_name: 'pcm_f32le', sample_rate: 48_000, channels: 2 });
    const { left, right } = await channels(track);
    expect(left.length / 48_000).toBeCloseTo(track.durationS, 6);
    // lavfi's sine is at 1/8; four times that, over root two.
    const middle = (samples: number[]): number => rms(samples.slice(12_000, 36_000));
    expect(middle(left)).toBeCloseTo(0.5 / Math.SQRT2, 1);
    expect(middle(right)).toBeCloseTo(middle(left), 4);
  });

  it('decodes AMR', async () => {
    // A second of AMR-NB at 12.2 kbit/s: 50 frames of a header byte and 31 bytes of zeros.
    const frame = Buffer.concat([Buffer.from([0x3c]), Buffer.alloc(31)]);
    await writeFile(
      file('voice.amr'),
      Buffer.concat([Buffer.from('#!AMR\n'), ...Array<Buffer>(50).fill(frame)]),
    );
    expect((await take('voice.amr')).durationS).toBeCloseTo(1, 1);
  });

  it('keeps the pauses that AMR sends nothing of', async () => {
    // Half a second of noise, a second of frames that hold nothing (RFC 4867, 5.3), noise again; 20 ms each.
    const speech = Buffer.concat([Buffer.from([0x3c]), Buffer.alloc(31, 0x5a)]);
    const noData = Buffer.from([0x7c]);
    await writeFile(
      file('pause.amr'),
      Buffer.concat([
        Buffer.from('#!AMR\n'),
        ...Array<Buffer>(25).fill(speech),
        ...Array<Buffer>(50).fill(noData),
        ...Array<Buffer>(25).fill(speech),
      ]),
    );
    const track = await take('pause.amr');
    expect(track.durationS).toBeCloseTo(2, 1);
    expect(track.warnings).toEqual([]);
    const { left } = await channels(track);
    expect(rms(left.slice(0, 20_000))).toBeGreaterThan(0);
    expect(rms(left.slice(30_000, 66_000))).toBeLessThan(rms(left.slice(0, 20_000)) / 100);
    expect(rms(left.slice(75_000, 94_000))).toBeGreaterThan(0);
  });

  it('believes no length that is only guessed from the first frames', async () => {
    // Silence takes 32 kbit/s of a variable bit rate, noise 250; no header says how long it is.
    await runFfmpeg(
      ...['-f', 'lavfi', '-i', 'anullsrc=r=44100:cl=mono:d=2', '-f', 'lavfi', '-i', 'anoisesrc=r=44100:d=3'],
      ...['-filter_complex', 'concat=n=2:v=0:a=1', '-q:a', '0', '-write_xing', '0', file('vbr.mp3')],
    );
    const own = createIngest({
      ffmpeg: testFfmpeg(),
      cacheDir: file('cache-vbr'),
      limits: { trackSeconds: 7 },
    });
    const track = await own.track('vbr.mp3', { baseDir: dir });
    expect(track.durationS).toBeCloseTo(5, 0);
    expect(track.warnings).toEqual([]);
  });

  it('mixes 5.1 down so that its centre is heard on both sides', async () => {
    await runFfmpeg(
      '-f',
      'lavfi',
      '-i',
      "aevalsrc='0|0|0.5*sin(2*PI*440*t)|0|0|0':c=5.1:d=0.5",
      file('surround.wav'),
    );
    const { left, right } = await channels(await take('surround.wav'));
    expect(rms(left)).toBeGreaterThan(0.2);
    expect(rms(left)).toBeCloseTo(rms(right), 4);
  });

  it('takes the sound of a clip', async () => {
    await makeClip(file('clip.mp4'), { tone: 440 });
    expect((await take('clip.mp4')).durationS).toBeCloseTo(1, 1);
  });

  it('lets neither NaN nor infinity into the mix', async () => {
    await writeFile(
      file('loud.wav'),
      floatWav([0.5, Number.NaN, Number.POSITIVE_INFINITY, ...Array<number>(9600).fill(0.25)]),
    );
    const { left } = await channels(await take('loud.wav'));
    expect(left.every(Number.isFinite)).toBe(true);
    expect(left.at(-100)).toBeCloseTo(0.25, 5);
  });
});

describe('refusals', () => {
  it('refuses what has no sound', async () => {
    await makeClip(file('silent.mp4'));
    await quarters(20, 20).png().toFile(file('picture.mp3'));
    await writeFile(file('nothing.wav'), floatWav([]));
    await expect(take('silent.mp4')).rejects.toMatchObject({
      code: 'media_unusable',
      message: expect.stringContaining('no sound'),
    });
    await expect(take('picture.mp3')).rejects.toMatchObject({
      code: 'media_unusable',
      message: expect.stringContaining('picture'),
    });
    await expect(take('nothing.wav')).rejects.toMatchObject({ code: 'media_unusable' });
  });

  it('S22: refuses ten hours by the header, and more than it says by what comes out', async () => {
    await makeTone(file('second.flac'));
    const flac = await readFile(file('second.flac'));
    flac.writeUInt32BE(36_000 * 48_000, 22); // total samples, in the stream's own header
    await writeFile(file('hours.flac'), flac);
    await expect(take('hours.flac')).rejects.toMatchObject({
      code: 'media_unusable',
      message: expect.stringContaining('3600 s'),
      hint: expect.any(String),
    });
    const short = createIngest({
      ffmpeg: testFfmpeg(),
      cacheDir: file('cache-short'),
      limits: { trackSeconds: 2 },
    });
    // Raw AAC does not say how long it is.
    await makeTone(file('unknown.aac'), { seconds: 4 });
    await expect(short.track('unknown.aac', { baseDir: dir })).rejects.toThrow(/longer than 2 s/);
  });

  it('refuses more channels than anybody has', async () => {
    await runFfmpeg('-f', 'lavfi', '-i', 'anullsrc=r=8000:cl=hexadecagonal', '-t', '0.2', file('many.wav'));
    await expect(take('many.wav')).rejects.toMatchObject({ message: expect.stringContaining('16 channels') });
  });

  it('warns of a track that ends too early', async () => {
    await makeTone(file('long.flac'), { seconds: 4 });
    const whole = await readFile(file('long.flac'));
    await writeFile(file('cut.flac'), whole.subarray(0, whole.length / 2));
    const track = await take('cut.flac');
    expect(track.durationS).toBeLessThan(3);
    expect(track.warnings.join()).toContain('cut short');
  });
});

/** A mono 48 kHz float WAV of these samples. */
function floatWav(samples: number[]): Buffer {
  const header = Buffer.alloc(44);
  header.write('RIFF', 0, 'latin1');
  header.writeUInt32LE(36 + samples.length * 4, 4);
  header.write('WAVEfmt ', 8, 'latin1');
  header.writeUInt32LE(16, 16);
  header.writeUInt16LE(3, 20);
  header.writeUInt16LE(1, 22);
  header.writeUInt32LE(48_000, 24);
  header.writeUInt32LE(192_000, 28);
  header.writeUInt16LE(4, 32);
  header.writeUInt16LE(32, 34);
  header.write('data', 36, 'latin1');
  header.writeUInt32LE(samples.length * 4, 40);
  return Buffer.concat([header, Buffer.from(Float32Array.from(samples).buffer)]);
}
