/** Silence as long as someone would need to say the text. */
import type { Engine, SpokenWord } from '../engine.ts';
import type { Voice } from '../types.ts';

/** A calm narrator's pace, at speed 1. */
const charactersPerSecond = 15;
const sampleRate = 16_000;

export const silentVoice: Voice = {
  engine: 'none',
  name: 'silence',
  language: 'und',
  gender: 'neutral',
  timing: 'estimated',
  local: true,
  licence: 'none needed',
};

export function createSilence(): Engine {
  return {
    name: 'none',
    version: '1',
    async synthesize({ text, speed }) {
      const seconds = (characters: number): number => characters / (charactersPerSecond * speed);
      const samples = new Int16Array(Math.round(seconds(text.trim().length) * sampleRate));
      const lead = text.length - text.trimStart().length;
      const words: SpokenWord[] = Array.from(text.matchAll(/\S+/g), (match) => ({
        charStart: match.index,
        charEnd: match.index + match[0].length,
        startS: seconds(match.index - lead),
        endS: seconds(match.index - lead + match[0].length),
      }));
      return { samples, sampleRate, words, timing: 'estimated', warnings: [] };
    },
    async close() {},
  };
}
