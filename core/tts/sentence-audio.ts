/** One sentence's sound: from the cache, or spoken, cut to its sound and put there. */
import { asStudioError, StudioError } from '../errors.ts';
import type { Aligner } from './alignment/aligner.ts';
import { cutToSound } from './audio/cut-to-sound.ts';
import { encodeWav, decodeWav, headerBytes } from './audio/wav.ts';
import { cacheKey, type SpeechCache } from './cache.ts';
import type { Engine, SentenceRequest, SpokenWord, Synthesis } from './engine.ts';
import { estimateWords } from './estimated-words.ts';
import type { SingleFlight } from './single-flight.ts';
import { normaliserVersion } from './text/normalise.ts';

/** Raise it when what is stored, or how speech is cut, changes. */
const schema = 3;

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

export type SentenceSource = {
  cache: SpeechCache;
  flights: SingleFlight<SpokenSentenceAudio>;
  /** Finds words where an engine tells none; absent: they are estimated. */
  aligner?: Pick<Aligner, 'findWords'>;
};

/**
 * Speaks a sentence unless it was spoken before, here or on another host.
 * @param onlyKnown it is not spoken anew: who helps with a film must have the very sound that is in it
 * @throws {StudioError} what the engine throws, too_large; speech_failed if it is not known
 */
export function speakSentence(
  source: SentenceSource,
  engine: Engine,
  request: SentenceRequest,
  onlyKnown = false,
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
    request.emphasis ?? [],
  ]);
  const work = async (signal: AbortSignal): Promise<SpokenSentenceAudio> => {
    const known = await findSentence(source.cache, key, signal);
    if (known) return { ...known, fresh: false };
    if (onlyKnown) throw new StudioError('speech_failed', 'A sentence is not in the shared cache.');
    checkLength(engine, text);
    const sentence = { ...request, signal };
    const synthesis = cutToSound(await engine.synthesize(sentence));
    const complete = await withWords(source, sentence, synthesis);
    return { ...(await storeSentence(source.cache, key, complete)), fresh: true };
  };
  // Who may not speak does not wait with those who do, and none of them for it.
  return source.flights.do(onlyKnown ? `known ${key}` : key, work, request.signal);
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

async function findSentence(
  cache: SpeechCache,
  key: string,
  signal: AbortSignal,
): Promise<SentenceAudio | null> {
  const here = await readSentence(cache, key);
  if (here) return here;
  const brought = (await cache.bring(key, 'json', signal)) && (await cache.bring(key, 'wav', signal));
  return brought ? readSentence(cache, key) : null;
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
  cache.share(key, ['wav', 'json']);
  return { key, ...audio };
}

type SynthesisWithWords = Synthesis & { words: SpokenWord[] };

/** Where an engine told no word times, they are found by alignment, else estimated by length. */
async function withWords(
  { aligner }: SentenceSource,
  sentence: SentenceRequest,
  synthesis: Synthesis,
): Promise<SynthesisWithWords> {
  const { samples, sampleRate, words, warnings } = synthesis;
  if (words) return { ...synthesis, words };
  const estimated = (): SpokenWord[] => estimateWords(sentence.text, samples.length / sampleRate);
  if (!aligner || samples.length === 0) return { ...synthesis, words: estimated(), timing: 'estimated' };
  try {
    const found = await aligner.findWords(sentence, { samples, sampleRate });
    return { ...synthesis, words: found, timing: 'aligned' };
  } catch (error) {
    if (sentence.signal.aborted) throw error;
    const { message } = asStudioError(error, 'speech_failed');
    const warning = `Word times are estimated, since they could not be measured: ${message}`;
    return { ...synthesis, words: estimated(), timing: 'estimated', warnings: [...warnings, warning] };
  }
}
