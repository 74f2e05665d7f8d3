/**
 * From storyboard to film: the story, one call a step. Read this first.
 * Nothing here decides a look; each step is one file of this folder.
 */
import { createHash, randomUUID } from 'node:crypto';
import { mkdir, readdir, readFile, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import type { ContentCache } from '../cache.ts';
import type { Compositor } from '../compositor/pool.ts';
import type { FontBook } from '../drawing/fonts.ts';
import { asStudioError, type Stage } from '../errors.ts';
import type { Ffmpeg } from '../ffmpeg.ts';
import type { Ingest } from '../ingest/types.ts';
import { frameSize, type Storyboard } from '../schema/storyboard.ts';
import { allOrStop } from '../together.ts';
import type { Speech, SpeechRequest } from '../tts/types.ts';
import { gatherAssets } from './assets.ts';
import { captionFilm } from './caption-film.ts';
import { makeSoundtrack } from './film-sound.ts';
import { sceneLayers } from './layers.ts';
import { measureScenes } from './measure.ts';
import { narrate } from './narrate.ts';
import { joinFilm } from './package.ts';
import { openProgress, sharedWork, type Progress, type ProgressMeter } from './progress.ts';
import { planRun, renderMissing } from './render-segments.ts';
import { saveFilm, saveSheet, type FilmFiles } from './save.ts';
import { cutSegments } from './segments.ts';
import { drawStills } from './stills.ts';
import { planTimeline } from './timeline.ts';

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
  warnings: string[];
};

/** Rough costs before anything is measured, s: what keeps the bar steady from the first second on. */
const COST = {
  asset: 0.15,
  character: 0.004,
  still: 0.2,
  frame1080p: 0.03,
  soundPerSecond: 0.03,
  saving: 0.6,
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
      roots: request.baseDir === undefined ? [] : ['/'],
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

    const run = await planRun(segments, encoding, deps.cache);
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

/** A temporary folder beside the results, so that renaming suffices. Those of killed runs are removed. */
async function makeWorkDir(outDir: string): Promise<string> {
  await mkdir(outDir, { recursive: true });
  for (const name of await readdir(outDir)) {
    const owner = Number(/^\.render-(\d+)-/.exec(name)?.[1]);
    if (owner && !isRunning(owner)) await rm(path.join(outDir, name), { recursive: true, force: true });
  }
  const workDir = path.join(outDir, `.render-${process.pid}-${randomUUID()}`);
  await mkdir(workDir);
  return workDir;
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** What is expected before anything is measured. */
function expectCosts(
  progress: ProgressMeter,
  storyboard: Storyboard,
  size: { width: number; height: number },
  threads: number,
): void {
  const characters = storyboard.scenes.reduce((sum, scene) => sum + (scene.text?.length ?? 0), 0);
  // Speech runs at about 15 characters a second; scenes without any last about 4 s.
  const seconds = storyboard.scenes.reduce(
    (sum, scene) =>
      sum + (scene.duration === 'auto' ? Math.max(4, (scene.text?.length ?? 0) / 15) : scene.duration),
    0,
  );
  progress.expect('fetching', storyboard.scenes.length * COST.asset);
  progress.expect('voicing', 0.2 + characters * COST.character);
  progress.expect(
    'rendering',
    renderingWork(seconds * storyboard.output.fps, seconds, storyboard.scenes.length, size, threads)
      .expectedS,
  );
  progress.expect('saving', COST.saving);
}

/** Pictures, frames and sound of a film as shares of one stage. */
function renderingWork(
  frames: number,
  seconds: number,
  scenes: number,
  size: { width: number; height: number },
  threads: number,
): { expectedS: number; done: ReturnType<typeof sharedWork<'stills' | 'frames' | 'sound'>> } {
  const perFrame = 0.004 + (COST.frame1080p * size.width * size.height) / (1920 * 1080);
  const costs = {
    stills: (scenes * COST.still) / threads,
    frames: (frames * perFrame) / threads,
    sound: seconds * COST.soundPerSecond,
  };
  return { expectedS: costs.stills + costs.frames + costs.sound, done: sharedWork(costs) };
}

/** Version of the compositor's kernel, for content keys. */
export async function kernelVersion(): Promise<string> {
  const wasm = await readFile(new URL('../compositor/kernel.wasm', import.meta.url));
  return createHash('sha256').update(wasm).digest('hex').slice(0, 16);
}
