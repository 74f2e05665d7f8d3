/**
 * espeak-ng in the child process: one sentence in, samples and word times out. The only file that
 * imports it: espeak-ng is under the GPL, and runs as a program of its own.
 */
import createEspeak, { type EspeakEvent, type EspeakWorker } from '@echogarden/espeak-ng-emscripten';
import type { ChildJob, ChildSpeech, Speaker } from '../children/messages.ts';
import { escapeForEspeak, wordsFromEvents } from './espeak-words.ts';

/** Words a minute at speed 1: easier to follow than espeak's own 175. */
const wordsPerMinute = 165;

export async function loadSpeaker(): Promise<Speaker> {
  const { eSpeakNGWorker } = await createEspeak();
  const worker = new eSpeakNGWorker();
  return (job) => speak(worker, job);
}

function speak(worker: EspeakWorker, job: ChildJob): ChildSpeech {
  worker.set_voice(job.voice, '', 0, 0, 0);
  worker.set_rate(Math.round(wordsPerMinute * job.speed));
  const escaped = escapeForEspeak(job.text, job.emphasis);
  const chunks: Int16Array[] = [];
  const events: EspeakEvent[] = [];
  worker.synthesize(escaped.text, (samples, found) => {
    if (samples && samples.length > 0) chunks.push(samples);
    events.push(...found);
    return false;
  });
  const samples = concat(chunks);
  const sampleRate = worker.get_samplerate();
  return { samples, sampleRate, words: wordsFromEvents(events, escaped, samples.length / sampleRate) };
}

function concat(chunks: readonly Int16Array[]): Int16Array {
  const all = new Int16Array(chunks.reduce((sum, chunk) => sum + chunk.length, 0));
  let at = 0;
  for (const chunk of chunks) {
    all.set(chunk, at);
    at += chunk.length;
  }
  return all;
}
