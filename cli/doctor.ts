/** `genscene doctor`: what works, what does not, and the cure. */
import { Command } from 'commander';
import type { Context } from './context.ts';
import { EXIT } from './failure.ts';

export function doctorCommand(context: Context): Command {
  return new Command('doctor')
    .description('check ffmpeg, fonts, speech and disk, and say how to mend them')
    .option('--json', 'print the findings as JSON, as the last line')
    .action((options: { json?: true }) => doctor(options, context));
}

async function doctor(options: { json?: true }, context: Context): Promise<void> {
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
