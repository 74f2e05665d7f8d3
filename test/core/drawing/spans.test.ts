import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  captionSpans,
  titleSpan,
  watermarkSpan,
  type CaptionOverlay,
  type OverlaySpan,
} from '../../../core/drawing/overlays.ts';
import { makeCues, type Cue } from '../../../core/pipeline/captions.ts';
import { brandSchema, captionsSchema, frameRates } from '../../../core/schema/storyboard.ts';

const brand = brandSchema.parse({});
const style = (name: 'line' | 'karaoke' | 'word') => captionsSchema.parse({ style: name });
const cue = (startMs: number, endMs: number, words: [string, number, number][]): Cue => ({
  scene: 0,
  startMs,
  endMs,
  language: 'en',
  lines: [words.map(([text, from, to]) => ({ text, startMs: from, endMs: to }))],
});
const caption = (span: OverlaySpan | undefined): CaptionOverlay => span?.overlay as CaptionOverlay;
const frames = (spans: OverlaySpan[]): [number, number][] =>
  spans.map((span) => [span.startFrame, span.endFrame]);

describe('captions', () => {
  const one = cue(1000, 3000, [
    ['Hello', 1000, 1400],
    ['big', 1400, 1700],
    ['world', 2500, 2900],
  ]);

  test('as lines: one span a cue, with short fades', () => {
    expect(captionSpans([one], style('line'), brand, 30)).toMatchObject([
      { startFrame: 30, endFrame: 90, fadeInFrames: 3, fadeOutFrames: 3 },
    ]);
  });

  test('as lines: no flicker between cues that touch', () => {
    const spans = captionSpans(
      [
        cue(0, 1000, [['a', 0, 900]]),
        cue(1000, 2000, [['b', 1000, 1900]]),
        cue(2500, 3000, [['c', 2500, 2900]]),
      ],
      style('line'),
      brand,
      30,
    );
    expect(spans.map((span) => [span.fadeInFrames, span.fadeOutFrames])).toEqual([
      [3, 0],
      [0, 3],
      [3, 3],
    ]);
  });

  test('karaoke: the spoken word is lit, long pauses light none, the line stays throughout', () => {
    const spans = captionSpans([one], style('karaoke'), brand, 30);
    expect(spans.map((span) => caption(span).lit)).toEqual([0, 1, null, 2]);
    expect(frames(spans)).toEqual([
      [30, 42],
      [42, 51],
      [51, 75],
      [75, 90],
    ]);
    for (const span of spans)
      expect(caption(span).lines).toEqual([[{ text: 'Hello' }, { text: 'big' }, { text: 'world' }]]);
    expect(spans.map((span) => [span.fadeInFrames, span.fadeOutFrames])).toEqual([
      [3, 0],
      [0, 0],
      [0, 0],
      [0, 3],
    ]);
    expect(caption(spans[0]).highlight).toBe(brand.colors.accent);
  });

  test('word: one large word at a time, nothing in long pauses, no fades', () => {
    const spans = captionSpans([one], style('word'), brand, 30);
    expect(spans.map((span) => caption(span).lines)).toEqual([
      [[{ text: 'Hello' }]],
      [[{ text: 'big' }]],
      [[{ text: 'world' }]],
    ]);
    expect(frames(spans)).toEqual([
      [30, 42],
      [42, 51],
      [75, 90],
    ]);
    expect(spans.every((span) => span.fadeInFrames + span.fadeOutFrames === 0)).toBe(true);
  });

  test('of any script: states touch, never overlap, and err by half a frame at most', () => {
    const options = { maxLineWidth: 300, measure: (text: string) => text.length * 10 };
    const anyCues = fc
      .array(
        fc.record({
          word: fc.constantFrom('one', 'three', '猫です。', 'end.'),
          ms: fc.nat(900),
          pause: fc.nat(700),
        }),
        { minLength: 1, maxLength: 40 },
      )
      .map((parts) => {
        let at = 0;
        let text = '';
        const marks = parts.map(({ word, ms, pause }) => {
          const mark = {
            kind: 'word' as const,
            text: word,
            charStart: text.length,
            charEnd: text.length + word.length,
            startMs: at,
            endMs: at + ms,
          };
          at += ms + pause;
          text += `${word} `;
          return mark;
        });
        return makeCues([{ scene: 0, text, language: 'en', startMs: 333, marks }], options);
      });
    fc.assert(
      fc.property(anyCues, fc.constantFrom(...frameRates), (cues, fps) => {
        const half = 500 / fps + 1e-6;
        for (const name of ['line', 'karaoke', 'word'] as const) {
          const spans = captionSpans(cues, style(name), brand, fps);
          spans.forEach((span, index) => {
            expect(span.endFrame).toBeGreaterThan(span.startFrame);
            expect(span.fadeInFrames + span.fadeOutFrames).toBeLessThan(span.endFrame - span.startFrame);
            expect(span.startFrame).toBeGreaterThanOrEqual(spans[index - 1]?.endFrame ?? 0);
          });
          if (name === 'word') continue;
          for (const one of cues) {
            const own = spans.filter(
              (span) =>
                span.startFrame >= Math.round((one.startMs * fps) / 1000) &&
                span.endFrame <= Math.round((one.endMs * fps) / 1000),
            );
            if (own.length === 0) continue;
            expect(Math.abs(((own[0]?.startFrame ?? 0) * 1000) / fps - one.startMs)).toBeLessThanOrEqual(
              half,
            );
            expect(Math.abs(((own.at(-1)?.endFrame ?? 0) * 1000) / fps - one.endMs)).toBeLessThanOrEqual(
              half,
            );
            own.slice(1).forEach((span, index) => expect(span.startFrame).toBe(own[index]?.endFrame));
          }
        }
      }),
      { numRuns: 60 },
    );
  });

  test('survive the way to a worker and a content key unchanged', () => {
    const spans = captionSpans([one], style('karaoke'), brand, 30);
    expect(JSON.parse(JSON.stringify(spans))).toEqual(structuredClone(spans));
  });
});

describe('titles and watermark', () => {
  const both = captionsSchema.parse({});
  const title = { text: 'Hello', position: 'center' as const };

  test('a title fades for 0.4 s, or a third of a very short stand', () => {
    const span = (endFrame: number) =>
      titleSpan(title, brand, { language: 'en', startFrame: 0, endFrame, fps: 30, captions: both });
    expect(span(90)).toMatchObject({ fadeInFrames: 12, fadeOutFrames: 12 });
    expect(span(10)).toMatchObject({ fadeInFrames: 3, fadeOutFrames: 3 });
  });

  test('a title knows where burned captions stand', () => {
    const where = (mode: 'burn' | 'sidecar') =>
      titleSpan(title, brand, {
        language: 'en',
        startFrame: 0,
        endFrame: 9,
        fps: 30,
        captions: { ...both, mode, position: 'top' },
      }).overlay;
    expect(where('burn')).toMatchObject({ captions: 'top' });
    expect(where('sidecar')).toMatchObject({ captions: null });
  });

  test('a watermark stands throughout; no watermark, no span', () => {
    expect(watermarkSpan(brand, { startFrame: 0, endFrame: 50 })).toBeNull();
    const marked = brandSchema.parse({ watermark: { text: 'me' } });
    expect(watermarkSpan(marked, { startFrame: 0, endFrame: 50 })).toMatchObject({
      startFrame: 0,
      endFrame: 50,
      overlay: { text: 'me', opacity: 0.6 },
    });
  });
});
