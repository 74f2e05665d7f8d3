/** Makes any sound file readable at random: 48 kHz PCM, by ffmpeg where it is not that already. */
import { open, stat } from 'node:fs/promises';
import path from 'node:path';
import { StudioError } from '../errors.ts';
import type { Ffmpeg } from '../ffmpeg.ts';
import { readWavHead, sampleRate, type PcmSource } from './pcm.ts';

/** `maxSeconds` is how much of the file can be needed at most; what lies behind is not decoded. */
export type SoundFile = { path: string; maxSeconds?: number };

type Job = { file: SoundFile; demuxer: string; channels: 1 | 2; target: string };

/** Files decoded by one child: starting ffmpeg costs more than resampling a sentence. */
const batchSize = 24;

/**
 * Decodes each distinct file once.
 * @returns one source a path, raw files in `folder` (the caller removes it) or the WAV itself
 * @throws {StudioError} media_unusable, cancelled, timeout, no_space, render_failed
 */
export async function decodeSounds(
  files: SoundFile[],
  deps: { ffmpeg: Ffmpeg; folder: string },
  options: { signal?: AbortSignal | undefined; onProgress?: (fraction: number) => void } = {},
): Promise<Map<string, PcmSource>> {
  const sources = new Map<string, PcmSource>();
  const jobs: Job[] = [];
  for (const file of distinct(files)) {
    options.signal?.throwIfAborted();
    const head = await readWavHead(file.path);
    if (head?.samples) {
      sources.set(file.path, head.samples);
      continue;
    }
    const demuxer = head ? 'wav' : await demuxerOf(file.path);
    const target = path.join(deps.folder, `decoded-${jobs.length}.f32`);
    jobs.push({ file, demuxer, channels: head?.channels === 1 ? 1 : 2, target });
  }
  for (let done = 0; done < jobs.length; done += batchSize) {
    const batch = jobs.slice(done, done + batchSize);
    await decodeBatch(batch, deps.ffmpeg, options.signal);
    for (const job of batch) sources.set(job.file.path, await rawSource(job));
    options.onProgress?.(Math.min(1, (done + batch.length) / jobs.length));
  }
  return sources;
}

/** One entry a path, as long as the longest need of it. */
function distinct(files: SoundFile[]): SoundFile[] {
  const needs = new Map<string, number>();
  for (const { path: file, maxSeconds = Infinity } of files) {
    needs.set(file, Math.max(needs.get(file) ?? 0, maxSeconds));
  }
  return [...needs].map(([file, maxSeconds]) => ({ path: file, maxSeconds }));
}

/**
 * The demuxer by content, pinned for ffmpeg: left to guess, it would take a playlist in disguise
 * and open other files.
 */
async function demuxerOf(file: string): Promise<string> {
  const head = Buffer.alloc(12);
  const handle = await open(file, 'r');
  try {
    await handle.read(head, 0, 12, 0);
  } finally {
    await handle.close();
  }
  const text = head.toString('latin1');
  if (/^(RIFF|RF64)....WAVE/s.test(text)) return 'wav';
  if (text.startsWith('fLaC')) return 'flac';
  if (text.startsWith('OggS')) return 'ogg';
  if (text.slice(4, 8) === 'ftyp') return 'mov';
  if (text.startsWith('\x1aE\xdf\xa3')) return 'matroska';
  if (text.startsWith('ID3') || (head[0] === 0xff && (head[1]! & 0xe6) === 0xe2)) return 'mp3';
  throw new StudioError('media_unusable', 'A sound file is of a kind that cannot be read.', {
    hint: 'Use WAV, MP3, M4A, Ogg, FLAC or WebM.',
  });
}

async function decodeBatch(batch: Job[], ffmpeg: Ffmpeg, signal: AbortSignal | undefined): Promise<void> {
  await ffmpeg.run({
    purpose: `decoding ${batch.length} sound file${batch.length === 1 ? '' : 's'}`,
    inputs: batch.map(({ file, demuxer }) => ({
      source: `file:${path.resolve(file.path)}`,
      options: [
        '-protocol_whitelist',
        'file',
        '-f',
        demuxer,
        ...(Number.isFinite(file.maxSeconds) ? ['-t', String(file.maxSeconds)] : []),
      ],
    })),
    outputs: batch.map(({ channels, target }, input) => ({
      target,
      options: [
        '-map',
        `${input}:a:0`,
        '-vn',
        '-f',
        'f32le',
        '-ar',
        String(sampleRate),
        '-ac',
        String(channels),
      ],
    })),
    ...(signal ? { signal } : {}),
  });
}

async function rawSource({ channels, target }: Job): Promise<PcmSource> {
  const { size } = await stat(target);
  return { path: target, offset: 0, channels, format: 'f32', frames: Math.floor(size / (4 * channels)) };
}
