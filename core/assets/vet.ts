/** Finds out what an upload is by using it as a film would. */
import path from 'node:path';
import { StudioError } from '../errors.ts';
import type { Ffmpeg } from '../ffmpeg.ts';
import { createIngest, type IngestLimits } from '../ingest/index.ts';
import { identify } from '../ingest/media-type.ts';
import type { Ingest } from '../ingest/types.ts';
import type { Asset } from '../studio-service.ts';

export type Facts = Pick<Asset, 'type' | 'width' | 'height' | 'duration'>;
type Attempt = (ingest: Ingest, src: string, signal: AbortSignal) => Promise<Facts>;

/**
 * Vets by an ingest of its own, whose folder goes with the upload: nothing of what is refused stays in a cache.
 * @param upload `folder` holds it under `name` and may be filled further; the caller removes it
 * @throws {StudioError} media_unusable, too_large, no_space, timeout, cancelled
 */
export async function vet(
  { folder, name, limits }: { folder: string; name: string; limits?: Partial<IngestLimits> },
  ffmpeg: Ffmpeg,
  signal: AbortSignal,
): Promise<Facts> {
  const { family } = await identify(path.join(folder, name));
  const ingest = createIngest({ ffmpeg, cacheDir: path.join(folder, 'media'), assetsDir: folder, limits });
  return firstThatFits(attempts[family].map((attempt) => () => attempt(ingest, `asset:${name}`, signal)));
}

const asPicture: Attempt = async (ingest, src, signal) => {
  const { width, height } = await ingest.picture(src, { signal });
  return { type: 'image', width, height, duration: null };
};

const asClip: Attempt = async (ingest, src, signal) => {
  const { width, height, durationS } = await ingest.clip(src, { signal });
  return { type: 'video', width, height, duration: durationS };
};

const asTrack: Attempt = async (ingest, src, signal) => {
  const { durationS } = await ingest.track(src, { signal });
  return { type: 'audio', width: null, height: null, duration: durationS };
};

/** A GIF may stand still, and an MP4 may hold only sound. */
const attempts: Record<Awaited<ReturnType<typeof identify>>['family'], Attempt[]> = {
  picture: [asPicture],
  animation: [asClip, asPicture],
  video: [asClip, asTrack],
  sound: [asTrack],
};

/** What fits nothing is told by what it looks most like. */
async function firstThatFits(tries: (() => Promise<Facts>)[]): Promise<Facts> {
  let first: unknown;
  for (const attempt of tries) {
    try {
      return await attempt();
    } catch (error) {
      first ??= error;
      if (!(error instanceof StudioError && error.code === 'media_unusable')) throw error;
    }
  }
  throw first;
}
