/** `genscene speak TEXT`: a sentence as a sound file, to hear a voice before a film is made with it. */
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Command, InvalidArgumentError, Option } from 'commander';
import { asStudioError, StudioError } from '../core/errors.ts';
import { engineNames, ttsRequestSchema } from '../core/schema/speech.ts';
import type { SpeechRequest, SpeechResult } from '../core/tts/types.ts';
import type { Context } from './context.ts';
import { listeningPage } from './listening-page.ts';
import { spell } from './measures.ts';
import type { Terminal } from './terminal.ts';

type Options = {
  out: string;
  voice?: string;
  engine?: SpeechRequest['engine'];
  language: string;
  speed?: number;
  fallback?: true;
  playMarks?: true;
  html?: string;
  json?: true;
};

export function speakCommand(context: Context): Command {
  return new Command('speak')
    .description('speak a text into a WAV file; "-" reads standard input')
    .argument('<text>', 'what to say')
    .option('-o, --out <file>', 'where the sound goes, a .wav file', 'out/speech.wav')
    .option('--voice <name>', 'voice, as listed by genscene voices')
    .addOption(new Option('--engine <name>', 'speech engine').choices([...engineNames]))
    .option('--language <tag>', 'language of the text, e.g. en-US or es-419', 'en')
    .option('--speed <factor>', 'speaking rate, 0.5 to 2', parseSpeed)
    .option('--fallback', 'let another engine speak if this one fails')
    .option('--play-marks', 'print each word when it would be heard, with its time')
    .option('--html <file>', 'write a page that plays the speech and lights up its words')
    .option('--json', 'print the result with its word times as JSON, as the last line')
    .action((text: string, options: Options) => speak(text, options, context));
}

function parseSpeed(text: string): number {
  const speed = Number(text);
  if (text.trim() !== '' && speed >= 0.5 && speed <= 2) return speed;
  throw new InvalidArgumentError('It must be a number from 0.5 to 2.');
}

async function speak(given: string, options: Options, context: Context): Promise<void> {
  const { terminal, signal } = context;
  const text = given === '-' ? new TextDecoder().decode(await context.readStdin()).trim() : given;
  const { engine, voice, language, speed, fallback } = options;
  const target = path.resolve(context.cwd, options.out);
  const page = options.html === undefined ? null : path.resolve(context.cwd, options.html);
  checkRequest({ text, voice: { name: voice }, language }, target, page);
  const studio = await context.studio();
  const spoken = await studio.speak({ text, language, engine, voice, speed, fallback, signal });
  const wav = await readFile(spoken.path);
  await save(target, wav);
  if (page) await save(page, listeningPage(text, spoken, wav));
  for (const warning of spoken.warnings) terminal.note(`${terminal.paintNote('yellow', 'Note')}: ${warning}`);
  if (options.playMarks) await playMarks(spoken, terminal, signal);
  if (options.json) return terminal.print(JSON.stringify({ ...spoken, path: target }));
  const facts = [spell(spoken.durationMs / 1000), `${spoken.engine} ${spoken.voice} (${spoken.why})`, `${spoken.sampleRate} Hz`, `word times ${spoken.timing}`]; // prettier-ignore
  terminal.print(`${terminal.paint('bold', options.out)}: ${facts.join(', ')}`);
  if (options.html) terminal.print(`${terminal.paint('bold', options.html)}: open it in a browser to listen`);
}

/** Prints the words in step with the sound: each one when it begins. */
async function playMarks(
  { marks, durationMs }: SpeechResult,
  terminal: Terminal,
  signal: AbortSignal,
): Promise<void> {
  const startedAt = performance.now();
  const waitUntil = (ms: number): Promise<void> => delay(Math.max(0, startedAt + ms - performance.now()), undefined, { signal }); // prettier-ignore
  for (const mark of marks.filter(({ kind }) => kind === 'word')) {
    await waitUntil(mark.startMs);
    const [start, end] = [mark.startMs, mark.endMs].map((ms) => (ms / 1000).toFixed(3).padStart(8));
    terminal.print(`${start} ${end}  ${mark.text}`);
  }
  await waitUntil(durationMs);
}

function checkRequest(request: unknown, target: string, page: string | null): void {
  const checked = ttsRequestSchema.safeParse(request);
  const issues = checked.success
    ? []
    : checked.error.issues.map((issue) => ({ path: issue.path.join('.'), message: issue.message }));
  if (path.extname(target).toLowerCase() !== '.wav')
    issues.push({ path: '--out', message: 'must be a .wav file' });
  if (page && !/\.html?$/i.test(page)) issues.push({ path: '--html', message: 'must be a .html file' });
  if (issues.length > 0) throw new StudioError('invalid_request', 'This cannot be spoken.', { issues });
}

/** A file appears under its name only when it is whole. */
async function save(target: string, content: Uint8Array | string): Promise<void> {
  const partial = `${target}.part`;
  try {
    await mkdir(path.dirname(target), { recursive: true });
    await writeFile(partial, content);
    await rename(partial, target);
  } catch (error) {
    await rm(partial, { force: true });
    throw asStudioError(error, 'internal', `${target} cannot be written: ${(error as Error).message}.`);
  }
}
