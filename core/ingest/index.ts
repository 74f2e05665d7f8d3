/**
 * The one ingest: everything that comes from outside is found, copied, vetted by content, converted
 * and answered as a file that we wrote. ffmpeg never sees an address or a name that others chose.
 */
import path from 'node:path';
import { assetIdOf } from '../assets/names.ts';
import { asStudioError } from '../errors.ts';
import type { Ffmpeg } from '../ffmpeg.ts';
import { createCache } from './cache.ts';
import { cutClip } from './clip-part.ts';
import { clipKey, makeClip } from './clip.ts';
import type { Network } from './connect.ts';
import { contentKey } from './content-key.ts';
import { defaultLimits, type IngestLimits } from './limits.ts';
import { createOriginals, type ByteLimit, type Original } from './originals.ts';
import { makePicture, pictureKey } from './picture.ts';
import { createSharedWork } from './shared-work.ts';
import { findSource } from './source.ts';
import { makeTrack, trackKey } from './track.ts';
import type { ClipContext, Ingest, IngestContext, PictureContext } from './types.ts';

export type { Clip, ClipContext, Ingest, IngestContext, Picture, PictureContext, Track } from './types.ts';
export { defaultLimits, type IngestLimits } from './limits.ts';
export { normaliseFilter } from './clip-filter.ts';

export type IngestOptions = {
  ffmpeg: Ffmpeg;
  /** Folder for downloads and converted files; other processes may share it. */
  cacheDir: string;
  /** Size the folder is kept within, bytes; files used lately stay even so. 5 GiB by default. */
  cacheMaxBytes?: number;
  /** `host:port` exempt from the port and private-address rules. */
  allowHosts?: readonly string[];
  /** Names of this service itself, which are refused. */
  ownHosts?: readonly string[];
  /** Where uploads are, each named by its id. */
  assetsDir?: string;
  /** Gets an upload that another host took into `assetsDir`, if it is not there yet. */
  bringAsset?: ((id: string, signal: AbortSignal | undefined) => Promise<boolean>) | undefined;
  limits?: Partial<IngestLimits>;
  /** Another network, for tests. */
  network?: Network;
};

const DEFAULT_CACHE_BYTES = 5 * 1024 ** 3;

export function createIngest(options: IngestOptions): Ingest {
  const limits = { ...defaultLimits, ...options.limits };
  const cache = createCache({
    dir: path.resolve(options.cacheDir),
    maxBytes: options.cacheMaxBytes ?? DEFAULT_CACHE_BYTES,
    keepUsedMs: limits.keepUsedMs,
  });
  const shared = createSharedWork();
  const rules = { allowHosts: options.allowHosts ?? [], ownHosts: options.ownHosts ?? [] };
  const originals = createOriginals({ cache, shared, limits, rules, network: options.network });
  const deps = { ffmpeg: options.ffmpeg, cache, limits };

  const bring = async (src: string, context: IngestContext, limit: ByteLimit): Promise<Original> => {
    if (context.signal?.aborted) throw asStudioError(context.signal.reason, 'cancelled');
    const asset = assetIdOf(src);
    if (asset !== null) await options.bringAsset?.(asset, context.signal);
    const source = await findSource(src, {
      baseDir: context.baseDir,
      roots: context.roots,
      assetsDir: options.assetsDir,
    });
    if (source.kind === 'file' || !context.downloads)
      return originals.bring(source, limit, { signal: context.signal, onProgress: context.onBytes });
    return context.downloads.count(source.url, context, (caller) => originals.bring(source, limit, caller));
  };

  return {
    async picture(src: string, context: PictureContext = {}) {
      const original = await bring(src, context, 'pictureBytes');
      return shared.run(pictureKey(original, context), context, (signal) =>
        makePicture(deps, original, context, signal),
      );
    },

    async clip(src: string, context: ClipContext = {}) {
      const original = await bring(src, context, 'clipBytes');
      const { start, end, sound, background = '#000000' } = context;
      const whole = await shared.run(clipKey(original, background), context, (signal) =>
        makeClip(deps, original, background, signal),
      );
      const partKey = contentKey('part', whole.hash, start ?? null, end ?? null, sound ?? null);
      return shared.run(partKey, context, (signal) =>
        cutClip(deps, whole, original, { start, end, sound }, signal),
      );
    },

    async track(src: string, context: IngestContext = {}) {
      const original = await bring(src, context, 'trackBytes');
      return shared.run(trackKey(original), context, (signal) => makeTrack(deps, original, signal));
    },
  };
}
