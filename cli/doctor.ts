/** `genscene doctor`: what works, what does not, and the cure; `--children`: what runs right now. */
import { Command } from 'commander';
import type { RunningChild } from '../core/studio.ts';
import type { Context } from './context.ts';
import { EXIT } from './failure.ts';
import { fileSize } from './measures.ts';

type Options = { json?: true; children?: true };

export function doctorCommand(context: Context): Command {
  return new Command('doctor')
    .description('check ffmpeg, fonts, speech and disk, and say how to mend them')
    .option('--json', 'print the findings as JSON, as the last line')
    .option('--children', 'list the ffmpeg and speech processes of this program on this machine instead')
    .action((options: Options) =>
      options.children ? listChildren(options, context) : doctor(options, context),
    );
}

async function doctor(options: Options, context: Context): Promise<void> {
  const { terminal } = context;
  const studio = await context.studio();
  const findings = await studio.doctor();
  const faults = findings.filter((finding) => !finding.ok);
  if (faults.length > 0)
    terminal.exitCode = faults.some(({ name }) => /ffmpeg|ffprobe/.test(name))
      ? EXIT['a tool is missing']
      : EXIT.failed;
  if (options.json) return terminal.print(JSON.stringify({ ok: faults.length === 0, findings }));
  for (const { name, ok, detail, cure } of findings) {
    const mark = !ok
      ? terminal.paint('red', '✗')
      : cure
        ? terminal.paint('yellow', '–')
        : terminal.paint('green', '✓');
    terminal.print(`${mark} ${name}: ${detail}`);
    if (cure) terminal.print(`    ${cure}`);
  }
  terminal.print(
    faults.length === 0
      ? terminal.paint('green', 'All that films need is here.')
      : terminal.paint('red', `${faults.length === 1 ? 'One fault' : `${faults.length} faults`} to mend.`),
  );
}

/** One line a child: pid, program, what it does, age, memory, and whose it is. */
async function listChildren(options: Options, { terminal, studio }: Context): Promise<void> {
  const children = await (await studio()).children();
  if (options.json) return terminal.print(JSON.stringify({ children }));
  if (children.length === 0)
    return terminal.print('No ffmpeg or speech process of this program and this user is running.');
  const rows = [['PID', 'PROGRAM', 'DOES', 'AGE', 'MEMORY', 'OF'], ...children.map(childRow)];
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  for (const row of rows)
    terminal.print(
      row
        .map((cell, column) => cell.padEnd(widths[column]!))
        .join('  ')
        .trimEnd(),
    );
}

function childRow({ pid, program, purpose, ageS, rssBytes, owner }: RunningChild): string[] {
  const whose = owner.command === null ? `nobody any more (${owner.pid})` : `${owner.command} (${owner.pid})`;
  return [String(pid), program, purpose, `${ageS} s`, fileSize(rssBytes), whose];
}
