/** Renders the segments the cache lacks, a batch of neighbours a thread, in film order. */
import type { ContentCache } from '../cache.ts';
import type { Encoding } from '../compositor/encode.ts';
import type { Compositor } from '../compositor/pool.ts';
import { asStudioError } from '../errors.ts';
import { allOrStop } from '../together.ts';
import { encoderThreads, sumFrames, takeBatch } from './batches.ts';
import type { Segment } from './segments.ts';

/** To start an encoder costs as much as some dozen frames, s of film. */
const SHORTEST_BATCH_S = 2;

export type SegmentRun = {
  /** Segments to render; the others are in the cache. */
  missing: Segment[];
  /** Frames in them. */
  frames: number;
  file(segment: Segment): string;
  /** Whether another worker's rendering of it can be had; it is there then. */
  find(segment: Segment, signal: AbortSignal): Promise<boolean>;
  /** Tells the cache of one that is rendered now. */
  rendered(segment: Segment): void;
  /** Segments of the film that are not rendered anew. */
  reused: number;
  scenesReused: number;
};

export function segmentExtension({ format }: Encoding): 'mkv' | 'mp4' {
  return format === 'webm' ? 'mkv' : 'mp4';
}

/** Looks which segments there are already. Equal segments are rendered once. */
export async function planRun(
  segments: Segment[],
  encoding: Encoding,
  cache: ContentCache,
  signal?: AbortSignal,
): Promise<SegmentRun> {
  const extension = segmentExtension(encoding);
  const different = [...new Map(segments.map((each) => [each.key, each])).values()];
  // Side by side: a shared cache asks for each over the network.
  const isThere = await Promise.all(different.map((segment) => cache.has(segment.key, extension, signal)));
  const missing = different.filter((_, index) => !isThere[index]);
  const fresh = new Set(missing.map((segment) => segment.key));
  return {
    missing,
    frames: sumFrames(missing),
    file: (segment) => cache.file(segment.key, extension),
    find: (segment, until) => cache.has(segment.key, extension, until),
    rendered: (segment) => void cache.share(segment.key, extension),
    reused: segments.filter((segment) => !fresh.has(segment.key)).length,
    scenesReused: countReused(segments, fresh),
  };
}

/**
 * @param onFrames frames done of `run.frames`
 * @throws {StudioError} with the scene at fault, once nothing runs any more
 */
export async function renderMissing(
  run: SegmentRun,
  encoding: Encoding,
  compositor: Compositor,
  signal: AbortSignal,
  onFrames: (done: number) => void,
): Promise<void> {
  const left = [...run.missing];
  const abort = new AbortController();
  const together = AbortSignal.any([signal, abort.signal]);
  let done = 0;

  async function renderInTurn(): Promise<void> {
    for (;;) {
      together.throwIfAborted();
      const batch = takeBatch(left, compositor.threads, SHORTEST_BATCH_S);
      if (batch.length === 0) return;
      await renderBatch(batch);
    }
  }

  async function renderBatch(batch: Segment[]): Promise<void> {
    const parts = batch.map((segment) => ({
      plan: segment.plan,
      file: run.file(segment),
      scene: segment.scene + 1,
    }));
    const last = { frames: 0, finished: 0 };
    const onProgress = (frames: number, finished: number): void => {
      done += frames - last.frames;
      for (const segment of batch.slice(last.finished, finished)) run.rendered(segment);
      Object.assign(last, { frames, finished });
      onFrames(done);
    };
    try {
      // Those of the other threads are rendered meanwhile, and count as left.
      const others = run.frames - done - sumFrames(batch);
      await compositor.run(
        { kind: 'segments', parts, encoding, threads: encoderThreads(batch, others, compositor.threads) },
        { signal: together, onProgress },
      );
      onProgress(sumFrames(batch), batch.length);
    } catch (error) {
      throw asStudioError(error, 'render_failed').at({ stage: 'rendering' });
    }
  }

  await allOrStop(
    abort,
    Array.from({ length: compositor.threads }, () => renderInTurn()),
  );
}

/**
 * How far the film is as a scene, from 1, when so many of the missing frames are done. Several scenes are
 * drawn at once, here and elsewhere: naming the one that drew last would jump back and forth.
 */
export function sceneAt(missing: readonly Segment[], frames: number): number | null {
  let end = 0;
  const at = missing.find(({ plan }) => (end += plan.frames) >= frames) ?? missing.at(-1);
  return at ? at.scene + 1 : null;
}

/** Scenes nothing of which has to be drawn; transitions count only where they are all there is of a scene. */
function countReused(segments: Segment[], fresh: Set<string>): number {
  const scenes = Math.max(...segments.map((segment) => segment.scene)) + 1;
  const byScene = new Map<number, Segment[]>();
  for (const segment of segments)
    byScene.set(segment.scene, [...(byScene.get(segment.scene) ?? []), segment]);
  return Array.from({ length: scenes }, (_, scene) => {
    const own = byScene.get(scene) ?? [];
    const bodies = own.filter((segment) => segment.kind === 'body');
    const windows = [...own, ...(byScene.get(scene + 1) ?? [])].filter(
      (segment) => segment.kind === 'window',
    );
    return (bodies.length > 0 ? bodies : windows).every((segment) => !fresh.has(segment.key));
  }).filter(Boolean).length;
}
