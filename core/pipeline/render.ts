/**
 * From storyboard to film: the story, one call a step. Read this first.
 * Nothing here decides a look; each step is one file of this folder.
 */
import { rm, stat } from 'node:fs/promises';
import path from 'node:path';
import type { ContentCache } from '../cache.ts';
import type { Compositor } from '../compositor/pool.ts';
import { asStudioError, type Stage } from '../errors.ts';
import type { Ffmpeg } from '../ffmpeg.ts';
import { frameSize } from '../schema/storyboard.ts';
import { allOrStop } from '../together.ts';
import { expectCosts, renderingWork, savingWork } from './costs.ts';
import { beginSoundtrack } from './film-sound.ts';
import { type FilmVoice, filmVoices } from './narrate.ts';
import { joinOnce } from './package.ts';
import {
  gatherFilm,
  planFilm,
  type FilmPlan,
  type GatheredFilm,
  type PlanDeps,
  type PlanOptions,
  type PlanRequest,
} from './plan-film.ts';
import { previewSeconds, type PreviewInput } from './preview-parts.ts';
import { makePreview, needsPreview } from './preview.ts';
import { openProgress, type Progress, type ProgressMeter } from './progress.ts';
import { planRun, renderMissing, sceneAt } from './render-segments.ts';
import { renderTogether } from './render-together.ts';
import { saveFilm, saveSheet, type FilmFiles } from './save.ts';
import type { OfferFilm, SharedFilm } from './shared-film.ts';
import { beginSheet, drawStills, type Stills } from './stills.ts';
import { makeWorkDir } from './work-dir.ts';

export type RenderDeps = PlanDeps & { ffmpeg: Ffmpeg; compositor: Compositor; cache: ContentCache };

