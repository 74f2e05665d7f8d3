/** Damaged media: taken as far as they go or refused in words, whatever the damage; nothing crashes, hangs or stays. */
import { readdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ClipReader, clipFrames } from '../../core/compositor/clip.ts';
import { Kernel } from '../../core/compositor/kernel.ts';
import type { ClipLayer } from '../../core/compositor/plan.ts';
import { createIngest, normaliseFilter, type Clip, type Ingest } from '../../core/ingest/index.ts';
import { sampleFolder, testFfmpeg } from '../helpers/samples.ts';
import { damage, damaged } from './damage.ts';
import { fuzz, fuzzTimeout, outcomeOf } from './rounds.ts';
import { makeSamples, type Sample } from './samples.ts';
import { words } from './texts.ts';

const REFUSED = ['media_unusable', 'too_large'] as const;

let dir: string;
let remove: () => Promise<void>;
let samples: Sample[];
let ingest: Ingest;
const kernel = new Kernel();
const file = (name: string): string => path.join(dir, name);

beforeAll(async () => {
  ({ dir, remove } = await sampleFolder());
  samples = await makeSamples(dir);
  ingest = createIngest({
    ffmpeg: testFfmpeg(),
    cacheDir: file('cache'),
    cacheMaxBytes: 1,
    // A case that needs longer fails: `timeout` is no refusal here.
    limits: { convertMs: 30_000, pictureMs: 20_000, clipSeconds: 30, trackSeconds: 30, keepUsedMs: 60_000 },
  });
});
afterAll(() => remove());

async function noneHalfWritten(): Promise<void> {
  expect((await readdir(file('cache')).catch(() => [])).filter((name) => name.startsWith('.'))).toEqual([]);
}

const sampleOf = (kind: Sample['kind']): fc.Arbitrary<number> =>
  fc.nat(100).map((pick) => {
    const fitting = [...samples.keys()].filter((index) => samples[index]!.kind === kind);
    return fitting[pick % fitting.length]!;
  });

async function put(index: number, harm: Parameters<typeof damaged>[1]): Promise<string> {
  await writeFile(file('damaged'), damaged(samples[index]!.bytes, harm));
  return 'damaged';
}

/** Shows the first and last frames of what was taken, as a render does. */
async function show(clip: Clip): Promise<void> {
  const layer: ClipLayer & { sceneFrames: number } = {
    kind: 'clip',
    fit: 'contain',
    background: '#000000',
    whenShort: 'freeze',
    ...{ path: clip.path, hash: clip.hash, normalise: normaliseFilter(clip) },
    ...{ width: clip.width, height: clip.height, startS: clip.startS, endS: clip.startS + clip.durationS },
    sceneFrames: 10,
  };
  const reader = new ClipReader(
    layer,
    { width: 32, height: 18, fps: 10 },
    { ffmpeg: testFfmpeg(), signal: AbortSignal.timeout(30_000) },
  );
  const mark = kernel.mark();
  try {
    const frame = kernel.frame(32, 18);
    for (const index of [0, Math.min(20, clipFrames(clip.durationS, 10))])
      await reader.read(index, frame, kernel);
  } finally {
    kernel.release(mark);
    await reader.close();
  }
}

describe('bits flipped in good files', () => {
  it(
    'of pictures, refused or used as far as they go',
    () =>
      fuzz(
        'pictures',
        fc.record({ sample: sampleOf('picture'), harm: damage, useDamaged: fc.boolean() }),
        async (one) => {
          const src = await put(one.sample, one.harm);
          const outcome = await outcomeOf(async () => {
            const picture = await ingest.picture(src, {
              baseDir: dir,
              maxSide: 256,
              useDamaged: one.useDamaged,
            });
            expect(picture.width * picture.height).toBeGreaterThan(0);
          }, REFUSED);
          await noneHalfWritten();
          return outcome;
        },
      ),
    fuzzTimeout(),
  );

  it(
    'of clips, whose frames can then be shown',
    () =>
      fuzz('clips', fc.record({ sample: sampleOf('clip'), harm: damage }), async ({ sample, harm }) => {
        const src = await put(sample, harm);
        const outcome = await outcomeOf(async () => show(await ingest.clip(src, { baseDir: dir })), REFUSED);
        await noneHalfWritten();
        return outcome;
      }),
    fuzzTimeout(),
  );

  it(
    'of tracks',
    () =>
      fuzz('tracks', fc.record({ sample: sampleOf('track'), harm: damage }), async ({ sample, harm }) => {
        const src = await put(sample, harm);
        const outcome = await outcomeOf(async () => {
          const track = await ingest.track(src, { baseDir: dir });
          expect(track.durationS).toBeGreaterThan(0);
        }, REFUSED);
        await noneHalfWritten();
        return outcome;
      }),
    fuzzTimeout(),
  );
});

describe('names of files', () => {
  it(
    'lead to nothing but refusals, however they are written',
    () =>
      fuzz(
        'names',
        fc.record({
          scheme: fc.constantFrom(
            '',
            '',
            '',
            'asset:',
            'file:',
            'concat:',
            'data:',
            'HTTP:',
            'subfile,,start,0:',
            '-i ',
          ),
          name: fc.oneof(
            words(2048),
            fc.webPath(),
            fc.constantFrom('.', '..', '/', '//', '~', '%2e%2e/x', 'a/../../b'),
          ),
          kind: fc.constantFrom('picture' as const, 'clip' as const, 'track' as const),
        }),
        ({ scheme, name, kind }) =>
          outcomeOf(async () => {
            const made = await ingest[kind](scheme + name, { baseDir: file('empty'), roots: [file('none')] });
            expect(made).toBe('never taken: there is nothing there');
          }, ['media_unusable', 'url_not_allowed', 'fetch_failed']),
      ),
    fuzzTimeout(),
  );
});
