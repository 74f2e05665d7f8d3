/**
 * From storyboard to film: the story, one call a step. Read this first.
 * Nothing here decides a look; each step is one file of this folder.
 */
import { createHash, randomUUID } from 'node:crypto';
import { copyFile, mkdir, open, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { ContentCache } from '../cache.ts';
import type { Compositor } from '../compositor/pool.ts';
import type { FontBook } from '../drawing/fonts.ts';
import { drawSheet } from '../drawing/sheet.ts';
import { asStudioError, type Stage } from '../errors.ts';
import type { Ffmpeg } from '../ffmpeg.ts';
import type { Ingest } from '../ingest/types.ts';
import { frameSize, type Storyboard } from '../schema/storyboard.ts';
import type { Speech, SpeechRequest } from '../tts/types.ts';
import { gatherAssets } from './assets.ts';
import { captionFilm } from './caption-film.ts';
import { sceneLayers } from './layers.ts';
import { measureScenes } from './measure.ts';
import { narrate } from './narrate.ts';
import { joinFilm } from './package.ts';
import { openProgress, type Progress, type ProgressMeter } from './progress.ts';
import { cutSegments, type Segment } from './segments.ts';
import { toSrt, toVtt } from './sidecars.ts';
import { makeSoundtrack } from './film-sound.ts';
import { drawPoster, drawSceneFrames, type StillsInput } from './stills.ts';
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
  files: { film: string; poster: string; sheet: string; srt: string | null; vtt: string | null };
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
const COST = { asset: 0.15, character: 0.004, frame1080p: 0.03, saving: 0.8 };

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
  await mkdir(outDir, { recursive: true });
  const workDir = path.join(outDir, `.render-${process.pid}-${randomUUID()}`);
  await mkdir(workDir);
  let stage: Stage = 'fetching';
  const enter = (next: Stage): void => {
    signal.throwIfAborted();
    stage = next;
    progress.advance(next, 0);
  };
  try {
    expectCosts(progress, storyboard, size, deps.compositor.threads);
    enter('fetching');
    const assets = await gatherAssets(storyboard, { ingest: deps.ingest, baseDir: request.baseDir, roots: request.baseDir === undefined ? [] : ['/'], frame: size, signal, onProgress: (done, total) => progress.advance('fetching', done / Math.max(1, total)) });

    enter('voicing');
    const narrations = await narrate(storyboard, assets.scenes.map((scene) => scene.audio), deps, { signal, onProgress: (done, total, scene) => progress.advance('voicing', done / total, scene) });

    enter('rendering');
    const timeline = planTimeline(measureScenes(storyboard, assets, narrations), output.fps);
    const layers = sceneLayers(storyboard, assets);
    const captions = captionFilm({ storyboard, timeline, narrations, assets, size, fonts: deps.fonts });
    const encoding = { format: output.format, quality: output.quality };
    const segments = cutSegments({ timeline, layers, overlays: captions.overlays, ...size, encoding, versions: deps.versions });

    const stills: StillsInput = { timeline, layers, overlays: captions.titles };
    const pictures = await drawStills(stills, segments, storyboard, size, deps, signal);
    await publish(pictures.sheet, path.join(outDir, 'sheet.png'), workDir);
    request.onSheet?.(path.join(outDir, 'sheet.png'));

    const soundAbort = new AbortController();
    const both = AbortSignal.any([signal, soundAbort.signal]);
    const [rendered, sound] = await allOrStop(soundAbort, [
      renderSegments(segments, encoding, deps, both, progress),
      makeSoundtrack({ storyboard, timeline, narrations, assets, workDir }, deps, both),
    ]);

    enter('saving');
    const film = path.join(workDir, `film.${output.format}`);
    await joinFilm({ segments: segments.map((segment) => ({ file: rendered.file(segment), frames: segment.plan.frames })), sound: sound.path, frames: timeline.frames, fps: output.fps, format: output.format, title: storyboard.title, workDir, out: film }, deps.ffmpeg, signal);
    progress.advance('saving', 0.7);
    const files = await saveFiles({ film, poster: pictures.poster, cues: captions.cues, storyboard, workDir, outDir });
    await deps.cache.trim();
    return {
      files: { ...files, sheet: path.join(outDir, 'sheet.png') },
      duration: timeline.frames / output.fps,
      ...size,
      size: (await stat(files.film)).size,
      loudness: { lufs: sound.lufs, truePeakDb: sound.truePeakDb },
      scenesReused: rendered.scenesReused,
      segments: { total: segments.length, reused: rendered.reused },
      warnings: [...assets.warnings, ...narrations.flatMap((narration) => narration?.warnings ?? []), ...timeline.warnings, ...captions.warnings],
    };
  } catch (error) {
    throw asStudioError(signal.aborted ? (signal.reason ?? error) : error, 'render_failed').at({ stage });
  } finally {
    await rm(workDir, { recursive: true, force: true });
  }
}

