/** One sentence's sound: from the cache, or spoken, cut to its sound and put there. */
import { StudioError } from '../errors.ts';
import { encodeWav, decodeWav, headerBytes } from './audio/wav.ts';
import { speechBounds } from './audio/speech-bounds.ts';
import { cacheKey, type SpeechCache } from './cache.ts';
import type { Engine, SentenceRequest, SpokenWord, Synthesis } from './engine.ts';
import { estimateWords } from './estimated-words.ts';
import type { SingleFlight } from './single-flight.ts';
import { normaliserVersion } from './text/normalise.ts';

/** Raise it when what is stored, or how speech is cut, changes. */
const schema = 2;

/** What is known of a spoken sentence without opening its WAV. */
export type SentenceAudio = {
  key: string;
  /** Samples. */
  length: number;
  sampleRate: number;
  words: SpokenWord[];
  timing: Synthesis['timing'];
  warnings: string[];
};

/** `fresh` tells that it was synthesised just now. */
export type SpokenSentenceAudio = SentenceAudio & { fresh: boolean };

export type SentenceSource = { cache: SpeechCache; flights: SingleFlight<SpokenSentenceAudio> };

/** Speaks a sentence unless it was spoken before. */
export function speakSentence(
  source: SentenceSource,
  engine: Engine,
  request: SentenceRequest,
): Promise<SpokenSentenceAudio> {
  const { voice, language, speed, text } = request;
  const key = cacheKey([
    'sentence',
    schema,
    engine.name,
    engine.version,
    engine.variant?.(voice) ?? '',
    voice,
    language,
    speed,
    normaliserVersion,
    text,
  ]);
  const work = async (signal: AbortSignal): Promise<SpokenSentenceAudio> => {
    const known = await readSentence(source.cache, key);
    if (known) return { ...known, fresh: false };
    checkLength(engine, text);
    const synthesis = cut(await engine.synthesize({ ...request, signal }));
    return { ...(await storeSentence(source.cache, key, withWords(text, synthesis))), fresh: true };
  };
  return source.flights.do(key, work, request.signal);
}

/** @throws {StudioError} too_large */
function checkLength({ name, maxCharacters }: Engine, text: string): void {
  if (maxCharacters === undefined || text.length <= maxCharacters) return;
  throw new StudioError(
    'too_large',
    `A sentence of ${text.length} characters is too long for the ${name} engine, which takes ${maxCharacters}.`,
    { hint: 'Use shorter sentences.' },
  );
}

/** The samples of a spoken sentence; null if the cache lost them meanwhile. */
export async function sentenceSamples(
  cache: SpeechCache,
  sentence: SentenceAudio,
): Promise<Int16Array | null> {
  const file = await cache.read(sentence.key, 'wav');
  return file && file.length === headerBytes + sentence.length * 2 ? decodeWav(file).samples : null;
}

async function readSentence(cache: SpeechCache, key: string): Promise<SentenceAudio | null> {
  const json = await cache.read(key, 'json');
  if (!json) return null;
  let known: SentenceAudio;
  try {
    known = { ...(JSON.parse(json.toString('utf8')) as Omit<SentenceAudio, 'key'>), key };
  } catch {
    return null;
  }
  return (await cache.has(key, 'wav', headerBytes + known.length * 2)) ? known : null;
}

/** The JSON comes last: where it is, the WAV is. */
async function storeSentence(
  cache: SpeechCache,
  key: string,
  { samples, ...rest }: SynthesisWithWords,
): Promise<SentenceAudio> {
  const audio = { length: samples.length, ...rest };
  await cache.write(key, 'wav', encodeWav(samples, rest.sampleRate));
  await cache.write(key, 'json', Buffer.from(JSON.stringify(audio)));
  return { key, ...audio };
}

/** Cuts the silence an engine puts around speech, and moves the words along. */
function cut(synthesis: Synthesis): Synthesis {
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

type SynthesisWithWords = Synthesis & { words: SpokenWord[] };

/** Where an engine told no word times, this is where they come from. */
function withWords(text: string, synthesis: Synthesis): SynthesisWithWords {
  const { samples, sampleRate, words } = synthesis;
  return { ...synthesis, words: words ?? estimateWords(text, samples.length / sampleRate) };
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
