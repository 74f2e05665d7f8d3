/** `genscene key new|list|remove`: who may ask the API, as long as API_KEYS is not set. */
import { Command } from 'commander';
import { StudioError } from '../core/errors.ts';
import type { Context } from './context.ts';

export function keyCommand(context: Context): Command {
  const { terminal } = context;
  const key = new Command('key').description(
    'API keys of this data folder; a running service takes changes within a second',
  );

  key
    .command('new')
    .description('make a key and show it, once')
    .argument('<name>', 'whose it is: letters, digits, ".", "-", "_"')
    .option('--admin', 'sees and steers everyone’s jobs')
    .option(
      '--priority <number>',
      'the highest it may ask for, 0 to 10 (default: 0, with --admin 10)',
      Number,
    )
    .action(async (name: string, options: { admin?: true; priority?: number }) => {
      const { addKey } = await import('../app.ts');
      const { admin = false, priority: mostPriority } = options;
      const made = await addKey(fileKeys(context), { name, admin, mostPriority });
      terminal.print(made.key);
      terminal.note(
        `The key of "${name}"${made.admin ? ', an operator' : ''}. It is kept nowhere: write it down now.`,
      );
    });

  key
    .command('list')
    .description('list the names of all keys')
    .action(async () => {
      const { listKeys } = await import('../app.ts');
      const keys = listKeys(fileKeys(context));
      for (const { name, admin, mostPriority, createdAt } of keys) {
        const rights = `${admin ? '  admin' : ''}${mostPriority > 0 ? `  priority to ${mostPriority}` : ''}`;
        terminal.print(`${name}${rights}  since ${createdAt.slice(0, 10)}`);
      }
      if (keys.length === 0)
        terminal.note('There are none. `genscene start` makes the first one, or `genscene key new NAME`.');
    });

  key
    .command('remove')
    .description('take all keys of a name out of force')
    .argument('<name>')
    .action(async (name: string) => {
      const { removeKeys } = await import('../app.ts');
      const removed = await removeKeys(fileKeys(context), name);
      if (removed === 0)
        throw new StudioError('not_found', `There is no key "${name}".`, {
          hint: '`genscene key list` shows all.',
        });
      terminal.note(removed === 1 ? `Removed the key "${name}".` : `Removed ${removed} keys "${name}".`);
    });

  return key;
}

/** @returns the data folder. @throws {StudioError} conflict when its keys would not count */
function fileKeys({ config }: Context): string {
  const { server, dataDir } = config();
  if (server.apiKeys === undefined) return dataDir;
  throw new StudioError('conflict', 'API_KEYS is set: its keys are the only ones.', {
    hint: 'Change API_KEYS, or remove it to use keys of the data folder.',
  });
}
