/** The whole soundtrack through real ffmpeg: what a player will hear of it. */
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { Ffmpeg, runningChildren, type FfmpegRun } from '../../../core/ffmpeg.ts';
import {
  mixSoundtrack,
  soundtrackKey,
  type MixedSound,
  type SoundtrackInput,
} from '../../../core/pipeline/soundtrack.ts';
import {
  babble,
  decode,
  ebur128,
  ffmpeg,
  loudest,
  noise,
  rms,
  toDb,
  tone,
  writeWav,
  type Wave,
} from '../sound/signals.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'soundtrack-'));
afterAll(() => rmSync(folder, { recursive: true }));

let files = 0;
const wav = (waves: Wave[], seconds: number, rate = 48_000): string =>
  writeWav(path.join(folder, `in-${files++}.wav`), waves, { seconds, rate });
const hash = '';
const frame = 1 / 30;

function filmOf(parts: Partial<SoundtrackInput>): SoundtrackInput {
  return { durationS: 4, narration: [], clips: [], music: null, loudness: -14, format: 'mp4', ...parts };
}

function music(
  file: string,
  parts: Partial<NonNullable<SoundtrackInput['music']>> = {},
): NonNullable<SoundtrackInput['music']> {
  return {
    path: file,
    hash,
    volume: 0.3,
    ducking: true,
    fadeInS: 0,
    fadeOutS: 0,
    startS: 0,
    loop: true,
    ...parts,
  };
}

let runs = 0;
async function make(input: SoundtrackInput): Promise<MixedSound> {
  const workDir = path.join(folder, `out-${runs++}`);
  mkdirSync(workDir);
  const sound = await mixSoundtrack(input, { ffmpeg, workDir });
  expect(readdirSync(workDir)).toEqual([path.basename(sound.path)]);
  return sound;
}

/** Level of a tone within a stretch, in dB: what a narrow filter at its frequency lets through. */
function levelOf(x: Float32Array, hertz: number, fromS: number, toS: number): number {
  let re = 0;
  let im = 0;
  const from = Math.round(fromS * 48_000);
  const to = Math.round(toS * 48_000);
  for (let i = from; i < to; i++) {
    re += x[i]! * Math.cos((2 * Math.PI * hertz * i) / 48_000);
    im += x[i]! * Math.sin((2 * Math.PI * hertz * i) / 48_000);
  }
  return toDb((2 * Math.hypot(re, im)) / (to - from));
}

