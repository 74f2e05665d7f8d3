/**
 * Step 1: all media of a storyboard, vetted and converted by the ingest, a few at a time.
 * Whatever is wrong is said at once, so that nobody mends a storyboard fault by fault.
 */
import { canvasSize } from '../compositor/motion.ts';
import { asStudioError, StudioError, type ErrorCode, type Issue } from '../errors.ts';
import { createDownloadBudget } from '../ingest/download-budget.ts';
import type { Clip, Ingest, IngestContext, Picture, Track } from '../ingest/types.ts';
import type { Media, Storyboard } from '../schema/storyboard.ts';

export type SceneAssets = {
  /** Null for colours, gradients and scenes without media. */
  media: Picture | Clip | null;
  /** The scene's own narration. */
  audio: Track | null;
};

export type Assets = {
  /** One entry a scene, in order. */
  scenes: SceneAssets[];
  soundtrack: Track | null;
  logo: Picture | null;
  watermark: Picture | null;
  /** Plain sentences for the job. */
  warnings: string[];
};

export type GatherOptions = {
  ingest: Ingest;
  /** Folder of local paths; absent means that paths are refused. */
  baseDir?: string | undefined;
  roots?: readonly string[] | undefined;
  /** Size of the film, px: pictures are kept just large enough for it. */
  frame: { width: number; height: number };
  /** All downloads together, bytes; absent: each has only its own limit. */
  downloadBytes?: number | undefined;
  signal?: AbortSignal | undefined;
  /** Media done so far, in fractions as their bytes arrive, of all distinct ones; never falls. */
  onProgress?: ((done: number, total: number) => void) | undefined;
};

type Asset = Picture | Clip | Track;
/** One use of a medium. Uses with the same key are fetched once. */
type Use = {
  /** Path of the object in the storyboard, e.g. `scenes[3].media`; the fault is at one of its fields. */
  at: string;
  field: string;
  /** Counted from 1; null outside the scenes. */
  scene: number | null;
  key: string;
  fetch(context: IngestContext): Promise<Asset>;
  store(asset: Asset): void;
};
type Fault = { use: Use; error: StudioError };

/** Media worked on side by side: waiting for the network takes longest, converting uses all cores. */
const AT_A_TIME = 4;
/** Share of a medium's progress that its download counts for. */
const DOWNLOAD_SHARE = 0.7;
/** Codes that speak of one medium; any other means that this machine or the caller stopped us. */
const MEDIA_CODES: readonly ErrorCode[] = [
  'media_unusable',
  'url_not_allowed',
  'fetch_failed',
  'too_large',
  'timeout',
  'not_found',
];
const PANORAMA_SIDE = 8192;

/**
 * @throws {StudioError} all faults together: with their common code, else media_unusable; each as
 *   an issue such as `scenes[3].media.src`. Also cancelled, no_space, missing_tool.
 */
export async function gatherAssets(storyboard: Storyboard, options: GatherOptions): Promise<Assets> {
  const assets: Assets = {
    scenes: storyboard.scenes.map(() => ({ media: null, audio: null })),
    soundtrack: null,
    logo: null,
    watermark: null,
    warnings: [],
  };
  const uses = listUses(storyboard, assets, options);
  const faults = await fetchAll(uses, assets, options);
  faults.push(...checkSoundtrackStart(storyboard, assets));
  if (faults.length > 0) throw allFaults(faults);
  return assets;
}

function listUses(storyboard: Storyboard, assets: Assets, { ingest, frame }: GatherOptions): Use[] {
  const uses: Use[] = [];
  const side = Math.max(frame.width, frame.height);
  const small = (src: string) => ({
    key: `small picture ${src}`,
    fetch: (context: IngestContext) => ingest.picture(src, { ...context, maxSide: side }),
  });
  const track = (src: string) => ({
    key: `track ${src}`,
    fetch: (context: IngestContext) => ingest.track(src, context),
  });

  storyboard.scenes.forEach((scene, index) => {
    const target = assets.scenes[index]!;
    const request =
      scene.media && mediaRequest(scene.media, ingest, frame, storyboard.brand.colors.background);
    if (request)
      uses.push({
        at: `scenes[${index}].media`,
        field: 'src',
        scene: index + 1,
        ...request,
        store: (asset) => (target.media = asset as Picture | Clip),
      });
    if (scene.audio)
      uses.push({
        at: `scenes[${index}]`,
        field: 'audio',
        scene: index + 1,
        ...track(scene.audio),
        store: (asset) => (target.audio = asset as Track),
      });
  });
  const { soundtrack, brand } = storyboard;
  if (soundtrack)
    uses.push({
      at: 'soundtrack',
      field: 'src',
      scene: null,
      ...track(soundtrack.src),
      store: (asset) => (assets.soundtrack = asset as Track),
    });
  if (brand.logo)
    uses.push({
      at: 'brand',
      field: 'logo',
      scene: null,
      ...small(brand.logo),
      store: (asset) => (assets.logo = asset as Picture),
    });
  if (brand.watermark?.src)
    uses.push({
      at: 'brand.watermark',
      field: 'src',
      scene: null,
      ...small(brand.watermark.src),
      store: (asset) => (assets.watermark = asset as Picture),
    });
  return uses;
}

