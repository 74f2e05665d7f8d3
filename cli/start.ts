/** `genscene start`: the service in this process, until it is told to stop. */
import { Command, InvalidArgumentError } from 'commander';
import { redaction } from '../core/log.ts';
import type { Context } from './context.ts';
import type { Terminal } from './terminal.ts';

type Options = { grace: number };

export function startCommand(context: Context): Command {
  return new Command('start')
    .description('run the service: API, worker and files; settings come from the environment')
    .option(
      '--grace <seconds>',
      'when told to stop, how long running jobs may take to finish',
      parseGrace,
      20,
    )
    .action((options: Options) => start(options, context));
}

function parseGrace(text: string): number {
  const seconds = Number(text);
  if (text.trim() !== '' && seconds >= 0 && seconds <= 86_400) return seconds;
  throw new InvalidArgumentError('It must be a number of seconds.');
}

async function start(
  { grace }: Options,
  { config: read, terminal, signal, version }: Context,
): Promise<void> {
  const config = read();
  const [{ startApp }, { pino }] = await Promise.all([import('../app.ts'), import('pino')]);
  const log = pino({
    level: config.logLevel,
    base: { pid: process.pid },
    hooks: { streamWrite: redaction(config) },
  });
  const app = await startApp(config, { log, version, onKeyCreated: ({ key }) => showKey(key, terminal) });
  if (app.address)
    terminal.note(
      `Gen Scene Studio ${version} listens at ${app.address}; its API is described at ${app.address}/docs.`,
    );
  await new Promise<void>((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
  await app.stop(grace * 1000);
}

/** On stderr: what is logged goes to stdout, and keys are never logged. */
function showKey(key: string, terminal: Terminal): void {
  terminal.note(`\nYour API key, shown only now: ${terminal.paintNote('bold', key)}`);
  terminal.note('Send it as the header X-API-Key. `genscene key new NAME` makes another.\n');
}