describe('the finished file', () => {
  it('has the loudness asked for, peaks below -1 dBTP and the length of the film, for whatever is in it', async () => {
    const films = fc.record({
      seconds: fc.integer({ min: 40, max: 200 }).map((frames) => frames / 25),
      speech: fc.array(
        fc.record({
          at: fc.double({ min: 0, max: 4, noNaN: true }),
          amplitude: fc.constantFrom(0.1, 0.3, 0.9),
          rate: fc.constantFrom(8_000, 22_050, 48_000),
        }),
        { maxLength: 3 },
      ),
      track: fc.constantFrom('none', 'noise', 'tone', 'short'),
      loudness: fc.constantFrom(-14, -16, -23),
      format: fc.constantFrom<SoundtrackInput['format']>('mp4', 'webm'),
    });
    await fc.assert(
      fc.asyncProperty(films, async ({ seconds, speech, track, loudness, format }) => {
        fc.pre(speech.length > 0 || track !== 'none');
        const tracks = {
          none: null,
          noise: () => wav([noise(4, 0.3), noise(5, 0.3)], 3),
          tone: () => wav([tone(330, 0.05)], 8, 44_100),
          short: () => wav([tone(500, 0.9)], 1),
        };
        const track_ = tracks[track];
        const film = filmOf({
          durationS: seconds,
          narration: speech.map(({ at, amplitude, rate }) => ({
            path: wav([babble(amplitude)], 1.2, rate),
            hash,
            startS: Math.min(at, seconds - 1),
          })),
          music: track_ && music(track_()),
          loudness,
          format,
        });
        const sound = await make(film);
        const judged = await ebur128(sound.path);
        expect(Math.abs(judged.lufs - loudness)).toBeLessThan(1);
        expect(Math.abs(judged.lufs - sound.lufs!)).toBeLessThan(0.2);
        expect(sound.truePeakDb).toBeLessThanOrEqual(-1);
        expect(judged.truePeakDb).toBeLessThanOrEqual(-1);
        const decoded = await decode(sound.path);
        expect(Math.abs(decoded.left.length / 48_000 - seconds)).toBeLessThan(frame);
        expect(sound.durationS).toBeCloseTo(decoded.left.length / 48_000, 6);
      }),
      { numRuns: 6, endOnFailure: true },
    );
  });

  it('holds one 48 kHz stereo stream that starts at zero and says its exact length', async () => {
    for (const [format, codec] of [
      ['mp4', 'aac'],
      ['webm', 'opus'],
    ] as const) {
      const { path: file } = await make(
        filmOf({ durationS: 2.5, format, narration: [{ path: wav([babble(0.3)], 1), hash, startS: 1 }] }),
      );
      const { streams, format: container } = await ffmpeg.probe(file);
      expect(streams).toHaveLength(1);
      expect(streams[0]).toMatchObject({ codec_name: codec, sample_rate: 48_000, channels: 2 });
      expect(Math.abs(Number(container['start_time']))).toBeLessThan(0.01);
      expect(Math.abs(Number(container['duration']) - 2.5)).toBeLessThan(frame);
    }
  });

  it('is a silent track where nothing sounds', async () => {
    const quiet = filmOf({ durationS: 1.4, narration: [{ path: wav([() => 0], 1), hash, startS: 0 }] });
    for (const film of [
      filmOf({ durationS: 1.4 }),
      quiet,
      filmOf({ durationS: 1.4, music: music(wav([tone(440, 0.5)], 1), { volume: 0 }) }),
    ]) {
      const sound = await make(film);
      expect(sound.lufs).toBeNull();
      const { left } = await decode(sound.path);
      expect(Math.abs(left.length / 48_000 - 1.4)).toBeLessThan(frame);
      expect(Math.abs(left[loudest(left)]!)).toBeLessThan(1e-4);
    }
  });

  it('is right for a film of 0.2 s', async () => {
    const sound = await make(
      filmOf({
        durationS: 0.2,
        narration: [{ path: wav([babble(0.5)], 1), hash, startS: 0 }],
        music: music(wav([tone(300, 0.4)], 1), { fadeInS: 1, fadeOutS: 3 }),
      }),
    );
    expect(Math.abs(sound.durationS - 0.2)).toBeLessThan(frame);
    expect(sound.lufs).toBeGreaterThan(-20);
    expect(sound.truePeakDb).toBeLessThanOrEqual(-1);
  });

  it('does not raise near-silence to full level, and says what it measured', async () => {
    const sound = await make(filmOf({ narration: [{ path: wav([noise(3, 0.0008)], 3), hash, startS: 0 }] }));
    const source = toDb(0.0008 / Math.sqrt(3));
    expect(sound.lufs!).toBeLessThan(source + 30 + 6);
    expect(sound.lufs).toBeLessThan(-25);
  });
});

describe('narration', () => {
  it('starts on its sample, whatever its rate', async () => {
    const click: Wave = (s) => Math.exp(-(((s - 0.3) * 3_000) ** 2)) + babble(0.02)(s);
    const sound = await make(
      filmOf({ narration: [{ path: wav([click], 1, 22_050), hash, startS: 1.2345 }] }),
    );
    const { left } = await decode(sound.path);
    const peak = loudest(left);
    expect(Math.abs(peak - Math.round((1.2345 + 0.3) * 48_000))).toBeLessThanOrEqual(1);
  });

  it('has one level, however loud each engine speaks', async () => {
    const spoken = [0.9, 0.05, 0.3].map((amplitude, i) => ({
      path: wav([babble(amplitude)], 2, [48_000, 8_000, 22_050][i]),
      hash,
      startS: i * 2.5,
    }));
    const { left } = await decode((await make(filmOf({ durationS: 7.5, narration: spoken }))).path);
    const levels = [0, 2.5, 5].map((start) =>
      toDb(rms(left, Math.round((start + 0.1) * 48_000), Math.round((start + 1.9) * 48_000))),
    );
    expect(Math.max(...levels) - Math.min(...levels)).toBeLessThan(1.5);
  });

  it('does not click where it is cut out of sound', async () => {
    const cut = wav([(s) => tone(50, 0.5)(s + 0.005)], 1);
    const { left } = await decode(
      (await make(filmOf({ durationS: 3, narration: [{ path: cut, hash, startS: 1 }] }))).path,
    );
    // A step from nothing to full level would show in the treble, where a hum of 50 Hz has nothing.
    const treble = (from: number, to: number): number => {
      let most = 0;
      for (let i = from; i < to; i++)
        most = Math.max(most, Math.abs(left[i]! - 3 * left[i - 1]! + 3 * left[i - 2]! - left[i - 3]!));
      return most;
    };
    expect(treble(47_000, 49_000)).toBeLessThan(0.05);
    expect(treble(95_000, 97_000)).toBeLessThan(0.05);
  });
});

