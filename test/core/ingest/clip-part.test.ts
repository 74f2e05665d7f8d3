import { describe, expect, it } from 'vitest';
import { normaliseFilter } from '../../../core/ingest/index.ts';
import { makeClip, readFfmpeg, runFfmpeg, testFfmpeg } from '../../helpers/samples.ts';
import { x264, useClipFolder } from './clip-frames.ts';

const { file, take } = useClipFolder();

describe('time', () => {
  it('keeps what an edit list hides hidden', async () => {
    await runFfmpeg(
      '-f',
      'lavfi',
      '-i',
      'testsrc=s=160x120:r=25:d=4',
      '-c:v',
      'libx264',
      '-preset',
      'ultrafast',
      '-bf',
      '2',
      '-g',
      '100',
      '-pix_fmt',
      'yuv420p',
      file('long.mp4'),
    );
    await runFfmpeg('-ss', '1.52', '-i', file('long.mp4'), '-c', 'copy', file('trimmed.mp4'));
    const clip = await take('trimmed.mp4');
    expect(clip.durationS).toBeCloseTo(2.48, 1);
    const ours = await readFfmpeg(
      '-copyts',
      '-i',
      clip.path,
      '-vf',
      normaliseFilter(clip),
      '-frames:v',
      '1',
      '-f',
      'rawvideo',
    );
    const original = await readFfmpeg(
      '-ss',
      '1.52',
      '-i',
      file('long.mp4'),
      '-vf',
      normaliseFilter(clip),
      '-frames:v',
      '1',
      '-f',
      'rawvideo',
    );
    expect(ours.equals(original)).toBe(true);
  });

  it('starts at zero and keeps picture and sound together when the picture starts later', async () => {
    // A tone that begins exactly with the picture, half a second into the file.
    await runFfmpeg(
      ...[
        '-f',
        'lavfi',
        '-i',
        "aevalsrc='if(gte(t,0.5),0.5*sin(2*PI*1000*t),0)':s=48000:d=2",
        '-itsoffset',
        '0.5',
        '-f',
        'lavfi',
        '-i',
        'testsrc=s=160x120:r=25:d=1.5',
      ],
      ...[
        '-map',
        '1:v',
        '-map',
        '0:a',
        ...x264,
        '-pix_fmt',
        'yuv420p',
        '-c:a',
        'pcm_s16le',
        '-fps_mode',
        'vfr',
        file('late.mov'),
      ],
    );
    const clip = await take('late.mov');
    const probe = await testFfmpeg().probe(clip.path);
    expect(Number(probe.streams[0]!['start_time'])).toBeCloseTo(0, 2);
    expect(clip.durationS).toBeCloseTo(1.5, 1);
    const sound = await samples(clip.audio!.path);
    expect(level(sound, 0, 0.05)).toBeGreaterThan(0.3);
    expect(clip.audio!.durationS).toBeCloseTo(clip.durationS, 3);
  });

  it('cuts the wanted part, its sound to the sample', async () => {
    await runFfmpeg(
      ...[
        '-f',
        'lavfi',
        '-i',
        'testsrc=s=160x120:r=25:d=2',
        '-f',
        'lavfi',
        '-i',
        "aevalsrc='if(between(t,1.1,1.2),0.5*sin(2*PI*1000*t),0)':s=48000:d=2",
      ],
      ...[...x264, '-pix_fmt', 'yuv420p', '-c:a', 'flac', '-strict', '-2', file('beep.mp4')],
    );
    const clip = await take('beep.mp4', { start: 1, end: 1.5 });
    expect(clip).toMatchObject({ startS: 1, durationS: 0.5 });
    const sound = await samples(clip.audio!.path);
    expect(sound.length / 2).toBe(24_000);
    expect(level(sound, 0.02, 0.09)).toBeLessThan(0.001);
    expect(level(sound, 0.11, 0.19)).toBeGreaterThan(0.3);
    expect(level(sound, 0.22, 0.5)).toBeLessThan(0.001);
    const whole = await take('beep.mp4', { sound: false });
    expect(whole).toMatchObject({ hash: clip.hash, path: clip.path, audio: null });
  });

  it('takes clips of a tenth of a second, and of one frame', async () => {
    await makeClip(file('tenth.mp4'), { seconds: 0.1, fps: 30, tone: 440 });
    await makeClip(file('frame.avi'), { seconds: 0.04, fps: 25, encode: ['-c:v', 'mpeg4'] });
    const tenth = await take('tenth.mp4');
    expect(tenth.durationS).toBeCloseTo(0.1, 2);
    expect(tenth.audio?.durationS).toBeCloseTo(tenth.durationS, 4);
    expect((await take('frame.avi')).durationS).toBeCloseTo(0.04, 2);
  });

  it('fills up sound that ends before the picture', async () => {
    await runFfmpeg(
      '-f',
      'lavfi',
      '-i',
      'testsrc=s=160x120:r=25:d=2',
      '-f',
      'lavfi',
      '-i',
      'sine=d=0.5',
      ...x264,
      '-pix_fmt',
      'yuv420p',
      '-c:a',
      'aac',
      file('short-sound.mp4'),
    );
    const clip = await take('short-sound.mp4');
    expect(clip.audio!.durationS).toBeCloseTo(clip.durationS, 4);
  });

  it('names the option that does not fit', async () => {
    await makeClip(file('second.mp4'));
    await expect(take('second.mp4', { start: 5 })).rejects.toMatchObject({
      code: 'media_unusable',
      issues: [{ path: 'start' }],
    });
    await expect(take('second.mp4', { start: 0.5, end: 0.5 })).rejects.toMatchObject({
      issues: [{ path: 'end' }],
    });
    const clip = await take('second.mp4', { end: 3 });
    expect(clip.durationS).toBeCloseTo(1, 1);
    expect(clip.warnings.join()).toContain('3 s');
  });
});

/** Interleaved stereo samples. */
async function samples(wav: string): Promise<Float32Array> {
  const bytes = await readFfmpeg('-i', wav, '-f', 'f32le');
  return new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length));
}

/** RMS between two times, seconds. */
function level(sound: Float32Array, from: number, to: number): number {
  const part = sound.subarray(Math.round(from * 48_000) * 2, Math.round(to * 48_000) * 2);
  return Math.sqrt(part.reduce((sum, value) => sum + value * value, 0) / part.length);
}
