/**
 * From storyboard to film: the story, one call a step. Read this first.
 * Nothing here decides a look; each step is one file of this folder.
 */
import { rm, stat } from 'node:fs/promises';
import path from 'node:path';
import type { ContentCache } from '../cache.ts';
import type { Compositor } from '../compositor/pool.ts';
import type { FilmLimits } from '../config/media.ts';
import type { FontBook } from '../drawing/fonts.ts';
import { asStudioError, StudioError, type Stage } from '../errors.ts';
import type { Ffmpeg } from '../ffmpeg.ts';
import type { Ingest } from '../ingest/types.ts';
import { frameSize, limits, type Storyboard } from '../schema/storyboard.ts';
import { allOrStop } from '../together.ts';
import type { Speech, SpeechRequest } from '../tts/types.ts';
import { gatherAssets } from './assets.ts';
import { captionFilm } from './caption-film.ts';
import { expectCosts, renderingWork } from './costs.ts';
import { makeSoundtrack } from './film-sound.ts';
import { sceneLayers } from './layers.ts';
import { measureScenes } from './measure.ts';
import { type FilmVoice, filmVoices, narrate } from './narrate.ts';
import { joinFilm } from './package.ts';
import { openProgress, type Progress } from './progress.ts';
import { planRun, renderMissing } from './render-segments.ts';
import { saveFilm, saveSheet, type FilmFiles } from './save.ts';
import { cutSegments } from './segments.ts';
import { drawStills } from './stills.ts';
import { planTimeline, type Timeline } from './timeline.ts';
import { makeWorkDir } from './work-dir.ts';

export type RenderDeps = {
  ffmpeg: Ffmpeg;
  ingest: Ingest;
  speech: Speech;
  compositor: Compositor;
  fonts: FontBook;
  cache: ContentCache;
  /** Versions of kernel, fonts and ffmpeg, for the content keys. */
  versions: Record<string, string>;
  defaultEngine?: SpeechRequest['engine'];
};

export type RenderRequest = {
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
  /** Where the finished files go; made when missing. */
  outDir: string;
  signal: AbortSignal;
  onProgress: (progress: Progress) => void;
  /** Called once the storyboard sheet lies in `outDir`, long before the film does. */
  onSheet?: (file: string) => void;
};

export type RenderedFilm = {
  files: FilmFiles;
  /** s */
  duration: number;
  width: number;
  height: number;
  /** bytes */
  size: number;
  loudness: { lufs: number | null; truePeakDb: number | null };
  /** Scenes whose picture was there already. */
  scenesReused: number;
  segments: { total: number; reused: number };
  /** Who spoke which scenes, and why. */
  voices: FilmVoice[];
  warnings: string[];
};

/**
 * Renders a film. Files get their final names together at the end; a failed or cancelled render leaves
 * what was there before, and its finished segments in the cache for the next one.
 * @throws {StudioError} with stage and, where there is one, scene
 */
