#!/usr/bin/env -S MALLOC_ARENA_MAX=2 node
/**
 * genscene: the command line. The only file that reads the environment and the arguments; each
 * command is a file in cli/ and gets what it needs as arguments.
 */
import { existsSync, readFileSync } from 'node:fs';
import { addAbortSignal } from 'node:stream';
import { Command, CommanderError } from 'commander';
import { commandsCommand } from './cli/commands.ts';
import type { Context } from './cli/context.ts';
import { diagnoseCommand } from './cli/diagnose.ts';
import { doctorCommand } from './cli/doctor.ts';
import { describeFailure, EXIT, exitCodeOf, failureJson } from './cli/failure.ts';
import { catchInterrupts } from './cli/interrupt.ts';
import { keyCommand } from './cli/key.ts';
import { purgeCommand } from './cli/purge.ts';
import { renderCommand } from './cli/render.ts';
import { speakCommand } from './cli/speak.ts';
import { startCommand } from './cli/start.ts';
import { Terminal } from './cli/terminal.ts';
import { usageCommand } from './cli/usage.ts';
import { validateCommand } from './cli/validate.ts';
import { voicesCommand } from './cli/voices.ts';
import { loadConfig, type Config } from './core/config.ts';
import { asStudioError, StudioError } from './core/errors.ts';
import type { Studio } from './core/studio.ts';

const exitCode = await main(process.argv.slice(2));
// Standing timers of a library are no reason to keep someone's terminal.
process.exit(exitCode);

async function main(args: string[]): Promise<number> {
  const terminal = new Terminal(process.stdout, process.stderr, process.env);
  const interrupts = catchInterrupts(process, terminal);
  // Children that are being closed do not keep Node alive by themselves; leaving before they have is exit 13.
  const awake = setInterval(() => undefined, 2 ** 30);
  let studio: Studio | undefined;
  const context: Context = {
    terminal,
    signal: interrupts.signal,
    cwd: process.cwd(),
    version: version(),
    config: readConfig,
    readStdin: async () => Buffer.concat(await addAbortSignal(interrupts.signal, process.stdin).toArray()),
    studio: async (wishes) => (studio ??= await openStudio(wishes)),
  };
  try {
    await buildProgram(context).parseAsync(args, { from: 'user' });
    return terminal.exitCode;
  } catch (error) {
    // Commander has said its errors already, in words for people; asking for help is one of them.
    if (error instanceof CommanderError && error.exitCode === 0) return EXIT.ok;
    const failure =
      error instanceof CommanderError
        ? new StudioError('invalid_request', error.message.replace(/^error: /, ''))
        : asStudioError(error, 'internal');
    if (args.includes('--json')) terminal.print(failureJson(failure));
    if (!(error instanceof CommanderError)) describeFailure(failure, terminal);
    return interrupts.exitCode ?? exitCodeOf(failure);
  } finally {
    await studio?.close();
    clearInterval(awake);
  }
}

function buildProgram(context: Context): Command {
  const exits = Object.entries(EXIT).map(([meaning, code]) => `${code} ${meaning}`);
  const program = new Command('genscene')
    .description('Turns a storyboard into a finished, narrated, captioned film.')
    .version(context.version)
    .helpOption('-h, --help', 'show this help')
    .showHelpAfterError('(genscene --help shows what there is)')
    .addHelpText(
      'after',
      `\nExit codes: ${exits.join(', ')}.\nSettings come from the environment and from .env; see .env.example.`,
    )
    .configureOutput({
      writeOut: (text) => context.terminal.write(text),
      writeErr: (text) => context.terminal.note(text.trimEnd()),
    })
    .exitOverride();
  const commands = [
    startCommand,
    renderCommand,
    speakCommand,
    voicesCommand,
    validateCommand,
    doctorCommand,
    diagnoseCommand,
    keyCommand,
    purgeCommand,
    usageCommand,
    commandsCommand,
  ];
  for (const make of commands) {
    program.addCommand(make(context).copyInheritedSettings(program));
  }
  return program;
}

/** Loads the core only now: help and wrong usage are answered at once. */
async function openStudio(wishes: { renderThreads?: number } = {}): Promise<Studio> {
  const { createStudio } = await import('./core/studio.ts');
  const config = readConfig();
  return createStudio({ ...config, worker: { ...config.worker, ...wishes } });
}

function readConfig(): Config {
  if (existsSync('.env')) process.loadEnvFile('.env');
  return loadConfig(process.env);
}

/** The package's version, from the source tree or from dist/. */
function version(): string {
  const places = ['./package.json', '../package.json'].map((place) => new URL(place, import.meta.url));
  const file = places.find((place) => existsSync(place));
  return file ? (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version : 'unknown';
}
