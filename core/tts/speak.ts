/** From a text to one WAV with marks: the story of a speech request, one call a step. */
import { StudioError } from '../errors.ts';
import { joinSamples, pauseAfter, placeSentences, type Placed } from './audio/join.ts';
import { applyGain, levelGain } from './audio/level.ts';
import { encodeWav, headerBytes } from './audio/wav.ts';
import { cacheKey } from './cache.ts';
import type { Engine } from './engine.ts';
import { linkSignals } from './linked-signal.ts';
import { makeMarks, type SpokenSentence } from './marks.ts';
import {
  sentenceSamples,
  speakSentence,
  type SentenceAudio,
  type SentenceSource,
  type SpokenSentenceAudio,
} from './sentence-audio.ts';
import type { Lexicon } from './text/lexicon.ts';
import type { MappedText } from './text/mapped-text.ts';
import { hasSpeech, normalise, type NormalisedText } from './text/normalise.ts';
import { pausesOf } from './text/pauses.ts';
import { segmentSentences, type Sentence } from './text/sentences.ts';
import type { SpeechResult } from './types.ts';

/** Raise it when joining or levelling changes. */
const schema = 3;

export type SpeakTask = {
  engine: Engine;
  voice: string;
  text: string;
  language: string;
  speed: number;
  /** How words are to be said. */
  lexicon?: Lexicon;
  signal: AbortSignal;
  /** Time one sentence may take, ms. */
  timeoutMs: number;
  /** Sentences spoken at the same time. */
  width: number;
  /** Only sentences that were spoken before. */
  onlyKnown?: boolean;
};

/**
 * Speaks a whole text with one engine and voice.
 * @throws {StudioError} invalid_request if there is nothing to say, else what engine and cache throw
 */
export async function speakText(source: SentenceSource, task: SpeakTask): Promise<Omit<SpeechResult, 'why'>> {
  const text = normalise(task.text, task.language, { lexicon: task.lexicon, reads: task.engine.reads });
  const sentences = segmentSentences(text.spoken.text, task.language);
  if (!hasSpeech(text.spoken.text)) throw nothingToSay();
  const spoken = await speakAll(source, task, text, sentences);
  const sampleRate = spoken[0]!.sampleRate;
  const asked = sentences.map((sentence) => pausesOf(task.text, text.spoken, sentence));
  const pauses = sentences.map(({ start, end }, index) =>
    asked[index]!.afterMs === null
      ? pauseAfter(text.spoken.text.slice(start, end), task.speed)
      : asked[index]!.afterMs / 1000,
  );
  const { places, length } = placeSentences(
    spoken.map((audio) => audio.length),
    pauses,
    sampleRate,
    { leadS: (asked[0]!.beforeMs ?? 0) / 1000, tailS: (asked.at(-1)!.afterMs ?? 0) / 1000 },
  );
  if (length === 0) throw nothingToSay(spoken.flatMap((audio) => audio.warnings));
  const path = await joinedFile(source, task, spoken, places, length);
  const inTime = sentences.map((sentence, index): SpokenSentence => {
    const { start, length: samples } = places[index]!;
    return {
      ...sentence,
      startS: start / sampleRate,
      endS: (start + samples) / sampleRate,
      words: spoken[index]!.words,
    };
  });
  return {
    path,
    sampleRate,
    durationMs: (length / sampleRate) * 1000,
    marks: makeMarks(task.text, text, inTime),
    timing: leastExact(spoken.map((audio) => audio.timing)),
    engine: task.engine.name,
    engineVersion: task.engine.version,
    voice: task.voice,
    cached: !spoken.some((audio) => audio.fresh),
    warnings: [...new Set(spoken.flatMap((audio) => audio.warnings))],
  };
}

/** Of several ways words were timed, the one to promise least of. */
export function leastExact(timings: readonly SpeechResult['timing'][]): SpeechResult['timing'] {
  return (['estimated', 'aligned', 'engine'] as const).find((each) => timings.includes(each)) ?? 'exact';
}

function nothingToSay(warnings: readonly string[] = []): StudioError {
  return new StudioError('invalid_request', 'There is nothing to say in this text.', {
    hint: warnings[0] ?? 'Write at least one word or number; emoji and punctuation are not spoken.',
  });
}

/** All sentences in order; the first failure stops the others. */
async function speakAll(
  source: SentenceSource,
  task: SpeakTask,
  { spoken: mapped, emphasis }: NormalisedText,
  sentences: readonly Sentence[],
): Promise<SpokenSentenceAudio[]> {
  const { signal, abort, unlink } = linkSignals(task.signal);
  const spoken: SpokenSentenceAudio[] = [];
  let next = 0;
  const speakNext = async (): Promise<void> => {
    for (let index = next++; index < sentences.length; index = next++) {
      const { start, end } = sentences[index]!;
      // Line breaks and signs of pauses are white space to the engine; the length stays the same.
      const sentence = mapped.text
        .slice(start, end)
        .replaceAll(/[\n\ue000]/g, ' ')
        .trimEnd();
      const stressed = emphasised(mapped, emphasis, start, start + sentence.length);
      const { voice, language, speed, timeoutMs } = task;
      const request = {
        text: sentence,
        ...(stressed.length > 0 ? { emphasis: stressed } : {}),
        voice,
        language,
        speed,
        signal,
        timeoutMs,
      };
      spoken[index] = await speakSentence(source, task.engine, request, task.onlyKnown);
    }
  };
  const lanes = Array.from({ length: Math.max(1, Math.min(task.width, sentences.length)) }, speakNext);
  try {
    await Promise.all(lanes);
  } catch (error) {
    abort(error);
    await Promise.allSettled(lanes);
    throw error;
  } finally {
    unlink();
  }
  return spoken;
}

/** Which ranges of the spoken text from `start` to `end` come from emphasised ones, counted from `start`. */
function emphasised(
  { starts }: MappedText,
  emphasis: NormalisedText['emphasis'],
  start: number,
  end: number,
): [number, number][] {
  const found: [number, number][] = [];
  for (const [from, to] of emphasis) {
    let first = start;
    while (first < end && starts[first]! < from) first++;
    let last = first;
    while (last < end && starts[last]! < to) last++;
    // One inside another is stressed once.
    if (last > first && first - start >= (found.at(-1)?.[1] ?? 0)) found.push([first - start, last - start]);
  }
  return found;
}

/** The joined WAV, named by what is in it. */
async function joinedFile(
  source: SentenceSource,
  task: SpeakTask,
  spoken: readonly SentenceAudio[],
  places: readonly Placed[],
  length: number,
): Promise<string> {
  const { cache } = source;
  const key = cacheKey([
    'joined',
    schema,
    spoken.map((audio) => audio.key),
    places.map((place) => place.start),
    length,
  ]);
  if (await cache.has(key, 'wav', headerBytes + length * 2)) return cache.pathOf(key, 'wav');
  const parts: Int16Array[] = [];
  for (const audio of spoken) {
    task.signal.throwIfAborted();
    const samples = await sentenceSamples(cache, audio);
    if (!samples)
      throw new StudioError('speech_failed', 'Spoken sentences vanished from the speech cache.', {
        retryable: true,
        hint: 'Try again; the cache may be too small for this text.',
      });
    parts.push(samples);
  }
  const { sampleRate } = spoken[0]!;
  const joined = joinSamples(parts, places, length, sampleRate);
  applyGain(joined, levelGain(joined, sampleRate));
  return cache.write(key, 'wav', encodeWav(joined, sampleRate));
}
