/** Chooses engine and voice for a request, or says precisely what does not fit. */
import { StudioError } from '../errors.ts';
import type { EngineEntry } from './engine.ts';
import { narrows, speaks } from './languages.ts';
import type { EngineName, SpeechRequest, Voice } from './types.ts';

/** `why` in a few words, for the job. */
export type Choice = { entry: EngineEntry; voice: string; why: string };

/**
 * The engine and voice for a request. `auto` takes the first engine of the table that suits the
 * language, or has the voice named. The table is in order of preference.
 * @throws {StudioError} voice_unknown with a hint naming near ones
 */
export function chooseVoice(
  engines: readonly EngineEntry[],
  request: Pick<SpeechRequest, 'language' | 'engine' | 'voice'>,
): Choice {
  const { engine = 'auto', voice, language } = request;
  const candidates =
    engine === 'auto'
      ? engines.filter((entry) => entry.available() && entry.name !== 'none')
      : [engineNamed(engines, engine)];
  if (voice !== undefined) return namedVoice(candidates, voice, language, engine !== 'auto');
  const able = candidates.filter((entry) => entry.defaultVoice(language) !== null);
  const entry = (engine === 'auto' ? able.find((each) => each.suits(language)) : undefined) ?? able[0];
  if (!entry) throw languageUnknown(candidates, engines, language);
  const why =
    engine === 'auto' ? `the first engine set up for ${language}` : `the engine ${engine} was asked for`;
  return { entry, voice: entry.defaultVoice(language)!, why };
}

/**
 * Other engines that could say it in a voice of theirs, for when the chosen one fails. What was to
 * stay on this machine stays here, and an engine that warns of itself is nobody's rescue.
 */
export function otherChoices(
  engines: readonly EngineEntry[],
  failed: EngineEntry,
  language: string,
): Choice[] {
  return engines
    .filter((entry) => entry.name !== failed.name && entry.name !== 'none' && entry.available())
    .filter((entry) => !entry.caution && (!entry.billed || failed.billed))
    .flatMap((entry) => {
      const voice = entry.defaultVoice(language);
      return voice === null ? [] : [{ entry, voice, why: `${failed.name} failed` }];
    });
}

/** The voices that speak a language: those tagged with it or narrower, else any of that language. */
export function voicesFor(voices: readonly Voice[], language: string | undefined): Voice[] {
  if (language === undefined) return [...voices];
  const narrow = voices.filter((voice) => narrows(voice.language, language));
  // Voices of many languages are among them, wherever they stand in the list.
  return narrow.length > 0
    ? voices.filter(
        (voice) => narrow.includes(voice) || (voice.language === 'mul' && speaks(voice, language)),
      )
    : voices.filter((voice) => voice.language !== 'und' && speaks(voice, language));
}

function engineNamed(engines: readonly EngineEntry[], name: EngineName): EngineEntry {
  const entry = engines.find((each) => each.name === name);
  if (entry?.available()) return entry;
  const usable = engines.filter((each) => each.available()).map((each) => each.name);
  const needs = entry?.needs ? `${entry.needs} Or use` : 'Use';
  throw new StudioError('voice_unknown', `The speech engine "${name}" is not set up here.`, {
    hint: `${needs} "auto" or one of: ${usable.join(', ')}.`,
  });
}

function namedVoice(
  candidates: readonly EngineEntry[],
  wanted: string,
  language: string,
  engineIsNamed: boolean,
): Choice {
  const why = 'this voice was asked for';
  const name = wanted.trim();
  const matches = candidates.flatMap((entry) =>
    entry
      .voices()
      .filter((voice) => voice.name.toLowerCase() === name.toLowerCase())
      .map((voice) => ({ entry, voice })),
  );
  const fit = matches.find(({ voice }) => speaks(voice, language));
  if (fit) return { entry: fit.entry, voice: fit.voice.name, why };
  if (matches.length === 0) {
    // Of services only where the engine is named too: they would take any name for theirs.
    const able = candidates.filter((entry) => engineIsNamed || !entry.billed);
    for (const entry of able) {
      const voice = entry.caution && !engineIsNamed ? null : entry.voiceNamed?.(name);
      if (voice && speaks(voice, language)) return { entry, voice: voice.name, why };
      if (voice) matches.push({ entry, voice });
    }
  }
  const all = candidates.flatMap((entry) => entry.voices());
  const names = voicesFor(all, language).map((voice) => voice.name);
  const [other] = matches;
  const near = other ? names.slice(0, 6) : nearest(name, names);
  const hint =
    near.length > 0 ? `Voices for ${language}: ${near.join(', ')}.` : `No voice speaks ${language}.`;
  if (other)
    throw new StudioError(
      'voice_unknown',
      `The voice "${name}" speaks ${other.voice.language}, not ${language}.`,
      { hint },
    );
  throw new StudioError('voice_unknown', `There is no voice "${name.slice(0, 60)}".`, {
    hint: `${hint} \`genscene voices\` lists all.`,
  });
}

function languageUnknown(
  candidates: readonly EngineEntry[],
  engines: readonly EngineEntry[],
  language: string,
): StudioError {
  const others = engines.filter(
    (entry) =>
      !candidates.includes(entry) &&
      entry.available() &&
      entry.name !== 'none' &&
      entry.defaultVoice(language) !== null,
  );
  const names = candidates.map((entry) => entry.name).join(', ');
  if (others.length > 0) {
    return new StudioError('voice_unknown', `The speech engine ${names} does not speak ${language}.`, {
      hint: `These do: ${others.map((entry) => entry.name).join(', ')}; or use "auto".`,
    });
  }
  const tags = [...new Set(candidates.flatMap((entry) => entry.voices()).map((voice) => voice.language))];
  const near = tags.filter((tag) => editDistance(language.toLowerCase(), tag.toLowerCase()) <= 1);
  const some =
    near.length > 0
      ? `Near ones: ${nearest(language, near).join(', ')}.`
      : 'Among those that are spoken: en, es, pt, fr, de, it.';
  return new StudioError('voice_unknown', `No voice speaks "${language}".`, {
    hint: `${some} \`genscene voices\` lists all.`,
  });
}

/** Up to six names, the most alike first. */
function nearest(wanted: string, names: readonly string[]): string[] {
  const scored = [...new Set(names)].map((name, order) => ({
    name,
    order,
    distance: editDistance(wanted.toLowerCase(), name.toLowerCase()),
  }));
  return scored
    .sort((a, b) => a.distance - b.distance || a.order - b.order)
    .slice(0, 6)
    .map(({ name }) => name);
}

/** Levenshtein's distance (1966), one row at a time. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let line = 1; line <= a.length; line++) {
    const next = [line];
    for (let column = 1; column <= b.length; column++) {
      const swap = row[column - 1]! + (a[line - 1] === b[column - 1] ? 0 : 1);
      next.push(Math.min(swap, row[column]! + 1, next[column - 1]! + 1));
    }
    row = next;
  }
  return row[b.length]!;
}
