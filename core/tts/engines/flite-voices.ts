/** flite's voices for English, the clearest first. */
import type { Voice } from '../types.ts';

const voices: [name: string, language: string, gender: Voice['gender']][] = [
  ['rms', 'en-US', 'male'],
  ['slt', 'en-US', 'female'],
  ['awb', 'en-GB', 'male'],
  ['kal16', 'en-US', 'male'],
];

export const fliteVoices: readonly Voice[] = voices.map(([name, language, gender]) => ({
  engine: 'flite',
  name,
  language,
  gender,
  timing: 'engine',
  local: true,
  licence: 'CMU Flite licence (BSD-style)',
}));