export async function render(request: RenderRequest, deps: RenderDeps): Promise<RenderedFilm> {
  const { storyboard, outDir, signal } = request;
  const { output } = storyboard;
  const size = frameSize(output);
  const progress = openProgress(storyboard.scenes.length, request.onProgress);
  const workDir = await makeWorkDir(outDir);
  let stage: Stage = 'fetching';
  const enter = (next: Stage): void => {
    signal.throwIfAborted();
    stage = next;
    progress.advance(next, 0);
  };
  try {
    expectCosts(progress, storyboard, size, deps.compositor.threads);
    enter('fetching');
    const assets = await gatherAssets(storyboard, {
      ingest: deps.ingest,
      baseDir: request.baseDir,
      roots: request.baseDir === undefined ? request.roots : ['/'],
      downloadBytes: request.most?.downloadBytes,
      frame: size,
      signal,
      onProgress: (done, total) => progress.advance('fetching', done / Math.max(1, total)),
    });

    enter('voicing');
    const narrations = await narrate(
      storyboard,
      assets.scenes.map((scene) => scene.audio),
      deps,
      { signal, onProgress: (done, total, scene) => progress.advance('voicing', done / total, scene) },
    );

    enter('rendering');
    const timeline = planTimeline(measureScenes(storyboard, assets, narrations), output.fps);
    checkLength(timeline, request.most?.seconds ?? limits.filmSeconds);
    const layers = sceneLayers(storyboard, assets);
    const captions = captionFilm({ storyboard, timeline, narrations, assets, size, fonts: deps.fonts });
    const encoding = { format: output.format, quality: output.quality };
    const segments = cutSegments({
      timeline,
      layers,
      overlays: captions.overlays,
      ...size,
      encoding,
      versions: deps.versions,
    });

    const run = await planRun(segments, encoding, deps.cache, signal);
    const work = renderingWork(
      run.frames,
      timeline.frames / output.fps,
      storyboard.scenes.length,
      size,
      deps.compositor.threads,
    );
    progress.expect('rendering', work.expectedS);

    const stills = await drawStills(
      { timeline, layers, overlays: captions.titles },
      segments,
      storyboard,
      size,
      deps,
      {
        signal,
        onScene: (done) => progress.advance('rendering', work.done('stills', done / layers.length), done),
      },
    );
    work.done('stills', 1);
    const sheet = await saveSheet(stills.sheet, { storyboard, workDir, outDir });
    request.onSheet?.(sheet);

    const abort = new AbortController();
    const together = AbortSignal.any([signal, abort.signal]);
    const [, sound] = await allOrStop(abort, [
      renderMissing(run, encoding, deps.compositor, together, (frames, scene) =>
        progress.advance('rendering', work.done('frames', frames / run.frames), scene),
      ),
      makeSoundtrack({ storyboard, timeline, narrations, assets, workDir }, deps, {
        signal: together,
        onProgress: (fraction) =>
          progress.advance('rendering', work.done('sound', fraction), progress.scene()),
      }),
    ]);

    enter('saving');
    const film = path.join(workDir, `film.${output.format}`);
    const parts = segments.map((segment) => ({ file: run.file(segment), frames: segment.plan.frames }));
    await joinFilm(
      {
        segments: parts,
        sound: sound.path,
        frames: timeline.frames,
        fps: output.fps,
        format: output.format,
        title: storyboard.title,
        workDir,
        out: film,
      },
      deps.ffmpeg,
      signal,
    );
    progress.advance('saving', 0.7);
    const files = await saveFilm({
      film,
      poster: stills.poster,
      cues: captions.cues,
      storyboard,
      workDir,
      outDir,
    });
    await deps.cache.trim();
    return {
      files,
      duration: timeline.frames / output.fps,
      ...size,
      size: (await stat(files.film)).size,
      loudness: { lufs: sound.lufs, truePeakDb: sound.truePeakDb },
      scenesReused: run.scenesReused,
      segments: { total: segments.length, reused: run.reused },
      voices: filmVoices(narrations),
      warnings: [
        ...assets.warnings,
        ...narrations.flatMap((narration) => narration?.warnings ?? []),
        ...timeline.warnings,
        ...captions.warnings,
      ],
    };
  } catch (error) {
    throw asStudioError(signal.aborted ? (signal.reason ?? error) : error, 'render_failed').at({ stage });
  } finally {
    await rm(workDir, { recursive: true, force: true });
  }
}

/** Only now are speech and clips measured; before, lengths of "auto" were estimates. */
function checkLength({ frames, fps }: Timeline, most: number): void {
  const seconds = Math.round(frames / fps);
  if (seconds <= most) return;
  const message = `last ${seconds} s together; a film may last ${most} s`;
  throw new StudioError('invalid_storyboard', `The film would last ${seconds} s; ${most} s are the most.`, {
    issues: [{ path: 'scenes', message }],
    hint: 'Make two films of it, or shorten its text.',
  });
}
