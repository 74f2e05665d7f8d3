import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { StudioError } from '../../../core/errors.ts';
import {
  createIngest,
  type Ingest,
  type IngestContext,
  type Picture,
  type Track,
} from '../../../core/ingest/index.ts';
import { gatherAssets } from '../../../core/pipeline/assets.ts';
import { storyboardSchema, type Storyboard, type StoryboardInput } from '../../../core/schema/storyboard.ts';
import { makeClip, makeTone, quarters, sampleFolder, testFfmpeg } from '../../helpers/samples.ts';

const frame = { width: 640, height: 360 };

let dir: string;
let remove: () => Promise<void>;
let ingest: Ingest;
const file = (name: string): string => path.join(dir, name);
const board = (input: StoryboardInput): Storyboard => storyboardSchema.parse(input);
const gather = (input: StoryboardInput, options: object = {}) =>
  gatherAssets(board(input), { ingest, baseDir: dir, frame, ...options });

beforeAll(async () => {
  ({ dir, remove } = await sampleFolder());
  ingest = createIngest({ ffmpeg: testFfmpeg(), cacheDir: file('cache') });
  await quarters(2000, 1000).jpeg().toFile(file('wide.jpg'));
  await quarters(100, 100).png().toFile(file('logo.png'));
  await makeClip(file('clip.mp4'), { seconds: 2, tone: 440 });
  await makeTone(file('music.wav'), { seconds: 2 });
  await writeFile(file('broken.jpg'), 'no picture');
});
afterAll(() => remove());

describe('gatherAssets', () => {
  it('puts every medium in its place', async () => {
    const assets = await gather({
      scenes: [
        { media: { type: 'image', src: 'wide.jpg' }, audio: 'music.wav' },
        { media: { type: 'video', src: 'clip.mp4', start: 0.5, end: 1.5 } },
        { media: { type: 'video', src: 'clip.mp4', sound: 'drop' } },
        { media: { type: 'color', color: '#123456' } },
        { text: 'Only words' },
      ],
      soundtrack: { src: 'music.wav' },
      brand: { logo: 'logo.png', watermark: { src: 'logo.png' } },
    });
    const [still, part, silent, colour, words] = assets.scenes;
    // Just large enough to cover the frame in the deepest zoom, 1.12 times.
    expect(still).toMatchObject({
      media: { kind: 'picture', width: 808, height: 404 },
      audio: { kind: 'track' },
    });
    expect(part).toMatchObject({
      media: { kind: 'clip', startS: 0.5, durationS: 1, audio: { durationS: 1 } },
      audio: null,
    });
    expect(silent).toMatchObject({ media: { kind: 'clip', startS: 0, audio: null } });
    expect(colour).toEqual({ media: null, audio: null });
    expect(words).toEqual({ media: null, audio: null });
    expect(assets.soundtrack).toEqual(still!.audio);
    expect(assets.logo).toMatchObject({ width: 100 });
    expect(assets.watermark).toEqual(assets.logo);
    expect(assets.warnings).toEqual([]);
  });

  it('says all faults at once, where they are and what to do', async () => {
    const error = await gather({
      scenes: [
        { media: { type: 'image', src: 'wide.jpg' } },
        { media: { type: 'image', src: 'broken.jpg' } },
        { media: { type: 'video', src: 'clip.mp4', start: 50 } },
        { media: { type: 'video', src: 'missing.mp4' }, audio: 'http://127.0.0.1/voice.mp3' },
      ],
      soundtrack: { src: 'music.wav', start: 100 },
      brand: { logo: 'broken.jpg' },
    }).catch((caught: unknown) => caught as StudioError);
    expect(error).toBeInstanceOf(StudioError);
    expect(error).toMatchObject({
      code: 'media_unusable',
      stage: 'fetching',
      retryable: false,
      hint: expect.any(String),
    });
    const { issues } = error as StudioError;
    expect(issues!.map((issue) => issue.path)).toEqual([
      'scenes[1].media.src',
      'scenes[2].media.start',
      'scenes[3].media.src',
      'scenes[3].audio',
      'brand.logo',
      'soundtrack.start',
    ]);
    for (const issue of issues!) expect(issue.message).toMatch(/\. .+\.$/);
  });

  it('keeps the code and the scene when there is one fault', async () => {
    await expect(
      gather({ scenes: [{ text: 'a' }, { media: { type: 'image', src: 'http://127.0.0.1/a.png' } }] }),
    ).rejects.toMatchObject({
      code: 'url_not_allowed',
      scene: 2,
      message: expect.stringContaining('Scene 2'),
      issues: [{ path: 'scenes[1].media.src' }],
    });
  });
});

