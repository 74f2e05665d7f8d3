/** `genscene usage forget PLATFORM:USER`: takes a person out of what is remembered of who asked for what. */
import { Command } from 'commander';
import type { Logger } from '../core/log.ts';
import type { Context } from './context.ts';

/** What is wrong is told by the error that ends the command. */
const silent: Logger = { debug: nothing, info: nothing, warn: nothing, error: nothing };

export function usageCommand(context: Context): Command {
  const { terminal } = context;
  const usage = new Command('usage').description('who asked for what');

  usage
    .command('forget')
    .description('take a person out of usage, of jobs that are over and of the audit; the sums stay')
    .argument('<person>', 'discord:USER_ID, slack:USER_ID or api:NAME_OF_KEY')
    .option('--json', 'print what was found as JSON, as the last line')
    .action(async (person: string, options: { json?: true }) => {
      const { forgetPerson } = await import('../app.ts');
      const found = await forgetPerson(context.config(), silent, person);
      terminal.note(
        `Forgotten: ${found.jobs} jobs, ${found.usage} rows of usage, ${found.audit} entries of the audit.`,
      );
      if (found.unfinished > 0)
        terminal.note(`${found.unfinished} of their jobs are not over yet: repeat this when they are.`);
      if (options.json) terminal.print(JSON.stringify(found));
    });

  return usage;
}

function nothing(): void {}
