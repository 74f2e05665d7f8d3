import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { planTimeline, type SceneMeasure } from '../../../core/pipeline/timeline.ts';
import { frameRates, transitionTypes } from '../../../core/schema/storyboard.ts';

const measure = (over: Partial<SceneMeasure> = {}): SceneMeasure => ({
  duration: 'auto',
  speechS: null,
  clipS: null,
  hasTitle: false,
  transition: { type: 'fade', duration: 0.5 },
  ...over,
});

const measures = fc.array(
  fc.record({
    duration: fc.oneof(fc.constant('auto' as const), fc.double({ min: 0.2, max: 20, noNaN: true })),
    speechS: fc.option(fc.double({ min: 0.05, max: 20, noNaN: true })),
    clipS: fc.option(fc.double({ min: 0.1, max: 20, noNaN: true })),
    hasTitle: fc.boolean(),
    transition: fc.record({
      type: fc.constantFrom(...transitionTypes),
      duration: fc.double({ min: 0.1, max: 5, noNaN: true }),
    }),
  }),
  { minLength: 1, maxLength: 30 },
);

describe('the timeline', () => {
  it('is whole frames: film = Σ scenes − Σ overlaps, each scene starting where its transition does', () => {
    fc.assert(
      fc.property(measures, fc.constantFrom(...frameRates), (scenes, fps) => {
        const timeline = planTimeline(scenes, fps);
        const lengths = timeline.scenes.reduce((sum, scene) => sum + scene.frames, 0);
        const overlaps = timeline.scenes.reduce((sum, scene) => sum + (scene.transitionIn?.frames ?? 0), 0);
        expect(timeline.frames).toBe(lengths - overlaps);
        expect(timeline.scenes[0]!.start).toBe(0);
        expect(timeline.scenes[0]!.transitionIn).toBeNull();
        for (const [index, scene] of timeline.scenes.entries()) {
          const next = timeline.scenes[index + 1];
          expect(Number.isInteger(scene.frames) && scene.frames > 0).toBe(true);
          if (!next) continue;
          expect(next.start).toBe(scene.start + scene.frames - (next.transitionIn?.frames ?? 0));
          // The two transitions of a scene never meet.
          expect((scene.transitionIn?.frames ?? 0) + (next.transitionIn?.frames ?? 0)).toBeLessThanOrEqual(
            scene.frames,
          );
        }
      }),
    );
  });

  it('never cuts speech off, and never lets two scenes speak at once', () => {
    fc.assert(
      fc.property(measures, fc.constantFrom(...frameRates), (scenes, fps) => {
        const timeline = planTimeline(scenes, fps);
        let silentFrom = 0;
        for (const [index, scene] of timeline.scenes.entries()) {
          if (scene.speechStartS === null) continue;
          const ends = scene.speechStartS + scenes[index]!.speechS!;
          expect(scene.speechStartS).toBeGreaterThanOrEqual(scene.start / fps);
          expect(ends).toBeLessThanOrEqual((scene.start + scene.frames) / fps + 1e-6);
          if (scenes[index]!.duration === 'auto' && scenes.every((each) => each.duration === 'auto')) {
            expect(scene.speechStartS).toBeGreaterThanOrEqual(silentFrom - 1e-6);
          }
          silentFrom = ends;
        }
      }),
    );
  });

  it('gives a scene the length that was asked for, its speech, its clip or a reading time', () => {
    const frames = (over: Partial<SceneMeasure>): number => planTimeline([measure(over)], 30).frames;
    expect(frames({ duration: 2.5 })).toBe(75);
    expect(frames({ clipS: 1.01 })).toBe(31);
    expect(frames({ hasTitle: true })).toBe(90);
    expect(frames({})).toBe(120);
    expect(frames({ speechS: 2 })).toBe(Math.ceil((0.5 + 2 + 0.4 + 0.7) * 30));
  });

  it('says when it lengthens a scene for its speech or shortens a transition', () => {
    const timeline = planTimeline(
      [
        measure({ duration: 1 }),
        measure({ duration: 1, speechS: 3 }),
        measure({ duration: 1, transition: { type: 'wipe', duration: 4 } }),
      ],
      25,
    );
    expect(timeline.warnings).toHaveLength(2);
    expect(timeline.warnings[0]).toContain('Scene 2');
    expect(timeline.warnings[1]).toContain('Scene 3: its wipe transition was shortened to 0.48 s');
  });
});
