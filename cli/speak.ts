/** `genscene speak TEXT`: a sentence as a sound file, to hear a voice before a film is made with it. */
import { copyFile, mkdir, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { Command, InvalidArgumentError, Option } from 'commander';
import { asStudioError, StudioError } from '../core/errors.ts';
import { engineNames, ttsRequestSchema } from '../core/schema/speech.ts';
import type { SpeechRequest, SpeechResult } from '../core/tts/types.ts';
import type { Context } from './context.ts';
import { spell } from './measures.ts';

type Options = {
  out: string;
  voice?: string;
  engine?: SpeechRequest['engine'];
  language: string;
  speed?: number;
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
    .option('--json', 'print the result with its word times as JSON, as the last line')
    .action((text: string, options: Options) => speak(text, options, context));
}

function parseSpeed(text: string): number {
  const speed = Number(text);
  if (text.trim() !== '' && speed >= 0.5 && speed <= 2) return speed;
  throw new InvalidArgumentError('It must be a number from 0.5 to 2.');
}

async function speak(given: string, options: Options, context: Context): Promise<void> {
  const { terminal } = context;
  const text = given === '-' ? new TextDecoder().decode(await context.readStdin()).trim() : given;
  const { engine, voice, language, speed } = options;
  const target = path.resolve(context.cwd, options.out);
  checkRequest({ text, voice: { name: voice }, language }, target);
  const studio = await context.studio();
  const spoken = await studio.speak({ text, language, engine, voice, speed, signal: context.signal });
  await saveCopy(spoken, target);
  for (const warning of spoken.warnings) terminal.note(`${terminal.paintNote('yellow', 'Note')}: ${warning}`);
  if (options.json) terminal.print(JSON.stringify({ ...spoken, path: target }));
  else
    terminal.print(
      `${terminal.paint('bold', options.out)}: ${spell(spoken.durationMs / 1000)}, ${spoken.engine} ${spoken.voice}, ${spoken.sampleRate} Hz`,
    );
}

function checkRequest(request: unknown, target: string): void {
  const checked = ttsRequestSchema.safeParse(request);
  const issues = checked.success
    ? []
    : checked.error.issues.map((issue) => ({ path: issue.path.join('.'), message: issue.message }));
  if (path.extname(target).toLowerCase() !== '.wav')
    issues.push({ path: '--out', message: 'must be a .wav file' });
  if (issues.length > 0) throw new StudioError('invalid_request', 'This cannot be spoken.', { issues });
}

/** The speech cache keeps its file; ours appears under its name only when it is whole. */
async function saveCopy(spoken: SpeechResult, target: string): Promise<void> {
  const partial = `${target}.part`;
  try {
    await mkdir(path.dirname(target), { recursive: true });
    await copyFile(spoken.path, partial);
    await rename(partial, target);
  } catch (error) {
    await rm(partial, { force: true });
    throw asStudioError(error, 'internal', `${target} cannot be written: ${(error as Error).message}.`);
  }
}