function expectCosts(progress: ProgressMeter, storyboard: Storyboard, size: { width: number; height: number }, threads: number): void {
  const characters = storyboard.scenes.reduce((sum, scene) => sum + (scene.text?.length ?? 0), 0);
  // Speech runs at about 15 characters a second; scenes without any last about 4 s.
  const seconds = storyboard.scenes.reduce((sum, scene) => sum + (scene.duration === 'auto' ? Math.max(4, (scene.text?.length ?? 0) / 15) : scene.duration), 0);
  progress.expect('fetching', storyboard.scenes.length * COST.asset);
  progress.expect('voicing', 0.2 + characters * COST.character);
  progress.expect('rendering', renderingCost(seconds * storyboard.output.fps, size, threads));
  progress.expect('saving', COST.saving);
}

function renderingCost(frames: number, size: { width: number; height: number }, threads: number): number {
  return (frames * COST.frame1080p * (size.width * size.height)) / (1920 * 1080) / threads;
}

type Stills = { sheet: string; poster: string };

/** Sheet and poster, from the cache when no picture and no text of the storyboard changed. */
async function drawStills(input: StillsInput, segments: Segment[], storyboard: Storyboard, size: { width: number; height: number }, deps: RenderDeps, signal: AbortSignal): Promise<Stills> {
  const key = createHash('sha256')
    .update(JSON.stringify(['stills', 1, segments.map((segment) => segment.key), storyboard.title, storyboard.scenes.map((scene) => [scene.text, scene.title]), size]))
    .digest('hex');
  const [sheet, poster] = [deps.cache.file(key, 'png'), deps.cache.file(key, 'jpg')];
  if ((await deps.cache.has(key, 'png')) && (await deps.cache.has(key, 'jpg'))) return { sheet, poster };
  const frames = await drawSceneFrames(input, size, deps.compositor, signal);
  const cells = frames.map((picture, index) => {
    const scene = storyboard.scenes[index]!;
    const timed = input.timeline.scenes[index]!;
    return { picture, number: index + 1, heading: scene.title?.text, text: scene.text, durationS: timed.frames / input.timeline.fps, transition: timed.transitionIn?.type };
  });
  await writeCached(deps.cache, key, 'png', drawSheet({ title: storyboard.title, cells }, deps.fonts));
  await writeCached(deps.cache, key, 'jpg', await drawPoster(input, frames, size, deps.compositor, signal));
  return { sheet, poster };
}

async function writeCached(cache: ContentCache, key: string, extension: string, bytes: Uint8Array): Promise<void> {
  const temporary = cache.temporary(key, extension);
  await writeFile(temporary, bytes);
  await cache.keep(temporary, key, extension);
}

type Rendered = { file(segment: Segment): string; reused: number; scenesReused: number };

