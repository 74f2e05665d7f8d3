/** Sound from outside: vetted, then decoded once into a WAV of ours. */
import { open, rm } from 'node:fs/promises';
import { StudioError } from '../errors.ts';
import type { Ffmpeg } from '../ffmpeg.ts';
import type { Cache } from './cache.ts';
import type { IngestLimits } from './limits.ts';
import { identify } from './media-type.ts';
import type { Original } from './originals.ts';
import { orRaise, unusable } from './refusal.ts';
import { guardedInput } from './guarded-input.ts';
import { readStreams, type SoundStream } from './streams.ts';
import type { Track } from './types.ts';
import { contentKey } from './content-key.ts';

type Deps = { ffmpeg: Ffmpeg; cache: Cache; limits: IngestLimits };
type TrackRecord = Omit<Track, 'path'>;

/** What part of a file to decode, seconds of its own time; `lengthS` fills up with silence. */
export type SoundWindow = { startS: number; lengthS: number };

/** A stream of a file of ours, with the sha256 of what that is a copy of. */
export type SoundSource = { file: string; source: string; demuxer: string; stream: SoundStream };

const SAMPLE_RATE = 48_000;
const CHANNELS = 2;
/** Raised whenever the same source would give other samples. */
const VERSION = 2;
/** Shorter than this there is nothing to hear, seconds. */
const SHORTEST_S = 0.01;

export function trackKey(original: Original, window?: SoundWindow): string {
  return contentKey('track', VERSION, original.sha256, window ?? null);
}

/**
 * Decodes the first sound stream of a sound or video file.
 * @throws {StudioError} media_unusable, timeout, no_space, cancelled
 */
export async function makeTrack(deps: Deps, original: Original, signal: AbortSignal): Promise<Track> {
  const key = trackKey(original);
  const ready = await cachedTrack(deps.cache, key);
  if (ready) return ready;
  const file = await original.file(signal);
  const type = await identify(file);
  if (type.family === 'picture' || type.family === 'animation')
    throw unusable(
      `This is a picture (${type.name}) and has no sound.`,
      'Give a sound file such as MP3, M4A or WAV.',
    );
  const streams = await readStreams(deps.ffmpeg, file, type, signal);
  if (!streams.sound)
    throw unusable(
      `There is no sound in this ${type.name} file.`,
      'Give a sound file such as MP3, M4A or WAV.',
    );
  const declared = streams.sound.durationS ?? streams.durationS;
  checkSound(streams.sound, declared, deps.limits);
  const track = await decode(
    deps,
    { file, source: original.sha256, demuxer: type.demuxer, stream: streams.sound },
    key,
    null,
    signal,
  );
  const short = declared !== null && declared - track.durationS > Math.max(1, declared * 0.02);
  if (!short) return track;
  return {
    ...track,
    warnings: [
      `The sound ends after ${track.durationS.toFixed(1)} s although ${declared.toFixed(1)} s were announced; the file may be cut short.`,
    ],
  };
}

/** @throws {StudioError} media_unusable */
export function checkSound(sound: SoundStream, durationS: number | null, limits: IngestLimits): void {
  if (sound.channels < 1 || sound.sampleRate < 1)
    throw unusable('The sound cannot be decoded.', 'Convert it to MP3, M4A or WAV.');
  if (sound.channels > limits.trackChannels)
    throw unusable(
      `The sound has ${sound.channels} channels.`,
      `Mix it down to stereo; ${limits.trackChannels} channels are the most.`,
    );
  if ((durationS ?? 0) > limits.trackSeconds) throw tooLong(limits);
}

export async function cachedTrack(cache: Cache, key: string): Promise<Track | null> {
  const record = await cache.readRecord<TrackRecord>(`${key}.json`);
  return record && (await cache.use(`${key}.wav`)) ? { ...record, path: cache.path(`${key}.wav`) } : null;
}

/**
 * Writes 48 kHz stereo float. Float, because decoded MP3 and AAC overshoot full scale, and the mix
 * has its own limiter. With a window, time gaps become silence, so that sound and picture stay together.
 * @throws {StudioError} media_unusable, timeout, no_space, cancelled
 */