describe('gatherAssets, with an ingest that is watched', () => {
  const picture: Picture = {
    kind: 'picture',
    path: '/p.png',
    hash: 'h',
    source: 's',
    width: 1,
    height: 1,
    hasAlpha: false,
    warnings: ['Only the first picture is used.'],
  };
  /** An ingest whose pictures behave as their names say. */
  function watched(behave: (src: string, context: IngestContext) => Promise<void>) {
    const seen: string[] = [];
    const most = { now: 0, ever: 0 };
    const made: Ingest = {
      async picture(src, context = {}) {
        seen.push(src);
        most.ever = Math.max(most.ever, (most.now += 1));
        try {
          await behave(src, context);
          return picture;
        } finally {
          most.now -= 1;
        }
      },
      clip: () => Promise.reject(new Error('not used')),
      track: (): Promise<Track> => Promise.reject(new Error('not used')),
    };
    return { ingest: made, seen, most };
  }
  const scenes = (names: string[]): StoryboardInput => ({
    scenes: names.map((src) => ({ media: { type: 'image' as const, src } })),
  });
  const turn = (): Promise<void> => new Promise(setImmediate);

  it('fetches the same medium once, and a few at a time', async () => {
    const {
      ingest: own,
      seen,
      most,
    } = watched(async () => {
      for (let index = 0; index < 5; index += 1) await turn();
    });
    const names = Array.from({ length: 40 }, (_, index) => `p${index % 20}.png`);
    const assets = await gather(scenes(names), { ingest: own });
    expect(seen.toSorted()).toEqual([...new Set(names)].toSorted());
    expect(most.ever).toBeGreaterThan(1);
    expect(most.ever).toBeLessThanOrEqual(4);
    expect(assets.scenes.every((scene) => scene.media === picture)).toBe(true);
    expect(assets.warnings).toContain('Scene 1: Only the first picture is used.');
    expect(assets.warnings).toHaveLength(20);
  });

  it('reports progress that never falls and ends complete', async () => {
    const steps: number[] = [];
    const { ingest: own } = watched(async (_src, context) => {
      for (const share of [0.2, 0.1, 0.9, 1]) {
        context.onBytes?.(share * 1000, 1000);
        await turn();
      }
      context.onBytes?.(5000, null);
    });
    await gather(scenes(['a', 'b', 'c', 'd', 'e', 'f']), {
      ingest: own,
      onProgress: (done: number, total: number) => steps.push(done / total),
    });
    expect(steps).toEqual(steps.toSorted((a, b) => a - b));
    expect(steps.at(-1)).toBe(1);
    expect(steps.length).toBeGreaterThan(6);
  });

  it('may be tried again only if that can help with every fault', async () => {
    const failing = (codes: Record<string, boolean>) =>
      watched(async (src) => {
        if (src in codes)
          throw new StudioError('fetch_failed', 'No luck.', { retryable: codes[src]!, hint: 'Wait.' });
      }).ingest;
    await expect(
      gather(scenes(['a', 'b', 'ok']), { ingest: failing({ a: true, b: true }) }),
    ).rejects.toMatchObject({ code: 'fetch_failed', retryable: true });
    await expect(
      gather(scenes(['a', 'b', 'ok']), { ingest: failing({ a: true, b: false }) }),
    ).rejects.toMatchObject({ code: 'fetch_failed', retryable: false });
  });

  it('stops everything when it is cancelled or the machine fails, and waits until all has stopped', async () => {
    const stop = new AbortController();
    const untilStopped = (signal: AbortSignal | undefined): Promise<never> =>
      new Promise((_resolve, reject) =>
        signal!.addEventListener('abort', () => setImmediate(() => reject(signal!.reason as Error)), {
          once: true,
        }),
      );
    const cancelled = watched(async (_src, context) => {
      setImmediate(() => stop.abort());
      await untilStopped(context.signal);
    });
    await expect(
      gather(scenes(['a', 'b', 'c', 'd', 'e', 'f', 'g']), { ingest: cancelled.ingest, signal: stop.signal }),
    ).rejects.toMatchObject({ code: 'cancelled' });
    expect(cancelled.most.now).toBe(0);
    expect(cancelled.seen.length).toBeLessThanOrEqual(4);

    const full = watched(async (src, context) => {
      if (src === 'c') throw new StudioError('no_space', 'The disk is full.', { retryable: true });
      await untilStopped(context.signal);
    });
    await expect(gather(scenes(['a', 'b', 'c', 'd', 'e']), { ingest: full.ingest })).rejects.toMatchObject({
      code: 'no_space',
      retryable: true,
    });
    expect(full.most.now).toBe(0);
  });
});
