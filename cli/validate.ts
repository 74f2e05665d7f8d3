/** `genscene validate FILE`: every fault of a storyboard or script, or how long its film will be. */
import { Command } from 'commander';
import { StudioError } from '../core/errors.ts';
import type { Context } from './context.ts';
import { spell } from './measures.ts';
import { readStoryboard, withLines } from './read-storyboard.ts';

export function validateCommand(context: Context): Command {
  return new Command('validate')
    .description('check a storyboard or script without rendering it')
    .argument('<file>', 'storyboard or script; "-" reads standard input')
    .option('--json', 'print the result as JSON, as the last line')
    .action((file: string, options: { json?: true }) => validate(file, options, context));
}

async function validate(file: string, options: { json?: true }, context: Context): Promise<void> {
  const { terminal } = context;
  const source = await readStoryboard(file, context);
  const studio = await context.studio();
  const result = studio.validate(source.input);
  if (!result.ok) {
    const issues = withLines(result.issues, source.lineOf);
    throw new StudioError(
      'invalid_storyboard',
      `${file} has ${issues.length === 1 ? 'a fault' : `${issues.length} faults`}.`,
      { issues },
    );
  }
  const warnings = [...source.warnings, ...result.warnings];
  const scenes = result.storyboard.scenes.length;
  for (const warning of warnings) terminal.note(`${terminal.paintNote('yellow', 'Note')}: ${warning}`);
  if (options.json)
    terminal.print(JSON.stringify({ ok: true, scenes, estimatedSeconds: result.estimatedSeconds, warnings }));
  else
    terminal.print(
      `${terminal.paint('green', 'ok')}: ${scenes} ${scenes === 1 ? 'scene' : 'scenes'}, about ${spell(result.estimatedSeconds)} of film`,
    );
}