export async function decode(
  deps: Deps,
  from: SoundSource,
  key: string,
  window: SoundWindow | null,
  signal: AbortSignal,
): Promise<Track> {
  const { cache, ffmpeg, limits } = deps;
  const temp = await cache.temp('.wav');
  const seconds = window ? window.lengthS : limits.trackSeconds + 1;
  try {
    await ffmpeg.run({
      purpose: 'decoding sound',
      inputs: [
        {
          source: `file:${from.file}`,
          options: [...(window ? ['-ss', window.startS.toFixed(6)] : []), ...guardedInput(from)],
        },
      ],
      outputs: [
        {
          target: temp,
          options: [
            '-map',
            `0:${from.stream.index}`,
            '-map_metadata',
            '-1',
            '-af',
            soundFilter(from.stream, window),
            '-t',
            seconds.toFixed(6),
            '-c:a',
            'pcm_f32le',
            '-rf64',
            'auto',
            '-fflags',
            '+bitexact',
            '-flags:a',
            '+bitexact',
            '-f',
            'wav',
          ],
        },
      ],
      signal,
      strict: false,
      timeoutMs: limits.convertMs,
      maxFileBytes: Math.ceil((seconds + 1) * SAMPLE_RATE * CHANNELS * 4) + 65_536,
    });
    const durationS = (await countSamples(temp)) / SAMPLE_RATE;
    if (durationS < SHORTEST_S)
      throw unusable(
        'There is no sound in the file that can be decoded.',
        'Export it again, or convert it to MP3 or WAV.',
      );
    if (!window && durationS > limits.trackSeconds) throw tooLong(limits);
    const record: TrackRecord = {
      kind: 'track',
      hash: key.replace(/^track-/, ''),
      source: from.source,
      durationS,
      channels: CHANNELS,
      sampleRate: SAMPLE_RATE,
      warnings: [],
    };
    await cache.publish(temp, `${key}.wav`);
    await cache.writeRecord(`${key}.json`, record);
    return { ...record, path: cache.path(`${key}.wav`) };
  } catch (error) {
    if (error instanceof StudioError && error.code === 'render_failed')
      throw unusable('The sound cannot be decoded.', 'Export it again, or convert it to MP3 or WAV.', {
        cause: error,
      });
    throw error;
  } finally {
    await rm(temp, { force: true });
  }
}

function soundFilter(sound: SoundStream, window: SoundWindow | null): string {
  return [
    // Float files may hold NaN, which would silence the whole mix; integers cannot.
    ...(sound.codec.startsWith('pcm_f') ? ['aformat=sample_fmts=s32'] : []),
    // Both sides at full level: the resampler would take 3 dB off.
    ...(sound.channels === 1 ? ['pan=stereo|c0=c0|c1=c0'] : []),
    resample(sound, window),
    `aformat=sample_fmts=flt:sample_rates=${SAMPLE_RATE}:channel_layouts=stereo`,
    ...(window ? [`apad=whole_len=${Math.round(window.lengthS * SAMPLE_RATE)}`] : []),
  ].join(',');
}

/**
 * AMR sends nothing, or next to nothing, where nobody speaks (3GPP TS 26.093), and ffmpeg's decoder
 * passes over that: without its time stamps the pauses of a voice message would be gone.
 */
function resample({ codec }: SoundStream, window: SoundWindow | null): string {
  if (['amrnb', 'amrwb', 'amr_nb', 'amr_wb'].includes(codec))
    return `aresample=${SAMPLE_RATE}:async=1:min_hard_comp=0.01:first_pts=0`;
  return window ? `aresample=${SAMPLE_RATE}:async=1:first_pts=0` : `aresample=${SAMPLE_RATE}`;
}

/** Samples a channel in a WAV that ffmpeg has just written: what follows the head of its data chunk. */
async function countSamples(wav: string): Promise<number> {
  const handle = await open(wav, 'r');
  try {
    const { size } = await handle.stat();
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(512), 0, 512, 0);
    const data = buffer.subarray(0, bytesRead).indexOf('data', 12, 'latin1');
    return data < 0 ? 0 : Math.floor((size - data - 8) / (CHANNELS * 4));
  } finally {
    await handle.close();
  }
}

function tooLong(limits: IngestLimits): StudioError {
  return unusable(
    `The sound is longer than ${limits.trackSeconds} s.`,
    orRaise('Cut out the part that is needed.', 'trackSeconds'),
  );
}
