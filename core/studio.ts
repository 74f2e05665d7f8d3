/**
 * The one door of the core: whoever asks for a film, a voice or a check calls the studio.
 * Building it starts nothing; parts are opened when first needed and closed together.
 */
import { randomBytes } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { openCache, type ContentCache } from './cache.ts';
import { listChildren, type RunningChild } from './children.ts';
import { kernelVersion } from './compositor/kernel.ts';
import { openCompositor, type Compositor } from './compositor/pool.ts';
import type { Config } from './config.ts';
import { runDoctor, type Finding } from './doctor.ts';
import { openFonts, type FontBook } from './drawing/fonts.ts';
import { drawingVersion } from './drawing/types.ts';
import { StudioError } from './errors.ts';
import { Ffmpeg, findFfmpeg } from './ffmpeg.ts';
import { hostOf } from './ingest/addresses.ts';
import { createIngest } from './ingest/index.ts';
import type { Ingest } from './ingest/types.ts';
import type { Logger } from './log.ts';
import { helpFilm } from './pipeline/help-film.ts';
import { checkVoices } from './pipeline/narrate.ts';
import type { Progress } from './pipeline/progress.ts';
import { render, type RenderDeps, type RenderedFilm } from './pipeline/render.ts';
import type { FilmToHelp, OfferFilm } from './pipeline/shared-film.ts';
import type { Job } from './schema/job.ts';
import type { Storyboard } from './schema/storyboard.ts';
import { openExchange, shareCache } from './shared-cache.ts';
import type { SharedFiles } from './storage/types.ts';
import { createSpeech, openVoices, SPEECH_BYTES, speechOptions } from './tts/index.ts';
import type { Speech, SpeechRequest, SpeechResult, Voice } from './tts/types.ts';
import type { VoiceStore } from './tts/voices/store.ts';
import { validateStoryboard, type Validation } from './validate.ts';

export type { Progress } from './pipeline/progress.ts';
export type { Validation } from './validate.ts';
export type { Finding } from './doctor.ts';
export type { VoiceProgress } from './tts/voices/store.ts';
export type { RunningChild } from './children.ts';

export type RenderOptions = {
  /** Folder of the finished files. */
  outDir: string;
  /** Folder that relative paths in the storyboard start from; absent: no paths at all, as for services. */
  baseDir?: string;
  signal?: AbortSignal;
  onProgress?: (progress: Progress) => void;
  onSheet?: (file: string) => void;
  /** Lets other workers render segments of it. */
  offer?: OfferFilm | undefined;
  /** A larger film gets a small copy of at most so many bytes. */
  previewBytes?: number;
};

export type RenderedJob = Job & { files: RenderedFilm['files']; segments: RenderedFilm['segments'] };

export type Studio = {
  /** Every fault of a storyboard at once, voices included; nothing is rendered. */
  validate(input: unknown): Validation;
  /**
   * Renders a storyboard now, in this process.
   * @throws {StudioError} invalid_storyboard with all issues before anything starts; else with stage and scene
   */
  render(input: unknown, options: RenderOptions): Promise<RenderedJob>;
  /**
   * Renders segments of a film that another worker makes; see pipeline/help-film.ts.
   * @param storyboard validated
   */
  help(
    storyboard: Storyboard,
    options: { film: FilmToHelp; token: string; signal: AbortSignal },
  ): Promise<number | null>;
  /** @throws {StudioError} see Speech.speak */
  speak(request: SpeechRequest): Promise<SpeechResult>;
  voices(language?: string): Voice[];
  /** Voices that can be downloaded and removed. */
  voiceStore(): VoiceStore;
  doctor(): Promise<Finding[]>;
  /** Child processes of this program on this host, those of running services too. */
  children(): Promise<RunningChild[]>;
  /** Ends threads and children. Idempotent. */
  close(): Promise<void>;
};

type Tools = {
  /** Another one for benches, which want to see what is rendered. */
  openCompositor?: typeof openCompositor;
  /** Where workers on many hosts keep what all of them need. */
  shared?: SharedFiles | undefined;
  /** Gets an upload that another host took into the folder of uploads. @returns false if there is none */
  bringAsset?: (id: string, signal: AbortSignal | undefined) => Promise<boolean>;
  log?: Logger;
};

type Parts = {
  ffmpeg: Ffmpeg;
  compositor: Compositor;
  fonts: FontBook;
  cache: ContentCache;
  ingest: Ingest;
  versions: Record<string, string>;
};

