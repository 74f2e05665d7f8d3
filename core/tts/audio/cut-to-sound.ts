/** Cuts a spoken sentence to what sounds, its words with it. */
import type { Synthesis } from '../engine.ts';
import { speechBounds } from './speech-bounds.ts';

/** Cuts the silence an engine puts around speech, and moves the words along. */
export function cutToSound(synthesis: Synthesis): Synthesis {
  const { samples, sampleRate, words, timing } = synthesis;
  // Silence that was asked for is as long as it should be.
  if (timing === 'estimated' && words) return synthesis;
  const [start, end] = soundingRange(synthesis);
  const lengthS = (end - start) / sampleRate;
  const move = (atS: number): number => Math.min(lengthS, Math.max(0, atS - start / sampleRate));
  return {
    ...synthesis,
    samples: samples.slice(start, end),
    words: words && words.map((word) => ({ ...word, startS: move(word.startS), endS: move(word.endS) })),
  };
}

/** How far measured sound may reach beyond the first and last word, s: more is the voice's hiss. */
const hissLeadS = 0.06;
const hissTailS = 0.12;

function soundingRange({ samples, sampleRate, words }: Synthesis): [number, number] {
  const [start, end] = speechBounds(samples, sampleRate);
  if (!words || words.length === 0) return [start, end];
  const firstS = Math.min(...words.map((word) => word.startS));
  const lastS = Math.max(...words.map((word) => word.endS));
  const earliest = Math.round((firstS - hissLeadS) * sampleRate);
  const latest = Math.round((lastS + hissTailS) * sampleRate);
  return latest <= earliest
    ? [start, end]
    : [Math.min(end, Math.max(start, earliest)), Math.max(start, Math.min(end, latest))];
}