describe('music', () => {
  const hum = 1_000;
  const speechAt = 6;
  async function withMusic(parts: Partial<NonNullable<SoundtrackInput['music']>>): Promise<Float32Array> {
    const spoken = { path: wav([babble(0.5)], 4), hash, startS: speechAt };
    const track = wav([(s) => tone(hum, 0.2)(s)], 5);
    const sound = await make(filmOf({ durationS: 12, narration: [spoken], music: music(track, parts) }));
    return (await decode(sound.path)).left;
  }

  it('steps back by 10 to 14 dB under speech, before the first word, and comes back after it', async () => {
    // The hum lies between two harmonics of the voice (980 and 1120 Hz).
    const left = await withMusic({ volume: 0.5 });
    const before = levelOf(left, hum, 3, 5);
    const under = levelOf(left, hum, speechAt + 0.2, speechAt + 3.8);
    expect(before - under).toBeGreaterThan(10);
    expect(before - under).toBeLessThan(14);
    expect(levelOf(left, hum, 11.3, 11.9)).toBeCloseTo(before, 0);
    expect(levelOf(left, hum, speechAt - 0.05, speechAt)).toBeLessThan(before - 9);
  });

  it('stays where it is without ducking', async () => {
    const left = await withMusic({ volume: 0.5, ducking: false });
    expect(levelOf(left, hum, speechAt + 0.2, speechAt + 3.8)).toBeCloseTo(levelOf(left, hum, 3, 5), 0);
  });

  it('is set against the speech by its volume', async () => {
    const [quiet, loud] = [
      await withMusic({ volume: 0.1, ducking: false }),
      await withMusic({ volume: 1, ducking: false }),
    ];
    const distance = (left: Float32Array): number => levelOf(left, hum, 1, 5);
    const speech = (left: Float32Array): number => levelOf(left, 140, speechAt + 0.2, speechAt + 3.8);
    expect(distance(loud) - speech(loud) - (distance(quiet) - speech(quiet))).toBeCloseTo(20, 0);
  });

  it('fades in and out, and ends with the film', async () => {
    const left = await withMusic({ volume: 0.5, fadeInS: 2, fadeOutS: 3 });
    const steady = levelOf(left, hum, 3, 5);
    expect(levelOf(left, hum, 0, 0.1)).toBeLessThan(steady - 20);
    expect(levelOf(left, hum, 0.9, 1.1)).toBeCloseTo(steady - 3, 0);
    expect(levelOf(left, hum, 11.9, 12)).toBeLessThan(steady - 20);
  });

  it('sounds to the end of the film from a track of 1 s, and only once if told so', async () => {
    const track = wav([noise(9, 0.3)], 1);
    const film = filmOf({ durationS: 6, music: music(track) });
    const looped = (await decode((await make(film)).path)).left;
    for (let at = 9_600; at < 270_000; at += 9_600) {
      expect(Math.abs(toDb(rms(looped, at, at + 9_600) / rms(looped)))).toBeLessThan(2);
    }
    const once = (await decode((await make({ ...film, music: music(track, { loop: false }) })).path)).left;
    expect(rms(once, 60_000, 280_000)).toBeLessThan(1e-3);
  });

  it('that should start behind its end is refused, and the hint says what to change', async () => {
    const late = make(filmOf({ music: music(wav([tone(440, 0.3)], 1), { startS: 5 }) }));
    await expect(late).rejects.toMatchObject({
      code: 'media_unusable',
      hint: expect.stringContaining('soundtrack.start') as string,
    });
  });
});

