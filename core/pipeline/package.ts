/** Joins segments and sound into the film without re-encoding, and proves that the result is whole. */
import { createHash } from 'node:crypto';
import { constants, copyFile, rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { ContentCache } from '../cache.ts';
import { StudioError } from '../errors.ts';
import type { Ffmpeg } from '../ffmpeg.ts';
import type { Output } from '../schema/storyboard.ts';

export type JoinInput = {
  segments: { file: string; frames: number }[];
  /** Finished soundtrack as long as the film. */
  sound: string;
  frames: number;
  fps: number;
  format: Output['format'];
  title: string | undefined;
  /** Temporary folder for the list; removed by the caller. */
  workDir: string;
  /** File to write, not yet under its final name. */
  out: string;
};

/** Larger films are joined anew each time, bytes: a second copy of them costs more than it saves. */
const KEPT_BYTES = 100 * 1024 ** 2;

/**
 * `joinFilm`, or a copy of what it made of the same parts before: two programs less to start for a film in
 * which nothing changed.
 * @param versions of what decides the bytes besides the parts
 */
export async function joinOnce(
  input: JoinInput,
  {
    ffmpeg,
    cache: { local: cache },
    versions,
  }: { ffmpeg: Ffmpeg; cache: ContentCache; versions: Record<string, string> },
  signal: AbortSignal,
): Promise<void> {
  const key = joinKey(input, versions);
  if (await cache.has(key, input.format, signal)) {
    const copied = await copyFile(cache.file(key, input.format), input.out, constants.COPYFILE_FICLONE).then(
      () => true,
      () => false,
    );
    if (copied) return;
  }
  await joinFilm(input, ffmpeg, signal);
  if ((await stat(input.out)).size <= KEPT_BYTES) await keepCopy(input, key, cache);
}

/** A film is whole without it, so no fault of the disk counts. */
async function keepCopy({ out, format }: JoinInput, key: string, cache: ContentCache): Promise<void> {
  const temporary = cache.temporary(key, format);
  try {
    await copyFile(out, temporary, constants.COPYFILE_FICLONE);
    await cache.keep(temporary, key, format);
  } catch {
    await rm(temporary, { force: true });
  }
}

/** Segments and sound lie under their content keys. */
function joinKey({ segments, sound, frames, fps, format, title }: JoinInput, versions: object): string {
  const parts = [...segments.map(({ file }) => file), sound].map((file) => path.basename(file));
  const all = JSON.stringify(['film', 1, versions, parts, frames, fps, format, title]);
  return `film-${createHash('sha256').update(all).digest('hex')}`;
}

/**
 * Stream-copies everything into one file with the index in front (`+faststart`).
 * @throws {StudioError} render_failed if the joined film is not exactly as planned; no_space; cancelled
 */
export async function joinFilm(input: JoinInput, ffmpeg: Ffmpeg, signal: AbortSignal): Promise<void> {
  const list = path.join(input.workDir, 'segments.ffconcat');
  await writeFile(list, concatList(input.segments, input.fps));
  const container =
    input.format === 'webm'
      ? ['-f', 'webm']
      : [
          '-f',
          'mp4',
          '-movflags',
          '+faststart',
          '-video_track_timescale',
          '90000',
          ...evenDecodeTimes(input.fps),
        ];
  const title = input.title ? ['-metadata', `title=${input.title}`] : [];
  await ffmpeg.run({
    purpose: 'joining the film',
    inputs: [
      { source: `file:${list}`, options: ['-protocol_whitelist', 'file', '-f', 'concat', '-safe', '0'] },
      { source: `file:${input.sound}`, options: ['-protocol_whitelist', 'file'] },
    ],
    outputs: [
      {
        target: `file:${input.out}`,
        options: [
          '-map',
          '0:v:0',
          '-map',
          '1:a:0',
          '-c',
          'copy',
          '-map_metadata',
          '-1',
          '-bitexact',
          ...title,
          ...container,
        ],
      },
    ],
    signal,
  });
  await proveWhole(input, ffmpeg, signal);
}

/**
 * A segment of one or two frames leaves the encoder without the usual reordering delay, so decode times
 * would step back where the next one begins. Frames leave in decode order, one a frame time: that is their
 * decode time, two frames (the delay of B-pyramids) ahead of showing.
 */
export function evenDecodeTimes(fps: number): string[] {
  return ['-bsf:v', `setts=pts=PTS:dts=(N-2)*${90000 / fps}`];
}

/**
 * ffmpeg decodes the first frame of each file it opens, to learn what the first file has told already: at 1080p
 * four fifths of a join's time. Where no decoder may be used it takes a file's header at its word (it says so
 * on stderr, as an error, and goes on); what comes out is the same to the byte.
 */
const OPENED_UNSEEN = ['codec_whitelist none', 'analyzeduration 1', 'probesize 32'];

/** Files for ffmpeg's concat demuxer. Our own names only: hex keys, so nothing needs escaping beyond the quotes of the folder. */
export function concatList(segments: JoinInput['segments'], fps: number): string {
  const options = OPENED_UNSEEN.map((option) => `option ${option}\n`).join('');
  const entries = segments.map(
    ({ file, frames }) =>
      `file '${file.replaceAll("'", String.raw`'\''`)}'\nduration ${(frames / fps).toFixed(9)}\n${options}`,
  );
  return `ffconcat version 1.0\n${entries.join('')}`;
}

/** Frames as planned, and picture and sound as long as the plan within a frame. */
async function proveWhole(input: JoinInput, ffmpeg: Ffmpeg, signal: AbortSignal): Promise<void> {
  const probe = await ffmpeg.probe(input.out, {
    signal,
    extra: input.format === 'webm' ? ['-count_packets'] : [],
  });
  const video = probe.streams.find((stream) => stream.codec_type === 'video');
  const frames = Number(input.format === 'webm' ? video?.['nb_read_packets'] : video?.['nb_frames']);
  if (frames !== input.frames) {
    throw new StudioError(
      'render_failed',
      `The joined film has ${frames} frames instead of ${input.frames}.`,
      { retryable: true },
    );
  }
  const durationS = Number(probe.format['duration']);
  const plannedS = input.frames / input.fps;
  if (Math.abs(durationS - plannedS) > 1.5 / input.fps + 0.005) {
    throw new StudioError(
      'render_failed',
      `The joined film lasts ${durationS.toFixed(3)} s instead of ${plannedS.toFixed(3)} s.`,
      { retryable: true },
    );
  }
}