export function createStudio(config: Config, tools: Tools = {}): Studio {
  const cacheDir = path.join(config.dataDir, 'cache');
  let speech: Speech | undefined;
  let parts: Promise<Parts> | undefined;

  const openSpeech = (): Speech =>
    (speech ??= createSpeech({
      ...speechOptions(config),
      cacheDir: path.join(cacheDir, 'speech'),
      exchange:
        tools.shared &&
        openExchange({ shared: tools.shared, folder: 'speech/', maxBytes: SPEECH_BYTES, log: tools.log }),
      ffmpeg: () => new Ffmpeg(findFfmpeg(config.ffmpeg)),
    }));
  // A failed opening (no ffmpeg, no disk) is tried again next time.
  const openAll = (): Promise<Parts> =>
    (parts ??= openParts(config, cacheDir, tools).catch((error: unknown) => {
      parts = undefined;
      throw error;
    }));

  const openDeps = async (): Promise<RenderDeps> => ({
    ...(await openAll()),
    speech: openSpeech(),
    defaultEngine: config.speech.engine,
  });

  function validate(input: unknown): Validation {
    const checked = validateStoryboard(input, config.media.film);
    if (!checked.ok) return checked;
    const issues = checkVoices(checked.storyboard, openSpeech(), config.speech.engine);
    return issues.length > 0 ? { ok: false, issues } : checked;
  }

  return {
    validate,
    async render(input, options) {
      const createdAt = new Date();
      // ffmpeg is asked for its version while the storyboard is checked.
      const opening = openDeps();
      opening.catch(() => undefined);
      const checked = validate(input);
      if (!checked.ok) {
        const many = checked.issues.length === 1 ? 'a fault' : `${checked.issues.length} faults`;
        throw new StudioError('invalid_storyboard', `The storyboard has ${many}.`, {
          issues: checked.issues,
          hint: 'Correct what is listed and try again.',
        });
      }
      const { storyboard } = checked;
      const deps = await opening;
      const film = await render(
        {
          storyboard,
          baseDir: options.baseDir,
          roots: config.media.roots,
          most: config.media.film,
          outDir: path.resolve(options.outDir),
          signal: options.signal ?? new AbortController().signal,
          onProgress: options.onProgress ?? (() => undefined),
          onSheet: options.onSheet,
          offer: options.offer,
          previewBytes: options.previewBytes,
        },
        deps,
      );
      return {
        ...finishedJob(film, storyboard, createdAt),
        warnings: [...checked.warnings, ...film.warnings],
      };
    },
    help: async (storyboard, options) =>
      helpFilm(
        { storyboard, roots: config.media.roots, most: config.media.film, ...options },
        await openDeps(),
      ),
    speak: (request) => openSpeech().speak({ engine: config.speech.engine, ...request }),
    voices: (language) => openSpeech().voices(language),
    voiceStore: () => openVoices(config),
    doctor: () => runDoctor(config),
    children: () => listChildren(),
    async close() {
      const opened = await parts?.catch(() => undefined);
      await Promise.all([opened?.compositor.close(), opened?.cache.close(), speech?.close()]);
    },
  };
}

async function openParts(config: Config, cacheDir: string, tools: Tools): Promise<Parts> {
  const paths = findFfmpeg(config.ffmpeg);
  const ffmpeg = new Ffmpeg(paths);
  // Meanwhile the rest is opened; awaited below, whatever happens in between.
  const ffmpegVersion = ffmpeg.version();
  ffmpegVersion.catch(() => undefined);
  await mkdir(cacheDir, { recursive: true });
  const fonts = openFonts();
  // A third of the room for vetted media, the rest for segments and sound.
  const mediaBytes = Math.round(config.retention.cacheMaxBytes / 3);
  const segmentBytes = config.retention.cacheMaxBytes - mediaBytes;
  const cache = await openCache(path.join(cacheDir, 'segments'), segmentBytes);
  return {
    ffmpeg,
    fonts,
    compositor: (tools.openCompositor ?? openCompositor)({
      paths,
      threads: config.worker.renderThreads ?? Math.max(1, os.availableParallelism()),
      ...(config.worker.renderMemoryBytes ? { memoryBytes: config.worker.renderMemoryBytes } : {}),
    }),
    cache: tools.shared
      ? shareCache(cache, { shared: tools.shared, maxBytes: segmentBytes, log: tools.log })
      : cache,
    ingest: createIngest({
      ffmpeg,
      cacheDir: path.join(cacheDir, 'media'),
      cacheMaxBytes: mediaBytes,
      allowHosts: config.media.allowHosts,
      ownHosts: ownHosts(config.server),
      limits: config.media.limits,
      assetsDir: path.join(config.dataDir, 'assets'),
      bringAsset: tools.bringAsset,
    }),
    versions: {
      kernel: kernelVersion(),
      drawing: String(drawingVersion),
      fonts: fonts.version,
      ffmpeg: await ffmpegVersion,
    },
  };
}

/** Hosts that this service is reached at: a film must not make it fetch from itself. */
function ownHosts({ publicBaseUrl, filesBaseUrl }: Config['server']): string[] {
  const addresses = [publicBaseUrl, filesBaseUrl].filter((address) => address !== undefined);
  return addresses.map((address) => hostOf(new URL(address)));
}

function finishedJob(
  film: RenderedFilm,
  storyboard: { title?: string | undefined; scenes: unknown[]; metadata?: Job['metadata'] | undefined },
  createdAt: Date,
): RenderedJob {
  const now = new Date().toISOString();
  return {
    id: randomBytes(16).toString('base64url'),
    kind: 'compose',
    title: storyboard.title ?? null,
    status: 'done',
    progress: 100,
    stage: null,
    scene: null,
    scenesTotal: storyboard.scenes.length,
    scenesReused: film.scenesReused,
    etaSeconds: null,
    queuePosition: null,
    attempts: 1,
    url: null,
    posterUrl: null,
    previewUrl: null,
    sheetUrl: null,
    webhook: null,
    captions: null,
    duration: film.duration,
    width: film.width,
    height: film.height,
    size: film.size,
    loudness: film.loudness,
    voices: film.voices,
    warnings: film.warnings,
    error: null,
    metadata: storyboard.metadata ?? null,
    createdAt: createdAt.toISOString(),
    startedAt: createdAt.toISOString(),
    finishedAt: now,
    updatedAt: now,
    expiresAt: null,
    files: film.files,
    segments: film.segments,
  };
}
