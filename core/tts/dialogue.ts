/** A text said by several voices, or in several languages: its turns one after another in one WAV. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { StudioError } from '../errors.ts';
import { pauseAfter } from './audio/join.ts';
import { upsample } from './audio/upsample.ts';
import { decodeWav, encodeWav, headerBytes } from './audio/wav.ts';
import { cacheKey, type SpeechCache } from './cache.ts';
import { linkSignals } from './linked-signal.ts';
import { leastExact } from './speak.ts';
import { beginsWithPause, endsWithPause } from './text/pauses.ts';
import type { SpeechRequest, SpeechResult, SpeechTurn } from './types.ts';

/** Raise it when joining changes. */
const schema = 1;
/** Between two who speak, s at speed 1: a breath longer than between sentences. */
const betweenSpeakersS = 0.5;
/** Turns spoken at the same time. */
const atOnce = 2;

/** Speaks one text with one voice. */
export type SpeakOne = (request: SpeechRequest) => Promise<SpeechResult>;

/**
 * Speaks a request with turns. Its marks are places in the whole text, its sound has the highest sample
 * rate of all.
 * @throws {StudioError} what `speak` throws; the first failure stops the others
 */
export async function speakTurns(
  speak: SpeakOne,
  cache: SpeechCache,
  request: SpeechRequest & { turns: readonly SpeechTurn[] },
): Promise<SpeechResult> {
  const { turns: all, text, ...rest } = request;
  const turns = all.filter(({ start, end }) => text.slice(start, end).trim() !== '');
  if (turns.length === 0)
    throw new StudioError('invalid_request', 'There is nothing to say in this text.', {
      hint: 'Write something after the names of the speakers.',
    });
  const spoken = await speakAll(speak, turns.map((turn) => requestOf(rest, text, turn)), request.signal); // prettier-ignore
  const sampleRate = Math.max(...spoken.map((each) => each.sampleRate));
  const lengths = spoken.map((each) => Math.round((each.durationMs / 1000) * sampleRate));
  const starts: number[] = [];
  lengths.reduce((at, length, index) => {
    const start = at + Math.round(pauseBefore(text, turns, index) * sampleRate);
    starts.push(start);
    return start + length;
  }, 0);
  const length = starts.at(-1)! + lengths.at(-1)!;
  const file = await joinedFile(cache, spoken, starts, length, sampleRate);
  const startMs = (index: number): number => (starts[index]! / sampleRate) * 1000;
  return {
    ...spoken[0]!,
    path: file,
    sampleRate,
    durationMs: (length / sampleRate) * 1000,
    marks: spoken.flatMap(({ marks }, index) =>
      marks.map((mark) => ({
        ...mark,
        charStart: mark.charStart + turns[index]!.start,
        charEnd: mark.charEnd + turns[index]!.start,
        startMs: mark.startMs + startMs(index),
        endMs: Math.min(mark.endMs + startMs(index), (length / sampleRate) * 1000),
      })),
    ),
    timing: leastExact(spoken.map(({ timing }) => timing)),
    cached: spoken.every(({ cached }) => cached),
    warnings: [...new Set(spoken.flatMap(({ warnings }) => warnings))],
    voices: spoken.map(({ engine, voice, why }) => ({ engine, voice, why })),
  };
}

function requestOf(
  general: Omit<SpeechRequest, 'text' | 'turns'>,
  text: string,
  { start, end, ...turn }: SpeechTurn,
): SpeechRequest {
  const { speaker: _, ...voice } = turn;
  return { ...general, ...voice, text: text.slice(start, end) };
}

async function speakAll(
  speak: SpeakOne,
  requests: readonly SpeechRequest[],
  outer: AbortSignal | undefined,
): Promise<SpeechResult[]> {
  const { signal, abort, unlink } = linkSignals(outer);
  // All turns are one job: they share its limit.
  const job = requests[0]!.job ?? requests;
  const spoken: SpeechResult[] = [];
  let next = 0;
  const inTurn = async (): Promise<void> => {
    for (let index = next++; index < requests.length; index = next++)
      spoken[index] = await speak({ ...requests[index]!, job, signal });
  };
  const lanes = Array.from({ length: Math.min(atOnce, requests.length) }, inTurn);
  try {
    await Promise.all(lanes);
    return spoken;
  } catch (error) {
    abort(error);
    await Promise.allSettled(lanes);
    throw error;
  } finally {
    unlink();
  }
}

/** Silence before a turn, s. Where a pause is written, nothing is added to it. */
function pauseBefore(text: string, turns: readonly SpeechTurn[], index: number): number {
  const before = turns[index - 1];
  const turn = turns[index]!;
  if (!before) return 0;
  const said = text.slice(before.start, before.end);
  if (endsWithPause(said) || beginsWithPause(text.slice(turn.start, turn.end))) return 0;
  const speed = before.speed ?? 1;
  return before.speaker === turn.speaker ? pauseAfter(said, speed) : betweenSpeakersS / speed;
}

/** The joined WAV, named by what is in it. */
async function joinedFile(
  cache: SpeechCache,
  spoken: readonly SpeechResult[],
  starts: readonly number[],
  length: number,
  sampleRate: number,
): Promise<string> {
  const key = cacheKey(['turns', schema, spoken.map((each) => path.basename(each.path)), starts, sampleRate]);
  if (await cache.has(key, 'wav', headerBytes + length * 2)) return cache.pathOf(key, 'wav');
  const joined = new Int16Array(length);
  for (const [index, part] of spoken.entries()) {
    const sound = decodeWav(await readFile(part.path));
    const samples = upsample(sound.samples, sound.sampleRate, sampleRate);
    joined.set(samples.subarray(0, length - starts[index]!), starts[index]!);
  }
  return cache.write(key, 'wav', encodeWav(joined, sampleRate));
}
