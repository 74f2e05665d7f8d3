import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { opacityAt } from '../../../core/compositor/overlay.ts';
import type { OverlaySpan } from '../../../core/drawing/types.ts';
import { cutSegments, type SceneLayer, type SegmentInput } from '../../../core/pipeline/segments.ts';
import { planTimeline, type SceneMeasure } from '../../../core/pipeline/timeline.ts';

const measure = (duration: number, type: SceneMeasure['transition']['type'] = 'fade'): SceneMeasure => ({
  duration,
  speechS: null,
  clipS: null,
  hasTitle: false,
  transition: { type, duration: 0.5 },
});
const still = (name: string): SceneLayer => ({
  kind: 'still',
  picture: { path: `/cache/${name}.png`, hash: name },
  fit: 'cover',
  background: '#000000',
  effect: 'zoomIn',
});
const span = (startFrame: number, endFrame: number, fade = 0): OverlaySpan => ({
  overlay: { kind: 'watermark', text: 'x', position: 'topRight', opacity: 0.5 },
  startFrame,
  endFrame,
  fadeInFrames: fade,
  fadeOutFrames: fade,
});

function cut(
  durations: number[],
  names: string[] = durations.map((_, index) => `scene${index}`),
  over: Partial<SegmentInput> = {},
) {
  const timeline = planTimeline(
    durations.map((duration) => measure(duration)),
    30,
  );
  return cutSegments({
    timeline,
    layers: names.map(still),
    overlays: [],
    width: 64,
    height: 36,
    encoding: { format: 'mp4', quality: 'standard' },
    versions: {},
    ...over,
  });
}

describe('segments', () => {
  it('cover every frame of the film exactly once, in order, and at most ten seconds each', () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: 0.2, max: 40, noNaN: true }), { minLength: 1, maxLength: 40 }),
        (durations) => {
          const segments = cut(durations);
          let next = 0;
          for (const segment of segments) {
            expect(segment.start).toBe(next);
            expect(segment.plan.frames).toBeGreaterThan(0);
            expect(segment.plan.frames).toBeLessThanOrEqual(300);
            next += segment.plan.frames;
          }
          expect(next).toBe(
            planTimeline(
              durations.map((duration) => measure(duration)),
              30,
            ).frames,
          );
        },
      ),
    );
  });

  it('show each scene’s frames without gap or repeat across its window, body and window', () => {
    const segments = cut([3, 25, 4]);
    const seen = (scene: string): number[] =>
      segments.flatMap(({ plan }) =>
        [plan.base, plan.incoming].flatMap((layer) =>
          layer?.kind === 'still' && 'hash' in layer.picture && layer.picture.hash === scene
            ? Array.from({ length: plan.frames }, (_, index) => layer.offset + index)
            : [],
        ),
      );
    expect(seen('scene1')).toEqual(Array.from({ length: 750 }, (_, index) => index));
  });

  it('keep their keys when an earlier scene grows; editing one scene changes its body and its two windows', () => {
    const durations = [3, 3, 3, 3, 3, 3, 3, 3, 3, 3];
    const names = durations.map((_, index) => `scene${index}`);
    const before = cut(durations);
    const longer = cut(durations.with(2, 5));
    const redrawn = cut(durations, names.with(4, 'another'));
    const changed = (after: typeof before): number =>
      after.filter((segment) => !before.some((old) => old.key === segment.key)).length;
    expect(changed(longer)).toBe(3);
    expect(changed(redrawn)).toBe(3);
    expect(before.map((segment) => segment.key)).toEqual(cut(durations).map((segment) => segment.key));
  });

  it('keep the key where only the place of a file changed, not where its content did', () => {
    const moved = cut([3], ['scene0'], {});
    const plan = structuredClone(moved[0]!.plan);
    expect('path' in (plan.base as { picture: object }).picture).toBe(true);
    const elsewhere = cutSegments({
      timeline: planTimeline([measure(3)], 30),
      layers: [{ ...still('scene0'), picture: { path: '/other/place.png', hash: 'scene0' } } as SceneLayer],
      overlays: [],
      width: 64,
      height: 36,
      encoding: { format: 'mp4', quality: 'standard' },
      versions: {},
    });
    expect(elsewhere[0]!.key).toBe(moved[0]!.key);
    expect(cut([3], ['scene0'], { encoding: { format: 'mp4', quality: 'high' } })[0]!.key).not.toBe(
      moved[0]!.key,
    );
    expect(cut([3], ['scene0'], { versions: { ffmpeg: '7' } })[0]!.key).not.toBe(moved[0]!.key);
  });

  it('a watermark over the whole film does not tie segments to their place', () => {
    const marked = (durations: number[]) => cut(durations, undefined, { overlays: [span(0, 10_000)] });
    const changed = marked([5, 3, 3]).filter(
      (segment) => !marked([3, 3, 3]).some((old) => old.key === segment.key),
    );
    expect(changed).toHaveLength(2); // the first body and the window out of it
  });

  it('overlays keep their opacity frame by frame, however the film is cut', () => {
    fc.assert(
      fc.property(fc.nat(250), fc.integer({ min: 1, max: 200 }), fc.nat(40), (start, length, fade) => {
        const one = span(start, start + length, Math.min(fade, Math.floor(length / 3)));
        for (const segment of cut([3, 3, 4], undefined, { overlays: [one] })) {
          for (let index = 0; index < segment.plan.frames; index++) {
            const drawn =
              segment.plan.overlays.map((each) => opacityAt(each, index)).find((opacity) => opacity > 0) ?? 0;
            expect(drawn).toBe(opacityAt(one, segment.start + index));
          }
        }
      }),
      { numRuns: 60 },
    );
  });
});
