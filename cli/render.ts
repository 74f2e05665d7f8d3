/** `genscene render FILE`: a storyboard or script becomes film, poster, sheet and captions in a folder. */
import path from 'node:path';
import { Command, InvalidArgumentError, Option } from 'commander';
import { StudioError } from '../core/errors.ts';
import { aspectRatios, frameRates, qualities, resolutions } from '../core/schema/storyboard.ts';
import type { RenderedJob } from '../core/studio.ts';
import type { Context } from './context.ts';
import { fileSize, spell } from './measures.ts';
import { showProgress } from './progress-line.ts';
import { readStoryboard, withLines, type NamedStoryboard } from './read-storyboard.ts';
import { setField } from './set-field.ts';
import type { Terminal } from './terminal.ts';

type Options = {
  out?: string;
  resolution?: string;
  aspect?: string;
  fps?: string;
  quality?: string;
  draft?: true;
  set?: string[];
  json?: true;
  quiet?: true;
  jobs?: number;
};

export function renderCommand(context: Context): Command {
  return new Command('render')
    .description('render a storyboard (.json, .yaml) or script (.md, .txt); "-" reads standard input')
    .argument('<file>', 'storyboard or script')
    .option('-o, --out <folder>', 'where the files go (default: out/<name of the file>)')
    .addOption(new Option('--resolution <size>', 'length of the short side').choices([...resolutions]))
    .addOption(new Option('--aspect <ratio>', 'shape of the picture').choices([...aspectRatios]))
    .addOption(new Option('--fps <number>', 'frames a second').choices(frameRates.map(String)))
    .addOption(new Option('--quality <level>', 'effort of the encoder').choices([...qualities]))
    .option(
      '-j, --jobs <number>',
      'segments rendered at once (default: one a core, fewer where memory is short)',
      jobsOf,
    )
    .option('--draft', 'a quick small preview: quality draft, resolution preview')
    .option(
      '--set <path=value>',
      'set any field, e.g. captions.style=karaoke or scenes[0].effect=none; repeatable',
      (value: string, all: string[] | undefined) => [...(all ?? []), value],
    )
    .option('--json', 'print the finished job as JSON, as the last line')
    .option('-q, --quiet', 'no progress')
    .action((file: string, options: Options) => render(file, options, context));
}

async function render(file: string, options: Options, context: Context): Promise<void> {
  const { terminal } = context;
  const startedAt = performance.now();
  const source = await readStoryboard(file, context);
  const input = withWishes(source.input, options);
  const outDir = path.resolve(context.cwd, options.out ?? path.join('out', source.name));
  const studio = await context.studio(options.jobs === undefined ? {} : { renderThreads: options.jobs });
  const job = await studio
    .render(input, {
      outDir,
      baseDir: source.baseDir,
      signal: context.signal,
      onProgress: showProgress(terminal, options.quiet === true),
    })
    .catch((error: unknown) => Promise.reject(placedInFile(error, source)))
    .finally(() => terminal.endLive());
  const warnings = [...source.warnings, ...job.warnings];
  for (const warning of warnings) terminal.note(`${terminal.paintNote('yellow', 'Note')}: ${warning}`);
  if (options.json) terminal.print(JSON.stringify({ ...job, warnings }));
  else summarise(job, (performance.now() - startedAt) / 1000, terminal, context.cwd);
}

/** @throws {InvalidArgumentError} for anything but 1 to 64 */
function jobsOf(value: string): number {
  const jobs = Number(value);
  if (Number.isInteger(jobs) && jobs >= 1 && jobs <= 64) return jobs;
  throw new InvalidArgumentError('It must be a whole number from 1 to 64.');
}

/** The options of the command line put into the storyboard, the general ones first. */
function withWishes(input: unknown, options: Options): unknown {
  const text = (value: string): string => JSON.stringify(value);
  const wishes = [
    ...(options.draft ? ['output.quality="draft"', 'output.resolution="preview"'] : []),
    ...(options.resolution ? [`output.resolution=${text(options.resolution)}`] : []),
    ...(options.aspect ? [`output.aspectRatio=${text(options.aspect)}`] : []),
    ...(options.fps ? [`output.fps=${options.fps}`] : []),
    ...(options.quality ? [`output.quality=${text(options.quality)}`] : []),
    ...(options.set ?? []),
  ];
  return wishes.reduce(setField, input);
}

/** An invalid storyboard's issues get the lines of the file they came from. */
function placedInFile(error: unknown, source: NamedStoryboard): unknown {
  if (!(error instanceof StudioError) || error.code !== 'invalid_storyboard' || !error.issues) return error;
  return new StudioError(error.code, error.message, {
    hint: error.hint,
    issues: withLines(error.issues, source.lineOf),
    cause: error,
  });
}

function summarise(job: RenderedJob, tookSeconds: number, terminal: Terminal, cwd: string): void {
  const { files, duration, width, height, size, loudness, scenesReused, scenesTotal } = job;
  const lines: [name: string, file: string | null][] = [
    ['Film', files.film],
    ['Poster', files.poster],
    ['Sheet', files.sheet],
    ['SRT', files.srt],
    ['VTT', files.vtt],
  ];
  for (const [name, file] of lines)
    if (file)
      terminal.print(`${terminal.paint('dim', name.padEnd(7))} ${terminal.paint('bold', nearby(file, cwd))}`);
  const lufs = loudness?.lufs;
  const facts = [
    spell(duration ?? 0),
    `${width} × ${height}`,
    fileSize(size ?? 0),
    lufs === null || lufs === undefined ? 'silent' : `${lufs.toFixed(1).replace('-', '−')} LUFS`,
  ];
  terminal.print(facts.join(' · '));
  const pace = ((duration ?? 0) / tookSeconds).toFixed(tookSeconds > (duration ?? 0) ? 2 : 1);
  terminal.print(
    `made in ${spell(tookSeconds)}, ${pace} × real time · ${scenesReused ?? 0} of ${scenesTotal} scenes reused`,
  );
}

/** A path as one would type it from here. */
function nearby(file: string, cwd: string): string {
  const relative = path.relative(cwd, file);
  return relative.startsWith('..') ? file : relative;
}