export type RenderRequest = PlanRequest & {
  /** Where the finished files go; made when missing. */
  outDir: string;
  onProgress: (progress: Progress) => void;
  /** Called once the storyboard sheet lies in `outDir`, long before the film does. */
  onSheet?: (file: string) => void;
  /** Lets other workers render segments of it; absent where there are none. */
  offer?: OfferFilm;
  /** A larger film gets a small copy of at most so many bytes; absent where nobody needs one. */
  previewBytes?: number | undefined;
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
  /** `helped`: those that other workers rendered. */
  segments: { total: number; reused: number; helped: number };
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
  const progress = openProgress(storyboard.scenes.length, request.onProgress);
  const workDir = await makeWorkDir(outDir);
  let stage: Stage = 'fetching';
  let shared: SharedFilm | null = null;
  const enter = (next: Stage): void => {
    signal.throwIfAborted();
    stage = next;
    progress.advance(next, 0);
  };
  try {
    const expected = expectCosts(progress, storyboard, frameSize(output), deps.compositor.threads);
    const steps = { enter, advance: progress.advance };
    const gathered = await gatherFilm(request, deps, steps);
    const { size, assets } = gathered;
    const { plan, stills } = await planAndDraw(gathered, request, deps, {
      ...steps,
      onPictures(share) {
        const done = expected.done('stills', share);
        // While somebody speaks that is what is waited for.
        if (stage === 'rendering') progress.advance('rendering', done);
      },
    });
    const { encoding, narrations, timeline, captions, segments } = plan;

    const run = await planRun(segments, encoding, deps.cache, signal);
    const seconds = timeline.frames / output.fps;
    const work = renderingWork(run.frames, seconds, storyboard.scenes.length, size, deps.compositor.threads);
    progress.expect('rendering', work.expectedS);
    work.done('stills', 1);
    const keys = run.missing.map(({ key }) => key);
    shared = request.offer?.({ keys, expectedS: work.expectedS, cache: deps.cache }) ?? null;

    const abort = new AbortController();
    const together = AbortSignal.any([signal, abort.signal]);
    // The sheet first, since people wait for it, then the sound, the longest piece; the film is begun meanwhile.
    const sheet = beginSheet(stills, { storyboard, timeline }, deps, together);
    const sound = sheet.then(() =>
      beginSoundtrack({ storyboard, timeline, narrations, assets, workDir }, deps, {
        signal: together,
        onProgress: (fraction) =>
          progress.advance('rendering', work.done('sound', fraction), progress.scene()),
      }),
    );
    const onFrames = (frames: number): void =>
      progress.advance('rendering', work.done('frames', frames / run.frames), sceneAt(run.missing, frames));
    const [helped, { lufs, truePeakDb, path: soundFile }] = await allOrStop(abort, [
      sound.then<number | void>(() =>
        shared
          ? renderTogether(run, encoding, deps.compositor, shared, together, onFrames)
          : renderMissing(run, encoding, deps.compositor, together, onFrames),
      ),
      sound.then(({ mixed }) => mixed),
      sheet.then(async ({ drawn }) => {
        const shown = await saveSheet(await drawn, { storyboard, workDir, outDir });
        request.onSheet?.(shown);
      }),
    ]);

    enter('saving');
    const parts = {
      segments: segments.map((one) => ({ file: run.file(one), key: one.key, frames: one.plan.frames })),
      sound: soundFile,
      fps: output.fps,
      workDir,
    };
    const film = path.join(workDir, `film.${output.format}`);
    await joinOnce(
      { ...parts, frames: timeline.frames, format: output.format, title: storyboard.title, out: film },
      deps,
      signal,
    );
    const preview = await previewLarge({ ...parts, ...size, film, seconds }, request, deps, progress);
    const files = await saveFilm({
      film,
      preview,
      poster: stills.poster,
      cues: captions.cues,
      storyboard,
      workDir,
      outDir,
    });
    await deps.cache.trim();
    return {
      files,
      duration: seconds,
      ...size,
      size: (await stat(files.film)).size,
      loudness: { lufs, truePeakDb },
      scenesReused: run.scenesReused,
      segments: { total: segments.length, reused: run.reused, helped: helped ?? 0 },
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
    await shared?.close();
    await rm(workDir, { recursive: true, force: true });
  }
}

type PlanSteps = Required<Pick<PlanOptions, 'enter' | 'advance'>> & {
  /** Called with the share (0..1) of scenes whose pictures are drawn. */
  onPictures: (share: number) => void;
};

/** Speaks and plans the film while the pictures that stand for it are drawn. */
async function planAndDraw(
  gathered: GatheredFilm,
  request: RenderRequest,
  deps: RenderDeps,
  { onPictures, ...steps }: PlanSteps,
): Promise<{ plan: FilmPlan; stills: Stills }> {
  const { storyboard } = request;
  const abort = new AbortController();
  const signal = AbortSignal.any([request.signal, abort.signal]);
  const [plan, stills] = await allOrStop(abort, [
    planFilm(gathered, { ...request, signal }, deps, steps),
    drawStills(gathered, storyboard, deps, {
      signal,
      onScene: (done) => onPictures(done / storyboard.scenes.length),
    }),
  ]);
  return { plan, stills };
}

/** Makes the small copy of a film that is larger than it may be; null of any other. Joining is done by then. */
async function previewLarge(
  film: Omit<PreviewInput, 'out' | 'maxBytes'> & { seconds: number },
  { previewBytes: maxBytes = Infinity, signal }: RenderRequest,
  deps: RenderDeps,
  progress: ProgressMeter,
): Promise<string | null> {
  const isWanted = await needsPreview(film.film, maxBytes);
  const work = savingWork(isWanted ? previewSeconds(film.seconds) : 0, deps.compositor.threads);
  progress.expect('saving', work.expectedS);
  progress.advance('saving', work.done('joining', 1));
  if (!isWanted) return null;
  const out = path.join(film.workDir, 'preview.mp4');
  await makePreview({ ...film, out, maxBytes }, deps, signal, (done) =>
    progress.advance('saving', work.done('preview', done)),
  );
  return out;
}
