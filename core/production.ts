/**
 * What a worker runs: makes the film or the speech of a job in a folder of its own, and publishes it
 * when it is whole and the job is still ours.
 */
import { copyFile, mkdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { asStudioError } from './errors.ts';
import type { Ffmpeg } from './ffmpeg.ts';
import { offerFilms, type OfferTerms } from './helping/offered-film.ts';
import { temporaryName } from './jobs/retention.ts';
import type { ClaimedJob, JobResult, ResultFiles } from './jobs/types.ts';
import type { TtsRequest } from './schema/speech.ts';
import type { Storyboard } from './schema/storyboard.ts';
import { speechRequestOf } from './service/speech-request.ts';
import { encodeSpeech } from './sound/speech-file.ts';
import type { Storage } from './storage/types.ts';
import type { Studio } from './studio.ts';
import type { RunContext, RunJob } from './worker.ts';

export type ProductionOptions = {
  workshop: Pick<Studio, 'render' | 'speak' | 'voices'>;
  /** For encoding speech. @throws {StudioError} missing_tool */
  ffmpeg: () => Ffmpeg;
  storage: Storage;
  /** Folder of unfinished work, one entry an attempt, on the same disk as the finished files. */
  workDir: string;
  /** How heavy films are offered to other workers; null where each is made by one. */
  sharing?: Omit<OfferTerms, 'hold'> | null;
};

/** Fits the smallest upload limit of the chat platforms (Discord: 10 MiB) with room for what else is attached. */
const PREVIEW_BYTES = 8 * 1024 ** 2;

/** A finished attempt: files by their published names, and the facts about them. */
type Product = { files: Record<string, string>; result: Omit<JobResult, 'size'> };
type Run = RunContext & { folder: string };

/** The folder of unfinished work in a data folder; retention removes what dead attempts left there. */
export function workDirOf(dataDir: string): string {
  return path.join(dataDir, 'work');
}

export function createProduction(options: ProductionOptions): RunJob {
  const { storage, workDir } = options;
  return async (job, context) => {
    const folder = path.join(workDir, temporaryName({ id: job.id, attempt: job.lease.attempt }));
    try {
      await mkdir(folder, { recursive: true });
      const { files, result } = await make(job, { ...context, folder }, options);
      await context.assertLease();
      await storage.publish(job.id, files, context.signal);
      // An earlier attempt may have published and died: then its files stand.
      const main = await storage.open(job.id, result.files.main);
      return { ...result, size: main?.size ?? null };
    } catch (error) {
      throw asStudioError(context.signal.aborted ? context.signal.reason : error, 'render_failed');
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  };
}

function make(job: ClaimedJob, run: Run, options: ProductionOptions): Promise<Product> {
  const { request } = job;
  return request.kind === 'compose'
    ? makeFilm(job, request.storyboard, run, options)
    : makeSpeech(request.speech, run, options);
}

async function makeFilm(
  job: ClaimedJob,
  storyboard: Storyboard,
  run: Run,
  { workshop, storage, sharing }: ProductionOptions,
): Promise<Product> {
  const hold = { jobId: job.id, attempt: job.lease.attempt, worker: job.lease.owner };
  const film = await withEarlySheet(job, run, storage, (onSheet) =>
    workshop.render(storyboard, {
      outDir: run.folder,
      signal: run.signal,
      onSheet,
      offer: sharing ? offerFilms({ ...sharing, hold }) : undefined,
      previewBytes: PREVIEW_BYTES,
      onProgress: ({ stage, progress, scene, scenesTotal, etaSeconds }) =>
        run.report({ stage, progress, scene, scenesTotal, etaSeconds }),
    }),
  );
  const name = (file: string | null): string | undefined => (file === null ? undefined : path.basename(file));
  const files: ResultFiles = {
    main: path.basename(film.files.film),
    poster: name(film.files.poster),
    preview: path.basename(film.files.preview ?? film.files.film),
    sheet: name(film.files.sheet),
    srt: name(film.files.srt),
    vtt: name(film.files.vtt),
  };
  const made = Object.values(film.files).filter((file) => file !== null);
  return {
    files: Object.fromEntries(made.map((file) => [path.basename(file), file])),
    result: {
      files,
      duration: film.duration,
      width: film.width,
      height: film.height,
      loudness: film.loudness,
      warnings: film.warnings,
      scenesReused: film.scenesReused,
      ...(film.voices ? { voices: film.voices } : {}),
      metrics: {
        segments: film.segments.total,
        segmentsReused: film.segments.reused,
        segmentsHelped: film.segments.helped,
      },
    },
  };
}

/**
 * Shows the storyboard sheet while the film is still being made. It is a courtesy: if it fails, the sheet comes
 * with the film. Whatever becomes of the film, showing it has ended when this ends.
 */
async function withEarlySheet<T>(
  job: ClaimedJob,
  run: Run,
  storage: Storage,
  make: (onSheet: (file: string) => void) => Promise<T>,
): Promise<T> {
  const failed = new AbortController();
  const signal = AbortSignal.any([run.signal, failed.signal]);
  let publishing = Promise.resolve();
  const publish = async (file: string): Promise<void> => {
    const name = path.basename(file);
    const copy = path.join(run.folder, `early-${name}`);
    await copyFile(file, copy);
    await run.assertLease();
    await storage.publish(job.id, { [name]: copy }, signal);
    run.report({ sheet: name });
  };
  try {
    return await make((file) => {
      publishing = publish(file).catch(() => undefined);
    });
  } catch (error) {
    failed.abort();
    throw error;
  } finally {
    await publishing;
  }
}

async function makeSpeech(
  speech: TtsRequest,
  run: Run,
  { workshop, ffmpeg }: ProductionOptions,
): Promise<Product> {
  run.report({ stage: 'voicing', progress: 5 });
  const spoken = await workshop.speak({ ...speechRequestOf(speech, workshop.voices()), signal: run.signal });
  run.report({ stage: 'saving', progress: 80 });
  const name = `speech.${speech.format}`;
  const file = path.join(run.folder, name);
  await encodeSpeech(spoken.path, { path: file, format: speech.format }, ffmpeg(), run.signal);
  return {
    files: { [name]: file },
    result: {
      files: { main: name },
      duration: spoken.durationMs / 1000,
      width: null,
      height: null,
      loudness: null,
      voices: [{ engine: spoken.engine, voice: spoken.voice, why: spoken.why, scenes: [] }],
      warnings: spoken.warnings,
      scenesReused: null,
    },
  };
}