describe('clips', () => {
  const clip = (parts: Partial<SoundtrackInput['clips'][number]>): SoundtrackInput['clips'][number] => ({
    path: wav([tone(1_000, 0.05), tone(1_000, 0.05)], 2),
    hash,
    startS: 1,
    durationS: 8,
    loop: true,
    treatment: 'keep',
    fadeS: 0.5,
    ...parts,
  });
  const spoken = (): SoundtrackInput['narration'] => [{ path: wav([babble(0.5)], 2), hash, startS: 5 }];

  it('keep their sound under speech, or step back', async () => {
    for (const [treatment, depth] of [
      ['keep', 0],
      ['duck', 12],
    ] as const) {
      const sound = await make(filmOf({ durationS: 10, narration: spoken(), clips: [clip({ treatment })] }));
      const { left } = await decode(sound.path);
      const drop = levelOf(left, 1_000, 2, 4) - levelOf(left, 1_000, 5.2, 6.8);
      expect(Math.abs(drop - depth)).toBeLessThan(1.5);
    }
  });

  it('are heard where they are placed, with fades', async () => {
    const sound = await make(filmOf({ durationS: 10, clips: [clip({ durationS: 4, loop: false })] }));
    const { left } = await decode(sound.path);
    const steady = levelOf(left, 1_000, 1.6, 2.4);
    expect(levelOf(left, 1_000, 0, 0.9)).toBeLessThan(steady - 40);
    expect(levelOf(left, 1_000, 1.2, 1.3)).toBeCloseTo(steady - 3, 0);
    // The clip itself ends after 2 s.
    expect(levelOf(left, 1_000, 3.2, 5)).toBeLessThan(steady - 40);
  });

  it('repeat with their picture, round by round', async () => {
    const beep: Wave = (s) => (s > 0.5 && s < 0.6 ? tone(1_000, 0.3)(s) : 0.001);
    const sound = await make(
      filmOf({
        durationS: 8,
        clips: [clip({ path: wav([beep], 1.01), startS: 0, roundS: 1, durationS: 8, fadeS: 0 })],
      }),
    );
    const { left } = await decode(sound.path);
    for (let round = 0; round < 8; round++) {
      expect(levelOf(left, 1_000, round + 0.51, round + 0.59)).toBeCloseTo(
        levelOf(left, 1_000, 0.51, 0.59),
        0,
      );
      expect(rms(left, (round + 0.45) * 48_000, (round + 0.495) * 48_000)).toBeLessThan(0.01);
      expect(rms(left, Math.round((round + 0.605) * 48_000), (round + 0.65) * 48_000)).toBeLessThan(0.01);
    }
  });

  it('that are loud come down to the level of speech, quiet ones stay quiet', async () => {
    const levels: number[] = [];
    for (const amplitude of [0.9, 0.003]) {
      const loud = clip({ path: wav([tone(1_000, amplitude)], 2), durationS: 2 });
      const { left } = await decode(
        (await make(filmOf({ durationS: 10, narration: spoken(), clips: [loud] }))).path,
      );
      levels.push(levelOf(left, 1_000, 1.6, 2.4) - toDb(rms(left, 5 * 48_000, 7 * 48_000)));
    }
    expect(levels[0]).toBeLessThan(6);
    expect(levels[1]).toBeLessThan(-20);
  });
});

