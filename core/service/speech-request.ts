/** Pure: what a speech body means to an engine, its defaults settled once for checking and for speaking. */
import type { TtsRequest } from '../schema/speech.ts';
import type { SpeechRequest, Voice } from '../tts/types.ts';

/** Language of a text when neither body nor voice says one; the storyboard's default too. */
const DEFAULT_LANGUAGE = 'en';

/** @param voices all there are: a voice that was named without a language is meant in its own */
export function speechRequestOf(speech: TtsRequest, voices: readonly Voice[]): SpeechRequest {
  const { engine, name, language: voiceLanguage, speed: voiceSpeed, fallback } = speech.voice ?? {};
  const language = voiceLanguage ?? speech.language ?? languageOf(name, engine, voices) ?? DEFAULT_LANGUAGE;
  const speed = speech.speed ?? voiceSpeed;
  return {
    text: speech.text,
    language,
    ...(engine === undefined ? {} : { engine }),
    ...(name === undefined ? {} : { voice: name }),
    ...(speed === undefined ? {} : { speed }),
    ...(fallback === undefined ? {} : { fallback }),
  };
}

function languageOf(
  name: string | undefined,
  engine: SpeechRequest['engine'],
  voices: readonly Voice[],
): string | null {
  if (name === undefined) return null;
  const wanted = name.trim().toLowerCase();
  const isMeant = (voice: Voice): boolean =>
    voice.name.toLowerCase() === wanted &&
    (engine === undefined || engine === 'auto' || voice.engine === engine);
  const language = voices.find(isMeant)?.language;
  return language === undefined || language === 'und' || language === 'mul' ? null : language;
}
