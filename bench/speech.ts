/**
 * How far word times are off: alignment beside a guess by length, for engines whose own times are known.
 * Festival voices take part where Debian's `festival` and `festvox-*` packages are installed.
 *
 *   npm run bench:speech -- [--json FILE]
 */
import { writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { alignWords } from '../core/tts/alignment/align-words.ts';
import { cutToSound } from '../core/tts/audio/cut-to-sound.ts';
import type { Engine, SpokenWord, Synthesis } from '../core/tts/engine.ts';
import { loadSpeaker } from '../core/tts/engines/espeak-child.ts';
import { espeakName } from '../core/tts/engines/espeak-voices.ts';
import { engineTable } from '../core/tts/engines/table.ts';
import { estimateWords } from '../core/tts/estimated-words.ts';
import { makeMarks } from '../core/tts/marks.ts';
import { normalise } from '../core/tts/text/normalise.ts';
import type { EngineName } from '../core/tts/types.ts';
import { festivalVoices, speakWithFestival } from './speech/festival.ts';
import { sentences } from './speech/sentences.ts';

const { values } = parseArgs({ options: { json: { type: 'string' } } });

type Row = { engine: string; language: string; method: string; words: number; mean: number; p90: number; max: number; cpuS: number }; // prettier-ignore
type Language = keyof typeof sentences;

const table = engineTable({}, {}, 1);
const espeak = await loadSpeaker();
const engines = new Map<EngineName, Promise<Engine>>();
const rows: Row[] = [];
try {
  for (const voice of ['rms', 'slt']) await compare('en', `flite ${voice}`, speakWith('flite', voice, 'en'));
  for (const voice of await festivalVoices())
    await compare('en', `festival ${voice}`, (text) => speakWithFestival(voice, text));
  await compare('en', 'espeak en-us+m3', speakWith('espeak', 'en-us+m3', 'en'));
  await compare('es', 'espeak es-419', speakWith('espeak', 'es-419', 'es'));
  await compare('es', 'espeak es+m3, slow', speakWith('espeak', 'es+m3', 'es', 0.8));
  print();
  if (values.json) await writeFile(values.json, `${JSON.stringify(rows, null, 2)}\n`);
} finally {
  for (const engine of engines.values()) await (await engine).close();
}

function engineNamed(name: EngineName): Promise<Engine> {
  const engine = engines.get(name) ?? table.find((entry) => entry.name === name)!.load();
  engines.set(name, engine);
  return engine;
}

function speakWith(name: EngineName, voice: string, language: Language, speed = 1) {
  return async (text: string): Promise<Synthesis> =>
    (await engineNamed(name)).synthesize({
      text,
      voice,
      language,
      speed,
      signal: new AbortController().signal,
      timeoutMs: 60_000,
    });
}

async function compare(
  language: Language,
  engine: string,
  speak: (text: string) => Promise<Synthesis | null>,
): Promise<void> {
  const referenceVoice = table.find((entry) => entry.name === 'espeak')!.defaultVoice(language)!;
  const found: Record<string, { errors: number[]; cpuS: number }> = {
    aligned: { errors: [], cpuS: 0 },
    'by length': { errors: [], cpuS: 0 },
  };
  let spokenSentences = 0;
  for (const text of sentences[language]) {
    const spoken = await speak(text);
    if (!spoken?.words) continue;
    spokenSentences++;
    const sound = cutToSound(spoken);
    const { result: reference, cpuS } = inProcess(() => speakReference(text, referenceVoice));
    found['aligned']!.cpuS += cpuS;
    const durationS = sound.samples.length / sound.sampleRate;
    const truth = onsets(text, durationS, sound.words!);
    const methods = {
      aligned: () => alignWords({ ...reference, words: reference.words! }, sound),
      'by length': () => estimateWords(text, durationS),
    };
    for (const [method, words] of Object.entries(methods)) {
      const { result: guess, cpuS } = inProcess(() => onsets(text, durationS, words()));
      found[method]!.cpuS += cpuS;
      for (const [token, atS] of truth)
        if (guess.has(token)) found[method]!.errors.push(Math.abs(guess.get(token)! - atS) * 1000);
    }
  }
  for (const [method, { errors, cpuS }] of Object.entries(found)) {
    errors.sort((a, b) => a - b);
    rows.push({
      engine,
      language,
      method,
      words: errors.length,
      mean: errors.reduce((sum, error) => sum + error, 0) / errors.length,
      p90: errors[Math.floor(errors.length * 0.9)]!,
      max: errors.at(-1)!,
      cpuS: cpuS / spokenSentences,
    });
  }
}

/** In this process, so that what it costs is counted. */
function speakReference(text: string, voice: string): Synthesis {
  const spoken = espeak({ text, voice: espeakName(voice), speed: 1 });
  return cutToSound({ ...spoken, timing: 'engine', warnings: [] });
}

function inProcess<T>(work: () => T): { result: T; cpuS: number } {
  const before = process.cpuUsage();
  const result = work();
  const { user, system } = process.cpuUsage(before);
  return { result, cpuS: (user + system) / 1e6 };
}

/** When each word of the script begins to be heard, by its place, s: as captions are told. */
function onsets(text: string, durationS: number, words: readonly SpokenWord[]): Map<number, number> {
  const sentence = { start: 0, end: text.length, startS: 0, endS: durationS, words: [...words] };
  const marks = makeMarks(text, normalise(text, 'en'), [sentence]);
  return new Map(
    marks.filter((mark) => mark.kind === 'word').map((mark) => [mark.charStart, mark.startMs / 1000]),
  );
}

function print(): void {
  const line = (cells: readonly string[]): string =>
    cells.map((cell, index) => (index < 3 ? cell.padEnd([28, 9, 11][index]!) : cell.padStart(9))).join(' ');
  const head = ['engine', 'language', 'method', 'words', 'mean ms', 'p90 ms', 'max ms', 'CPU s'];
  process.stdout.write(
    `Word onsets, off from the engine's own times; CPU of one sentence, with the reference that is spoken for it.\n\n${line(head)}\n`,
  );
  for (const row of rows) {
    const numbers = [row.words, row.mean, row.p90, row.max].map((value) => value.toFixed(0));
    process.stdout.write(
      `${line([row.engine, row.language, row.method, ...numbers, row.cpuS.toFixed(3)])}\n`,
    );
  }
}