describe('stopping and failing', () => {
  const film = (): SoundtrackInput =>
    filmOf({ durationS: 20, music: music(wav([noise(1, 0.3)], 2, 44_100)) });

  for (const moment of [0, 0.05, 0.3, 0.6, 0.9]) {
    it(`leaves neither child nor file when cancelled at ${moment * 100} %`, async () => {
      const workDir = mkdtempSync(path.join(folder, 'cancel-'));
      const stop = new AbortController();
      if (moment === 0) stop.abort();
      const onProgress = (done: number): void => {
        if (done >= moment) stop.abort();
      };
      const run = mixSoundtrack(film(), { ffmpeg, workDir }, { signal: stop.signal, onProgress });
      await expect(run).rejects.toMatchObject({ code: 'cancelled' });
      expect(runningChildren()).toEqual([]);
      expect(readdirSync(workDir)).toEqual([]);
    });
  }

  it('reports progress that only rises, from the first steps to 1', async () => {
    const seen: number[] = [];
    const workDir = mkdtempSync(path.join(folder, 'progress-'));
    await mixSoundtrack(
      filmOf({ durationS: 8, narration: [{ path: wav([babble(0.5)], 2, 16_000), hash, startS: 0 }] }),
      { ffmpeg, workDir },
      { onProgress: (done) => seen.push(done) },
    );
    expect(seen.length).toBeGreaterThan(20);
    expect(seen).toEqual(seen.toSorted((a, b) => a - b));
    expect(seen.at(-1)).toBe(1);
  });

  /** A disk without room: everything that ffmpeg writes goes where every write fails. */
  class FullDisk extends Ffmpeg {
    override run(task: FfmpegRun): Promise<void> {
      return super.run({
        ...task,
        outputs: task.outputs.map((output) => ({ ...output, target: '/dev/full' })),
      });
    }
  }

  it('says no_space on a full disk, while decoding and while encoding', async () => {
    const workDir = mkdtempSync(path.join(folder, 'full-'));
    for (const rate of [44_100, 48_000]) {
      const input = filmOf({ music: music(wav([noise(1, 0.3)], 4, rate)) });
      await expect(
        mixSoundtrack(input, { ffmpeg: new FullDisk(ffmpeg.paths), workDir }),
      ).rejects.toMatchObject({ code: 'no_space' });
    }
    expect(readdirSync(workDir)).toEqual([]);
  });

  it('fails with a code when a file is gone', async () => {
    const missing = make(filmOf({ narration: [{ path: path.join(folder, 'none.wav'), hash, startS: 0 }] }));
    await expect(missing).rejects.toMatchObject({
      name: 'StudioError',
      code: 'render_failed',
      stage: 'rendering',
    });
  });
});

describe('soundtrackKey', () => {
  const base = filmOf({
    narration: [
      { path: '/a', hash: 'a', startS: 1 },
      { path: '/b', hash: 'b', startS: 2 },
    ],
    clips: [{ path: '/c', hash: 'c', startS: 0, durationS: 2, loop: false, treatment: 'duck', fadeS: 0.5 }],
    music: music('/m', {}),
  });

  it('does not depend on where files are or in which order pieces come', () => {
    const moved: SoundtrackInput = {
      ...base,
      narration: base.narration.toReversed().map((piece) => ({ ...piece, path: `/elsewhere${piece.path}` })),
    };
    expect(soundtrackKey(moved)).toBe(soundtrackKey(base));
    expect(soundtrackKey(base)).toMatch(/^[0-9a-f]{64}$/);
  });

  it('changes with everything that decides the sound', () => {
    const [first, second] = base.narration;
    const track = base.music!;
    const others: SoundtrackInput[] = [
      { ...base, durationS: 5 },
      { ...base, loudness: -16 },
      { ...base, format: 'webm' },
      { ...base, music: null },
      ...(['volume', 'fadeInS', 'fadeOutS', 'startS'] as const).map((name) => ({
        ...base,
        music: { ...track, [name]: 0.7 },
      })),
      { ...base, music: { ...track, ducking: false } },
      { ...base, music: { ...track, loop: false } },
      { ...base, music: { ...track, hash: 'n' } },
      { ...base, narration: [first!] },
      { ...base, narration: [{ ...first!, startS: 1.001 }, second!] },
      { ...base, narration: [{ ...first!, gainDb: 1 }, second!] },
      { ...base, narration: [{ ...first!, hash: 'x' }, second!] },
      ...[
        { hash: 'y' },
        { startS: 1 },
        { durationS: 3 },
        { loop: true },
        { loop: true, roundS: 1 },
        { treatment: 'keep' as const },
        { fadeS: 0.2 },
      ].map((change) => ({ ...base, clips: [{ ...base.clips[0]!, ...change }] })),
    ];
    const keys = new Set([base, ...others].map(soundtrackKey));
    expect(keys.size).toBe(others.length + 1);
  });
});
