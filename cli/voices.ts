/** `genscene voices`: who can speak, with the names to put into `voice`. */
import { Command } from 'commander';
import type { Context } from './context.ts';

const timings = { engine: 'exact', aligned: 'aligned', estimated: 'estimated' } as const;

export function voicesCommand(context: Context): Command {
  return new Command('voices')
    .description('list the voices that can be used now')
    .option('--language <tag>', 'only those that speak a language, e.g. es or en-GB')
    .option('--json', 'print them as JSON, as the last line')
    .action((options: { language?: string; json?: true }) => voices(options, context));
}

async function voices(options: { language?: string; json?: true }, context: Context): Promise<void> {
  const { terminal } = context;
  const studio = await context.studio();
  const found = studio.voices(options.language);
  if (options.json) return terminal.print(JSON.stringify(found));
  if (found.length === 0) return terminal.note(`No voice speaks ${options.language ?? 'yet'}.`);
  const rows = found.map((voice) => [
    voice.engine,
    voice.name,
    voice.language,
    voice.gender === 'unknown' ? '' : voice.gender,
    timings[voice.timing],
    voice.local ? 'local' : 'online',
  ]);
  const table = [['engine', 'name', 'language', 'gender', 'word times', 'runs'], ...rows];
  const widths = table[0]!.map((_, column) => Math.max(...table.map((row) => row[column]!.length)));
  for (const [index, row] of table.entries()) {
    const line = row.map((cell, column) => cell.padEnd(widths[column]!)).join('  ').trimEnd(); // prettier-ignore
    terminal.print(index === 0 ? terminal.paint('bold', line) : line);
  }
}
