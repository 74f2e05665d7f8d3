/** Who says which part of a scene, in which language: its speakers' lines, and sentences of other languages. Pure. */
import type { Scene, Storyboard } from '../schema/storyboard.ts';
import { speakerTurns, type SpeakerTurn } from '../tts/speakers.ts';
import { languageOf } from '../tts/text/language-of.ts';
import { segmentSentences } from '../tts/text/sentences.ts';
import type { SpeechTurn } from '../tts/types.ts';
import { sceneVoice, type SceneVoice } from './scene-voice.ts';

/** What the film says of its voices. */
export type Voicing = Pick<Storyboard, 'voice' | 'language' | 'speakers' | 'languages'>;

export type TurnOptions = {
  defaultEngine?: SceneVoice['engine'];
  /** Whether engine, voice and language fit together. */
  fits: (voice: Pick<SceneVoice, 'language' | 'engine' | 'voice'>) => boolean;
};

/** The turns of a scene, each with its voice; null if its own voice says all of it. */
export function narrationTurns(
  storyboard: Voicing,
  scene: Pick<Scene, 'voice' | 'text'>,
  options: TurnOptions,
): SpeechTurn[] | null {
  const text = scene.text ?? '';
  const turns = speakerTurns(text, Object.keys(storyboard.speakers ?? {})).flatMap((turn) =>
    byLanguage(storyboard, text, turn, scene, options),
  );
  const [only] = turns;
  return turns.length === 1 && only!.speaker === null && only!.language === sceneVoice(storyboard, scene, options.defaultEngine).language // prettier-ignore
    ? null
    : turns;
}

/** One turn for each stretch of sentences in one language; all in the voice's own unless others are named. */
function byLanguage(
  storyboard: Voicing,
  text: string,
  { speaker, start, end }: SpeakerTurn,
  scene: Pick<Scene, 'voice'>,
  options: TurnOptions,
): SpeechTurn[] {
  const own = speaker === null ? scene.voice : storyboard.speakers?.[speaker];
  const voice = sceneVoice(storyboard, { voice: own }, options.defaultEngine);
  const others = (storyboard.languages ?? []).filter((language) => language !== voice.language);
  if (others.length === 0) return [{ start, end, speaker, ...voice }];
  const turns: SpeechTurn[] = [];
  for (const sentence of segmentSentences(text.slice(start, end), voice.language)) {
    const [from, to] = [start + sentence.start, start + sentence.end];
    const language = languageOf(text.slice(from, to), [voice.language, ...others]);
    const last = turns.at(-1);
    if (last?.language === language) last.end = to;
    else turns.push({ start: from, end: to, speaker, ...inLanguage(voice, language, options.fits) });
  }
  return turns;
}

/** The voice for a sentence: itself if it speaks that language, else its engine, else any. */
function inLanguage(voice: SceneVoice, language: string, fits: TurnOptions['fits']): SceneVoice {
  const { engine } = voice;
  const wishes = [
    { ...voice, language },
    { ...voice, language, engine, voice: undefined },
  ];
  if (language === voice.language) return voice;
  return wishes.find(fits) ?? { ...voice, language, engine: 'auto', voice: undefined };
}
