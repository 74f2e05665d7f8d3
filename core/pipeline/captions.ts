/**
 * Captions: cuts the script into cues of at most two lines, timed by the speech.
 * Pure: the caller says how wide a text is. What is shown is the script, word for word.
 */
import { joinPieces } from '../drawing/line-breaks.ts';
import { cutIntoCues } from './caption-cutting.ts';
import { captionTiming as timing } from './caption-timing.ts';
import { timedWords, type CaptionedNarration, type CaptionWord, type CueOptions } from './caption-words.ts';

export type { CaptionedNarration, CueOptions } from './caption-words.ts';

/** A word as shown, in film time. */
export type Word = {
  text: string;
  /** True if no space stands before it: scripts without spaces, and parts of one very long word. */
  joined?: boolean;
  /** ms of the film */
  startMs: number;
  endMs: number;
};

export type Cue = {
  /** Scene, counted as its narration counts it. */
  scene: number;
  /** ms of the film; whole numbers, `endMs` exclusive. */
  startMs: number;
  endMs: number;
  language: string;
  /** One or two lines of words in reading order. */
  lines: Word[][];
};

/**
 * Makes the cues of a film, in order, none overlapping another. Each narration's words, in order
 * and complete, are the words of its cues.
 */
export function makeCues(narrations: readonly CaptionedNarration[], options: CueOptions): Cue[] {
  const cues: Cue[] = [];
  for (const narration of [...narrations].sort((a, b) => a.startMs - b.startMs)) {
    const spoken = timedWords(narration, options);
    if (spoken.length === 0) continue;
    for (const lines of cutIntoCues(spoken, narration.language, options)) {
      const words = lines.map((line) => line.map(toWord));
      const all = words.flat();
      cues.push({
        scene: narration.scene,
        startMs: all[0]?.startMs ?? 0,
        endMs: Math.max(...all.map((word) => word.endMs)),
        language: narration.language,
        lines: words,
      });
    }
  }
  return settleTimes(cues, new Map(narrations.map((narration) => [narration.scene, narration.endMs])));
}

/** The text of a cue, its lines apart. */
export function cueLines(cue: Cue): string[] {
  return cue.lines.map(joinPieces);
}

function toWord(unit: CaptionWord): Word {
  const word: Word = { text: unit.text, startMs: Math.round(unit.startMs), endMs: Math.round(unit.endMs) };
  return unit.joined ? { ...word, joined: true } : word;
}

/** Lets cues stay long enough to be read, closes small gaps, and keeps each off the next. */
function settleTimes(cues: Cue[], sceneEnds: ReadonlyMap<number, number | undefined>): Cue[] {
  const starts: number[] = [];
  for (const cue of cues) starts.push(Math.max(cue.startMs, (starts.at(-1) ?? -1) + 1));
  return cues.map((cue, index) => {
    const startMs = starts[index] as number;
    const next = starts[index + 1] ?? Infinity;
    const sceneEnd = sceneEnds.get(cue.scene) ?? Infinity;
    let endMs = Math.max(cue.endMs + timing.linger, startMs + timing.shortest);
    if (next - Math.max(cue.endMs, startMs) <= timing.linger + timing.closedGap) endMs = next;
    endMs = Math.min(
      endMs,
      next,
      startMs + timing.longest + (cue.lines.flat().length > 1 ? timing.linger : 0),
    );
    if (sceneEnd > startMs) endMs = Math.min(endMs, Math.round(sceneEnd));
    endMs = Math.max(endMs, startMs + 1);
    const lines = cue.lines.map((line) =>
      line.map((word) => {
        const start = Math.min(Math.max(word.startMs, startMs), endMs);
        return { ...word, startMs: start, endMs: Math.min(Math.max(word.endMs, start), endMs) };
      }),
    );
    return { ...cue, startMs, endMs, lines };
  });
}
