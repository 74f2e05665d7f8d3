/** Plans the overlays of a film: captions, titles and the watermark become spans of frames. */
import type { Cue, Word } from '../pipeline/captions.ts';
import type { Brand, Captions, Scene } from '../schema/storyboard.ts';
import type { CaptionOverlay, OverlaySpan, TitleOverlay, WatermarkOverlay } from './types.ts';

/** Seconds of the fades: captions come quickly, titles softly. */
const captionFadeS = 0.1;
const titleFadeS = 0.4;
/** A spoken word stays lit, or shown, over pauses up to this many ms. */
const litPauseMs = 400;

/**
 * The captions of a film as spans in film frames, in order. `line` makes one span a cue, `karaoke`
 * one for each state of its words (the whole cue visible throughout), `word` one for each word.
 * Every edge is the frame nearest to its time, so states touch and err by half a frame at most.
 */
export function captionSpans(
  cues: readonly Cue[],
  captions: Captions,
  brand: Brand,
  fps: number,
): OverlaySpan[] {
  const spans: OverlaySpan[] = [];
  cues.forEach((cue, index) => {
    const states = statesOf(cue, captions.style);
    const fade = captions.style === 'word' ? 0 : Math.round(captionFadeS * fps);
    // Where one cue follows another at once, a fade would only flicker.
    const fadesIn = (cues[index - 1]?.endMs ?? -1) < cue.startMs;
    const fadesOut = (cues[index + 1]?.startMs ?? Infinity) > cue.endMs;
    const made = states.map((state): OverlaySpan => ({
      overlay: captionOverlay(state, cue.language, captions, brand),
      startFrame: nearestFrame(state.startMs, fps),
      endFrame: nearestFrame(state.endMs, fps),
      fadeInFrames: 0,
      fadeOutFrames: 0,
    }));
    const visible = made.filter((span) => span.endFrame > span.startFrame);
    const first = visible[0];
    const last = visible.at(-1);
    if (first && fadesIn) first.fadeInFrames = shortFade(fade, first);
    if (last && fadesOut) last.fadeOutFrames = shortFade(fade, last);
    spans.push(...visible);
  });
  return spans;
}

type State = { lines: readonly Word[][]; lit: number | null; startMs: number; endMs: number };

function statesOf(cue: Cue, style: Captions['style']): State[] {
  const words = cue.lines.flat();
  if (style === 'line') return [{ lines: cue.lines, lit: null, startMs: cue.startMs, endMs: cue.endMs }];
  const states: State[] = [];
  let at = cue.startMs;
  const add = (lit: number | null, endMs: number): void => {
    if (endMs <= at) return;
    const word = lit === null ? undefined : words[lit];
    // A pause between single words shows nothing.
    if (style === 'karaoke') states.push({ lines: cue.lines, lit, startMs: at, endMs });
    else if (word) states.push({ lines: [[{ ...word, joined: false }]], lit: null, startMs: at, endMs });
    at = endMs;
  };
  words.forEach((word, index) => {
    const next = words[index + 1]?.startMs ?? cue.endMs;
    const end = next - word.endMs > litPauseMs ? word.endMs : next;
    add(null, word.startMs);
    add(index, end);
  });
  add(null, cue.endMs);
  return states;
}

function captionOverlay(state: State, language: string, captions: Captions, brand: Brand): CaptionOverlay {
  return {
    kind: 'caption',
    lines: state.lines.map((line) => line.map(({ text, joined }) => (joined ? { text, joined } : { text }))),
    language,
    lit: state.lit,
    style: captions.style,
    position: captions.position,
    size: captions.size,
    background: captions.background,
    color: captions.color,
    highlight: captions.highlight ?? brand.colors.accent,
    font: brand.font,
  };
}

export type TitleOptions = {
  language: string;
  /** Film frames, `endFrame` exclusive. */
  startFrame: number;
  endFrame: number;
  fps: number;
  /** The film's captions, so that the title keeps clear of burned ones. */
  captions: Captions;
  /** Path of the brand's logo once fetched and vetted. */
  logo?: string | undefined;
};

/** A scene's title over the given frames, with short fades. */
export function titleSpan(
  title: NonNullable<Scene['title']>,
  brand: Brand,
  options: TitleOptions,
): OverlaySpan {
  const burned = options.captions.mode === 'burn' || options.captions.mode === 'both';
  const overlay: TitleOverlay = {
    kind: 'title',
    text: title.text,
    subtitle: title.subtitle,
    position: title.position,
    language: options.language,
    colors: brand.colors,
    font: brand.font,
    logo: title.position === 'center' ? options.logo : undefined,
    captions: burned ? options.captions.position : null,
  };
  const { startFrame, endFrame } = options;
  const fade = shortFade(Math.round(titleFadeS * options.fps), { startFrame, endFrame });
  return { overlay, startFrame, endFrame, fadeInFrames: fade, fadeOutFrames: fade };
}

export type WatermarkOptions = {
  startFrame: number;
  endFrame: number;
  /** Path of the watermark's picture once fetched and vetted. */
  picture?: string | undefined;
};

/** The brand's watermark over the given frames; null if the brand has none. */
export function watermarkSpan(brand: Brand, options: WatermarkOptions): OverlaySpan | null {
  const mark = brand.watermark;
  if (!mark || (mark.text === undefined && options.picture === undefined)) return null;
  const overlay: WatermarkOverlay = {
    kind: 'watermark',
    text: mark.text,
    picture: mark.text === undefined ? options.picture : undefined,
    position: mark.position,
    opacity: mark.opacity,
    font: brand.font,
  };
  return {
    overlay,
    startFrame: options.startFrame,
    endFrame: options.endFrame,
    fadeInFrames: 0,
    fadeOutFrames: 0,
  };
}

function nearestFrame(ms: number, fps: number): number {
  return Math.round((ms * fps) / 1000);
}

/** A fade takes a third of its span at most, so that the overlay is fully seen. */
function shortFade(frames: number, span: Pick<OverlaySpan, 'startFrame' | 'endFrame'>): number {
  return Math.min(frames, Math.max(0, Math.floor((span.endFrame - span.startFrame) / 3)));
}
