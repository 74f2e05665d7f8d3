/**
 * When each word is heard in a sentence whose engine does not tell: the same sentence, spoken by an
 * engine that does, is laid over it in time. Pure; runs in thread.ts.
 */
import type { SpokenWord } from '../engine.ts';
import { featuresOf, hopS } from './features.ts';
import { warp } from './warp.ts';

export type Sound = { samples: Int16Array; sampleRate: number };
export type Reference = Sound & { words: readonly SpokenWord[] };

/** How far the pace of two voices may differ along a sentence: a share of it, and at least so much, s. */
const band = { share: 0.2, leastS: 0.7 };
/** Above it voices differ more than what they say. */
const highestHz = 7200;

/**
 * The same sentence in two voices measured 2.2 to 2.5, other sentences and noise 2.6 to 3.1: beyond
 * this, a guess by length is worth more.
 */
const mostUnlike = 2.65;

/**
 * The words of the reference in the time of `sound`. Both must be cut to what sounds, so that no word
 * is drawn into silence; words are in order, do not overlap and lie within the sound.
 * @throws {RangeError} if the sound is of something else than the reference says
 */
export function alignWords(reference: Reference, sound: Sound): SpokenWord[] {
  const durationS = sound.samples.length / sound.sampleRate;
  const limit = Math.min(highestHz, 0.48 * reference.sampleRate, 0.48 * sound.sampleRate);
  const from = featuresOf(reference.samples, reference.sampleRate, limit);
  const to = featuresOf(sound.samples, sound.sampleRate, limit);
  const { first, last, unlikeness } = warp(from, to, Math.max(band.leastS / hopS, band.share * to.frames));
  if (unlikeness > mostUnlike) throw new RangeError('it does not sound like its text');
  const middle = Float64Array.from(first, (value, row) => (value + last[row]!) / 2);
  // Between two frames of the path a word begins in between.
  const timeAt = (atS: number): number => {
    const place = atS / hopS - 0.5;
    const before = Math.min(from.frames - 1, Math.max(0, Math.floor(place)));
    const after = Math.min(from.frames - 1, before + 1);
    const share = Math.min(1, Math.max(0, place - before));
    return (middle[before]! * (1 - share) + middle[after]! * share + 0.5) * hopS;
  };
  let done = 0;
  return [...reference.words]
    .sort((a, b) => a.startS - b.startS)
    .map((word) => {
      const startS = Math.min(durationS, Math.max(done, timeAt(word.startS)));
      const endS = Math.min(durationS, Math.max(startS, timeAt(word.endS)));
      done = startS;
      return { ...word, startS, endS };
    });
}