/** Renders what the cache lacks, as many segments at once as there are threads, in film order. */
async function renderSegments(segments: Segment[], encoding: { format: 'mp4' | 'webm'; quality: Storyboard['output']['quality'] }, deps: RenderDeps, signal: AbortSignal, progress: ProgressMeter): Promise<Rendered> {
  const extension = encoding.format === 'webm' ? 'mkv' : 'mp4';
  const file = (segment: Segment): string => deps.cache.file(segment.key, extension);
  const unique = new Map(segments.map((segment) => [segment.key, segment]));
  const missing: Segment[] = [];
  for (const segment of unique.values()) if (!(await deps.cache.has(segment.key, extension))) missing.push(segment);
  const frames = missing.reduce((sum, segment) => sum + segment.plan.frames, 0);
  const first = segments[0]!.plan;
  progress.expect('rendering', 0.1 + renderingCost(frames, first, deps.compositor.threads));
  let done = 0;
  await stopTogether(signal, missing, async (segment, together) => {
    let own = 0;
    const onFrames = (rendered: number): void => {
      done += rendered - own;
      own = rendered;
      progress.advance('rendering', done / frames, segment.scene + 1);
    };
    try {
      await deps.compositor.run({ kind: 'segment', plan: segment.plan, encoding, file: file(segment) }, { signal: together, onFrames });
    } catch (error) {
      throw asStudioError(error, 'render_failed').at({ stage: 'rendering', scene: segment.scene + 1 });
    }
  });
  progress.advance('rendering', 1);
  const fresh = new Set(missing.map((segment) => segment.key));
  const changed = new Set(segments.filter((segment) => fresh.has(segment.key) && segment.kind === 'body').map((segment) => segment.scene));
  const shown = new Set(segments.map((segment) => segment.scene));
  return { file, reused: segments.filter((segment) => !fresh.has(segment.key)).length, scenesReused: shown.size - changed.size };
}

/** Runs a task for each item; the first failure stops the others and is thrown once all have ended. */
async function stopTogether<Item>(signal: AbortSignal, items: Item[], task: (item: Item, signal: AbortSignal) => Promise<void>): Promise<void> {
  const abort = new AbortController();
  const together = AbortSignal.any([signal, abort.signal]);
  await allOrStop(abort, items.map((item) => task(item, together)));
}

/** Like Promise.all, but aborts the rest on the first failure and waits for it, so that nothing runs on. */
async function allOrStop<Results extends unknown[]>(abort: AbortController, tasks: { [Index in keyof Results]: Promise<Results[Index]> }): Promise<Results> {
  let failure: { error: unknown } | null = null;
  for (const task of tasks) {
    task.catch((error: unknown) => {
      failure ??= { error };
      abort.abort(error);
    });
  }
  await Promise.allSettled(tasks);
  if (failure) throw (failure as { error: unknown }).error;
  return Promise.all(tasks);
}

type Saving = { film: string; poster: string; cues: Parameters<typeof toSrt>[0]; storyboard: Storyboard; workDir: string; outDir: string };

/** Writes everything beside its final name first, the film safely to disk, and then renames all. */
async function saveFiles({ film, poster, cues, storyboard, workDir, outDir }: Saving): Promise<Pick<RenderedFilm['files'], 'film' | 'poster' | 'srt' | 'vtt'>> {
  const sidecars = storyboard.captions.mode === 'sidecar' || storyboard.captions.mode === 'both';
  const target = (name: string): string => path.join(outDir, name);
  const files = { film: target(`film.${storyboard.output.format}`), poster: target('poster.jpg'), srt: sidecars ? target('captions.srt') : null, vtt: sidecars ? target('captions.vtt') : null };
  await copyFile(poster, path.join(workDir, 'poster.jpg'));
  const written: [from: string, to: string][] = [[path.join(workDir, 'poster.jpg'), files.poster]];
  for (const [name, text] of [['captions.srt', toSrt(cues)], ['captions.vtt', toVtt(cues)]] as const) {
    if (!sidecars) await rm(target(name), { force: true });
    else {
      await writeFile(path.join(workDir, name), text);
      written.push([path.join(workDir, name), target(name)]);
    }
  }
  const handle = await open(film, 'r+');
  await handle.sync();
  await handle.close();
  for (const [from, to] of written) await rename(from, to);
  await rename(film, files.film);
  return files;
}

/** Copies a cached file under its name in the output folder (a link would let an edit reach the cache). */
async function publish(cached: string, name: string, workDir: string): Promise<void> {
  const temporary = path.join(workDir, path.basename(name));
  await copyFile(cached, temporary);
  await rename(temporary, name);
}

/** Version of the compositor's kernel, for content keys. */
export async function kernelVersion(): Promise<string> {
  const wasm = await readFile(new URL('../compositor/kernel.wasm', import.meta.url));
  return createHash('sha256').update(wasm).digest('hex').slice(0, 16);
}
