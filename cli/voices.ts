/** `genscene voices`: who can speak, with the names to put into `voice`; adds and removes sherpa voices. */
import { Command } from 'commander';
import type { Voice } from '../core/tts/types.ts';
import type { Context } from './context.ts';
import { fileSize } from './measures.ts';
import type { Terminal } from './terminal.ts';

const timings = { engine: 'exact', aligned: 'aligned', estimated: 'estimated' } as const;

type Options = { language?: string; offered?: true; json?: true };

export function voicesCommand(context: Context): Command {
  return new Command('voices')
    .description('list the voices that can be used now; add or remove neural ones')
    .option('--language <tag>', 'only those that speak a language, e.g. es or en-GB')
    .option('--offered', 'list what `genscene voices add` can download')
    .option('--json', 'print them as JSON, as the last line')
    .action((options: Options) => (options.offered ? offered(options, context) : voices(options, context)))
    .addCommand(
      new Command('add')
        .description('download a neural voice; goes on where it was interrupted')
        .argument('<name>', 'as listed by genscene voices --offered')
        .action((name: string) => add(name, context)),
    )
    .addCommand(
      new Command('remove')
        .description('delete a neural voice from this machine')
        .argument('<name>', 'as listed by genscene voices, without what stands after a /')
        .action((name: string) => remove(name, context)),
    );
}

async function voices(options: Options, context: Context): Promise<void> {
  const { terminal } = context;
  const studio = await context.studio();
  const found = studio.voices(options.language);
  if (options.json) return terminal.print(JSON.stringify(found));
  if (found.length === 0) return terminal.note(`No voice speaks ${options.language ?? 'yet'}.`);
  printTable(terminal, ['engine', 'name', 'language', 'gender', 'word times', 'runs', 'licence'], found.map(rowOf)); // prettier-ignore
}

function rowOf(voice: Voice): string[] {
  const { engine, name, language, gender, timing, local, licence } = voice;
  return [
    engine,
    name,
    language === 'mul' ? 'many' : language,
    gender === 'unknown' ? '' : gender,
    timings[timing],
    local ? 'local' : 'cloud',
    licence,
  ];
}

async function offered({ language, json }: Options, context: Context): Promise<void> {
  const { terminal } = context;
  const all = await (await context.studio()).voiceStore().offered();
  const primary = language?.split('-')[0]!.toLowerCase();
  const found = all.filter((entry) => primary === undefined || entry.language === 'mul' || entry.language.split('-')[0] === primary); // prettier-ignore
  if (json) return terminal.print(JSON.stringify(found));
  const rows = found.map((entry) => [
    entry.name,
    entry.language === 'mul' ? 'many' : entry.language,
    entry.gender === 'unknown' ? '' : entry.gender,
    fileSize(entry.parts.reduce((sum, part) => sum + part.bytes, 0)),
    entry.installed ? 'yes' : '',
    entry.parts.every((part) => part.sha256.length > 0) ? 'SHA-256' : 'size only',
    entry.licence,
    entry.about ?? '',
  ]);
  printTable(terminal, ['name', 'language', 'gender', 'download', 'here', 'checked by', 'licence', ''], rows);
}

function printTable(terminal: Terminal, head: string[], rows: string[][]): void {
  const table = [head, ...rows];
  const widths = head.map((_, column) => Math.max(...table.map((row) => row[column]!.length)));
  for (const [index, row] of table.entries()) {
    const line = row.map((cell, column) => cell.padEnd(widths[column]!)).join('  ').trimEnd(); // prettier-ignore
    terminal.print(index === 0 ? terminal.paint('bold', line) : line);
  }
}

/** Redrawing more often only costs time, ms; without a terminal a line for each tenth is enough. */
const REDRAW_MS = 100;

async function add(name: string, context: Context): Promise<void> {
  const { terminal, signal } = context;
  let drawnAt = -Infinity;
  let told = '';
  const added = await (
    await context.studio()
  ).voiceStore().add(name, {
    signal,
    onProgress: ({ step, bytes, totalBytes }) => {
      const percent = Math.floor((bytes / totalBytes) * 100);
      const line = `${step} ${name}: ${percent}% of ${fileSize(totalBytes)}`;
      if (!terminal.isLive) {
        const tenth = `${step} ${Math.floor(percent / 10)}`;
        if (tenth !== told) terminal.note(line);
        told = tenth;
      } else if (performance.now() - drawnAt > REDRAW_MS) {
        drawnAt = performance.now();
        terminal.drawLive(line);
      }
    },
  }); // prettier-ignore
  terminal.endLive();
  for (const warning of added.warnings) terminal.note(`${terminal.paintNote('yellow', 'Note')}: ${warning}`);
  terminal.print(`${terminal.paint('bold', added.name)} is here (${added.licence}): ${added.folder}`);
}

async function remove(name: string, context: Context): Promise<void> {
  await (await context.studio()).voiceStore().remove(name);
  context.terminal.print(`${name} is removed.`);
}