function mediaRequest(
  media: Media,
  ingest: Ingest,
  frame: { width: number; height: number },
  background: string,
): Pick<Use, 'key' | 'fetch'> | null {
  if (media.type === 'image') {
    // The same for every effect, so that changing the effect does not convert the picture again.
    const cover = canvasSize('zoomIn', frame.width, frame.height);
    const useDamaged = media.damaged === 'use';
    return {
      key: `picture ${useDamaged} ${media.src}`,
      fetch: (context) =>
        ingest.picture(media.src, { ...context, cover, maxSide: PANORAMA_SIDE, useDamaged }),
    };
  }
  if (media.type !== 'video') return null;
  const part = { start: media.start, end: media.end, sound: media.sound !== 'drop' };
  return {
    key: `clip ${JSON.stringify(part)} ${media.src}`,
    fetch: (context) => ingest.clip(media.src, { ...context, ...part, background }),
  };
}

/** Fetches each distinct medium once. Faults of media are collected; anything else stops all the rest. */
async function fetchAll(uses: Use[], assets: Assets, options: GatherOptions): Promise<Fault[]> {
  const groups = groupByKey(uses);
  const progress = createProgress(groups.length, options.onProgress);
  const stop = new AbortController();
  const signal = options.signal ? AbortSignal.any([options.signal, stop.signal]) : stop.signal;
  const downloads =
    options.downloadBytes === undefined ? undefined : createDownloadBudget(options.downloadBytes);
  const faults: Fault[] = [];
  let fatal: StudioError | null = null;
  let next = 0;

  const work = async (): Promise<void> => {
    for (let index = next++; index < groups.length && !fatal; index = next++) {
      const group = groups[index]!;
      const onBytes = (received: number, total: number | null): void =>
        progress(index, total ? (received / total) * DOWNLOAD_SHARE : 0);
      try {
        const asset = await group[0]!.fetch({
          baseDir: options.baseDir,
          roots: options.roots,
          signal,
          onBytes,
          downloads,
        });
        for (const use of group) use.store(asset);
        assets.warnings.push(...asset.warnings.map((warning) => `${whereText(group[0]!)}: ${warning}`));
      } catch (caught) {
        const error = asStudioError(caught, 'internal');
        if (MEDIA_CODES.includes(error.code)) faults.push(...group.map((use) => ({ use, error })));
        else {
          fatal ??= error;
          stop.abort(error);
        }
      }
      progress(index, 1);
    }
  };
  await Promise.all(Array.from({ length: Math.min(AT_A_TIME, groups.length) }, work));
  if (fatal) throw fatal;
  return faults.sort((a, b) => uses.indexOf(a.use) - uses.indexOf(b.use));
}

function groupByKey(uses: Use[]): Use[][] {
  const groups = new Map<string, Use[]>();
  for (const use of uses) groups.set(use.key, [...(groups.get(use.key) ?? []), use]);
  return [...groups.values()];
}

/** The share of all work, from that of each part. */
function createProgress(
  parts: number,
  report: GatherOptions['onProgress'],
): (index: number, share: number) => void {
  const shares = new Array<number>(parts).fill(0);
  return (index, share) => {
    if (share <= shares[index]!) return;
    shares[index] = Math.min(1, share);
    const done = shares.reduce((sum, one) => sum + one, 0);
    report?.(done, parts);
  };
}

function checkSoundtrackStart({ soundtrack }: Storyboard, assets: Assets): Fault[] {
  if (!soundtrack || !assets.soundtrack || soundtrack.start < assets.soundtrack.durationS) return [];
  const message = `The track lasts ${assets.soundtrack.durationS.toFixed(1)} s and cannot start at ${soundtrack.start} s.`;
  const error = new StudioError('media_unusable', message, {
    hint: 'Choose an earlier start.',
    issues: [{ path: 'start', message }],
  });
  return [
    {
      use: {
        at: 'soundtrack',
        field: 'src',
        scene: null,
        key: '',
        fetch: () => Promise.reject(error),
        store: () => {},
      },
      error,
    },
  ];
}

/** One error for all; each issue says the field, what is wrong with it and what to do. */
function allFaults(faults: Fault[]): StudioError {
  const first = faults[0]!;
  const codes = new Set(faults.map(({ error }) => error.code));
  const scenes = new Set(faults.map(({ use }) => use.scene));
  const issues = faults.flatMap(faultIssues);
  const others = issues.length - 1;
  const more = others > 0 ? ` (and ${others} more ${others === 1 ? 'fault' : 'faults'})` : '';
  return new StudioError(
    codes.size === 1 ? first.error.code : 'media_unusable',
    `${whereText(first.use)}: ${first.error.message}${more}`,
    {
      stage: 'fetching',
      scene: scenes.size === 1 ? (first.use.scene ?? undefined) : undefined,
      // Another try only helps if it can help with every fault.
      retryable: faults.every(({ error }) => error.retryable),
      hint: others > 0 ? 'Mend each of the listed media and try again.' : first.error.hint,
      issues,
      cause: first.error,
    },
  );
}

/** Faults of an option, such as `start`, are said at that option; all others at the source. */
function faultIssues({ use, error }: Fault): Issue[] {
  const advice = error.hint ? ` ${error.hint}` : '';
  if (error.issues)
    return error.issues.map((issue) => ({
      path: `${use.at}.${issue.path}`,
      message: `${issue.message}${advice}`,
    }));
  return [{ path: `${use.at}.${use.field}`, message: `${error.message}${advice}` }];
}

function whereText(use: Use): string {
  if (use.scene !== null) return `Scene ${use.scene}`;
  return use.at === 'soundtrack' ? 'Soundtrack' : use.field === 'logo' ? 'Logo' : 'Watermark';
}
