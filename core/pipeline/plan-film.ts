/**
 * From storyboard to segments: all that is known of a film before anything is drawn, in two steps, of which
 * the second waits for speech. Who makes the film and who helps with it plan it alike, and so come to the
 * same content keys.
 */
import type { Encoding } from '../compositor/encode.ts';
import type { FilmLimits } from '../config/media.ts';
import type { FontBook } from '../drawing/fonts.ts';
import { StudioError, type Stage } from '../errors.ts';
import type { Ingest } from '../ingest/types.ts';
import { frameSize, limits, type Storyboard } from '../schema/storyboard.ts';
import type { Speech, SpeechRequest } from '../tts/types.ts';
import { gatherAssets, type Assets } from './assets.ts';
import { captionFilm } from './caption-film.ts';
import { sceneLayers } from './layers.ts';
import { measureScenes } from './measure.ts';
import { narrate, type Narration } from './narrate.ts';
import { cutSegments, type SceneLayer, type Segment } from './segments.ts';
import { planTimeline, type Timeline } from './timeline.ts';

export type PlanDeps = {
  ingest: Ingest;
  speech: Speech;
  fonts: FontBook;
  /** Versions of kernel, fonts and ffmpeg, for the content keys. */
  versions: Record<string, string>;
  defaultEngine?: SpeechRequest['engine'];
};

export type PlanRequest = {
  storyboard: Storyboard;
  /**
   * Folder that relative paths of the storyboard start from; absent where paths are not allowed. Whoever may
   * give one sits at this machine, so absolute paths are theirs to give too.
   */
  baseDir?: string;
  /** Where there is no `baseDir`: folders that paths may lie in all the same. */
  roots?: readonly string[];
  /** What this machine's settings allow of one film; absent: all that the schema does. */
  most?: Pick<FilmLimits, 'seconds' | 'downloadBytes'>;
  signal: AbortSignal;
};

/** What is known before anybody speaks. */
export type GatheredFilm = {
  size: { width: number; height: number };
  assets: Assets;
  layers: SceneLayer[];
};

export type FilmPlan = {
  encoding: Encoding;
  narrations: (Narration | null)[];
  timeline: Timeline;
  captions: ReturnType<typeof captionFilm>;
  segments: Segment[];
};

export type PlanOptions = {
  /** Called as each stage begins; may throw to stop. */
  enter?: (stage: Stage) => void;
  advance?: (stage: Stage, fraction: number, scene?: number) => void;
  /** Nothing is spoken anew. */
  onlyKnownSpeech?: boolean;
};

/** @throws {StudioError} what media are refused for; cancelled */
export async function gatherFilm(
  request: PlanRequest,
  deps: Pick<PlanDeps, 'ingest'>,
  { enter = () => undefined, advance = () => undefined }: PlanOptions = {},
): Promise<GatheredFilm> {
  const { storyboard, signal } = request;
  const size = frameSize(storyboard.output);
  enter('fetching');
  const assets = await gatherAssets(storyboard, {
    ingest: deps.ingest,
    baseDir: request.baseDir,
    roots: request.baseDir === undefined ? request.roots : ['/'],
    downloadBytes: request.most?.downloadBytes,
    frame: size,
    signal,
    onProgress: (done, total) => advance('fetching', done / Math.max(1, total)),
  });
  return { size, assets, layers: sceneLayers(storyboard, assets) };
}

/** @throws {StudioError} what voices are refused for, invalid_storyboard if it is too long; cancelled */
export async function planFilm(
  { size, assets, layers }: GatheredFilm,
  request: PlanRequest,
  deps: PlanDeps,
  { enter = () => undefined, advance = () => undefined, onlyKnownSpeech }: PlanOptions = {},
): Promise<FilmPlan> {
  const { storyboard, signal } = request;
  const { output } = storyboard;
  enter('voicing');
  const narrations = await narrate(
    storyboard,
    assets.scenes.map((scene) => scene.audio),
    deps,
    {
      signal,
      onlyKnown: onlyKnownSpeech,
      onProgress: (done, total, scene) => advance('voicing', done / total, scene),
    },
  );

  enter('rendering');
  const timeline = planTimeline(measureScenes(storyboard, assets, narrations), output.fps);
  checkLength(timeline, request.most?.seconds ?? limits.filmSeconds);
  const captions = captionFilm({ storyboard, timeline, narrations, assets, size, fonts: deps.fonts });
  const encoding = { format: output.format, quality: output.quality };
  const { overlays } = captions;
  const segments = cutSegments({ timeline, layers, overlays, ...size, encoding, versions: deps.versions });
  return { encoding, narrations, timeline, captions, segments };
}

/** Only now are speech and clips measured; before, lengths of "auto" were estimates. */
function checkLength({ frames, fps }: Timeline, most: number): void {
  const seconds = Math.round(frames / fps);
  if (seconds <= most) return;
  const message = `last ${seconds} s together; a film may last ${most} s (FILM_MAX_S)`;
  throw new StudioError('invalid_storyboard', `The film would last ${seconds} s; ${most} s are the most.`, {
    issues: [{ path: 'scenes', message }],
    hint: 'Make two films of it, or shorten its text. The limit is the setting FILM_MAX_S.',
  });
}
