/**
 * The one place that starts ffmpeg and ffprobe (through fluent-ffmpeg).
 * Every child is guarded (guard-script.ts), with a wall timeout; every one is counted and can be listed.
 */
import { execFile } from 'node:child_process';
import { createRequire } from 'node:module';
import path from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { promisify } from 'node:util';
import createCommand from 'fluent-ffmpeg';
import { asStudioError, StudioError } from './errors.ts';
import { guardScript } from './guard-script.ts';
import { findProgram, isExecutable } from './programs.ts';
import { traceStep } from './trace.ts';

export type FfmpegPaths = { ffmpeg: string; ffprobe: string };

/** What one child of this thread is doing; see children.ts for those of all threads and processes. */
export type Child = { pid: number; purpose: string; startedAt: number };

export type FfmpegInput = { source: string | Readable; options?: string[] };
/** A stream as target must be made with `autoDestroy: false, emitClose: false`: fluent-ffmpeg kills ffmpeg 20 ms after a close. */
export type FfmpegOutput = { target: string | Writable; options: string[] };

export type FfmpegRun = {
  /** Said in errors and in the list of children, e.g. `encoding segment 3`. */
  purpose: string;
  inputs: FfmpegInput[];
  /** `-filter_complex`, if any. Never contains text or names that people wrote. */
  filter?: string;
  outputs: FfmpegOutput[];
  signal?: AbortSignal | undefined;
  /** Wall time allowed, ms. */
  timeoutMs?: number;
  /** Whether damaged input ends the run (default), or is passed over as a player would. */
  strict?: boolean;
  /** Largest file the child may write, bytes. */
  maxFileBytes?: number;
  /** Called with the media time written so far, seconds. */
  onTime?: (seconds: number) => void;
};

export type ProbeStream = Record<string, unknown> & {
  codec_type?: string;
  codec_name?: string;
  index: number;
};
export type Probe = { streams: ProbeStream[]; format: Record<string, unknown> };

/** What this ffmpeg was built with, as `genscene doctor` compares it with what we need. */
export type Capabilities = {
  /** As it calls itself, e.g. `5.1.9-0+deb12u1`; builds from git begin with `N-` or a date. */
  version: string;
  encoders: ReadonlySet<string>;
  decoders: ReadonlySet<string>;
  demuxers: ReadonlySet<string>;
  filters: ReadonlySet<string>;
};

const children = new Map<number, Child>();

const DEFAULT_TIMEOUT_MS = 15 * 60_000;
const DEFAULT_FILE_LIMIT = 16 * 1024 ** 3;

/** ffmpeg and ffprobe children of this thread that run right now. */
export function runningChildren(): Child[] {
  return [...children.values()];
}

/**
 * Finds ffmpeg: the configured path, else ffmpeg-static's binary, else the PATH.
 * ffprobe is looked for beside the chosen ffmpeg first, since ffmpeg-static brings none.
 * @throws {StudioError} missing_tool
 */
export function findFfmpeg(configured: {
  ffmpegPath?: string;
  ffprobePath?: string;
  searchPath: string;
}): FfmpegPaths {
  const onPath = (name: string): string | null => findProgram(name, configured.searchPath);
  const ffmpeg = configured.ffmpegPath ?? staticFfmpeg() ?? onPath('ffmpeg');
  if (!ffmpeg || !isExecutable(ffmpeg)) throw missing('ffmpeg', configured.ffmpegPath);
  const beside = path.join(path.dirname(ffmpeg), 'ffprobe');
  const ffprobe = configured.ffprobePath ?? (isExecutable(beside) ? beside : onPath('ffprobe'));
  if (!ffprobe || !isExecutable(ffprobe)) throw missing('ffprobe', configured.ffprobePath);
  return { ffmpeg, ffprobe };
}

/** ffmpeg-static exports the path of its binary, which is absent when its download failed. */
function staticFfmpeg(): string | null {
  try {
    const binary = createRequire(import.meta.url)('ffmpeg-static') as string | null;
    return binary && isExecutable(binary) ? binary : null;
  } catch {
    return null;
  }
}

function missing(tool: string, configured: string | undefined): StudioError {
  const where = configured ? `${configured} is not a program that can be run` : `${tool} was not found`;
  const setting = tool === 'ffmpeg' ? 'FFMPEG_PATH' : 'FFPROBE_PATH';
  return new StudioError('missing_tool', `${where}.`, {
    hint: `Run scripts/setup, or set ${setting} to a working ${tool}.`,
  });
}

export class Ffmpeg {
  readonly paths: FfmpegPaths;

  constructor(paths: FfmpegPaths) {
    this.paths = paths;
  }

  /**
   * Runs one ffmpeg to its end. On cancel, timeout or error the child is killed at once (SIGKILL:
   * SIGTERM would make it write a playable, cut-short file). What it wrote is the caller's to remove;
   * a file that is there already is replaced.
   * @throws {StudioError} cancelled, timeout, no_space, render_failed with ffmpeg's last words
   */
  async run(task: FfmpegRun): Promise<void> {
    task.signal?.throwIfAborted();
    const command = createCommand({ stdoutLines: 50 });
    command.setFfmpegPath(
      guardScript(this.paths.ffmpeg, {
        purpose: task.purpose,
        maxFileBytes: task.maxFileBytes ?? DEFAULT_FILE_LIMIT,
      }),
    );
    skipCapabilityChecks(command);
    for (const input of task.inputs)
      command.input(input.source as string).inputOptions(...whole(input.options ?? []));
    if (task.filter) command.complexFilter(task.filter);
    for (const output of task.outputs)
      command.output(output.target as string).outputOptions(...whole(output.options));
    // Without the first two it asks, and waits for ever, whether a file that is there may be replaced.
    const global = ['-y', '-nostdin', '-hide_banner', '-nostats', '-loglevel', 'error'];
    if (task.strict ?? true) global.push('-xerror');
    if (task.onTime) global.push('-progress', 'pipe:2');
    (command as unknown as { _global: (...options: string[]) => void })._global(...global);
    const startedAt = performance.now();
    const step = (): object => ({ step: task.purpose, ms: Math.round(performance.now() - startedAt) });
    try {
      await finish(command, task);
      traceStep('debug', step(), 'ffmpeg ended');
    } catch (error) {
      const { code, message } = asStudioError(error, 'render_failed');
      if (code !== 'cancelled') traceStep('warn', { ...step(), code, error: message }, 'ffmpeg failed');
      throw error;
    }
  }

  /**
   * Version as the program says it, e.g. `5.1.9-0+deb12u1`: part of the content keys.
   * @throws {StudioError} missing_tool when it does not even start
   */
  async version(): Promise<string> {
    return versionOf(await this.ask('-version'));
  }

  /**
   * Reads a file's streams and format. Only plain files: the protocol is pinned and, with `format`,
   * so is the demuxer, since a playlist in disguise would otherwise open other files.
   * @throws {StudioError} media_unusable, timeout, cancelled
   */
  probe(
    file: string,
    options: { format?: string; signal?: AbortSignal | undefined; timeoutMs?: number; extra?: string[] } = {},
  ): Promise<Probe> {
    options.signal?.throwIfAborted();
    const args = [
      '-protocol_whitelist',
      'file',
      ...(options.format ? ['-f', options.format] : []),
      ...(options.extra ?? []),
    ];
    const command = createCommand();
    command.setFfprobePath(
      guardScript(this.paths.ffprobe, {
        purpose: 'reading headers',
        maxFileBytes: 0,
        timeoutS: Math.ceil((options.timeoutMs ?? 20_000) / 1000),
      }),
    );
    command.input(`file:${path.resolve(file)}`);
    return new Promise((resolve, reject) => {
      command.ffprobe(args, (error: Error | null, data: unknown) => {
        if (options.signal?.aborted) return reject(asStudioError(options.signal.reason, 'cancelled'));
        if (error) return reject(probeError(error));
        resolve(data as Probe);
      });
    });
  }

  /**
   * Asks the binary what it can do.
   * @throws {StudioError} missing_tool when it does not even start
   */
  async capabilities(signal?: AbortSignal): Promise<Capabilities> {
    const options = ['-version', '-encoders', '-decoders', '-demuxers', '-filters'];
    const [version, encoders, decoders, demuxers, filters] = await Promise.all(
      options.map((option) => this.ask(option, signal)),
    );
    return {
      version: versionOf(version!),
      encoders: listedNames(encoders!),
      decoders: listedNames(decoders!),
      demuxers: listedNames(demuxers!),
      filters: listedNames(filters!),
    };
  }

  /** What ffmpeg prints when asked about itself. */
  private async ask(option: string, signal?: AbortSignal): Promise<string> {
    const script = guardScript(this.paths.ffmpeg, {
      purpose: 'telling what it can do',
      maxFileBytes: 0,
      timeoutS: 20,
    });
    const maxBuffer = 4 * 1024 ** 2;
    try {
      return (await promisify(execFile)(script, ['-hide_banner', option], { signal, maxBuffer })).stdout;
    } catch (error) {
      if (signal?.aborted) throw asStudioError(signal.reason, 'cancelled');
      throw new StudioError('missing_tool', `${this.paths.ffmpeg} does not run.`, {
        hint: 'Run scripts/setup, or set FFMPEG_PATH to a working ffmpeg.',
        cause: error,
      });
    }
  }
}

function versionOf(banner: string): string {
  return /version (\S+)/.exec(banner)?.[1] ?? 'unknown';
}

/** Rows such as ` V....D libx264   H.264 …` or ` D  mov,mp4,m4a  QuickTime`: flags, then names. */
function listedNames(listing: string): Set<string> {
  const rows = listing.split('\n').map((line) => /^ [A-Zd.| ]{1,6} +([\w,-]+) /.exec(line)?.[1]);
  return new Set(rows.flatMap((names) => names?.split(',') ?? []));
}

/**
 * Options as they are. fluent-ffmpeg splits a lone argument at its space ("-t 5" → "-t", "5"), which would
 * let a title with a space become two arguments; several arguments it leaves alone.
 */
function whole(options: string[]): string[] {
  return options.length < 2 ? [...options, '-hide_banner', '-nostats'] : options;
}

function probeError(error: Error): StudioError {
  const words =
    error.message
      .split('\n')
      .filter((line) => line.trim() !== '')
      .at(-1) ?? error.message;
  return new StudioError(
    'media_unusable',
    `The file could not be read: ${words.replaceAll(/file:\S*?:? /g, '').slice(0, 200)}`,
    { cause: error },
  );
}

/** Starts the command and settles when the child has really gone. */
function finish(command: createCommand.FfmpegCommand, task: FfmpegRun): Promise<void> {
  return new Promise((resolve, reject) => {
    const purpose = task.purpose;
    let stopReason: StudioError | null = null;
    let pid = 0;
    const stop = (reason: StudioError): void => {
      stopReason ??= reason;
      kill(pid);
    };
    const timeoutMs = task.timeoutMs ?? DEFAULT_TIMEOUT_MS;
    const timer = setTimeout(
      () =>
        stop(
          new StudioError(
            'timeout',
            `ffmpeg took longer than ${Math.round(timeoutMs / 1000)} s (${purpose}).`,
            { retryable: true },
          ),
        ),
      timeoutMs,
    );
    const onAbort = (): void => stop(asStudioError(task.signal?.reason, 'cancelled'));
    task.signal?.addEventListener('abort', onAbort, { once: true });

    const settle = (error?: Error, stderr?: string | null): void => {
      clearTimeout(timer);
      task.signal?.removeEventListener('abort', onAbort);
      // An output stream that closed early settles before the child does: never leave it behind.
      if (error) kill(pid);
      children.delete(pid);
      if (stopReason) reject(stopReason);
      else if (error) reject(runError(error, stderr ?? '', purpose));
      else resolve();
    };
    command.on('start', () => {
      pid = (command as unknown as { ffmpegProc?: { pid?: number } }).ffmpegProc?.pid ?? 0;
      if (pid) children.set(pid, { pid, purpose, startedAt: Date.now() });
      if (stopReason || task.signal?.aborted) stop(asStudioError(task.signal?.reason, 'cancelled'));
    });
    if (task.onTime) command.on('stderr', (line: string) => reportTime(line, task.onTime!));
    command.on('error', (error: Error, _stdout: string | null, stderr: string | null) =>
      settle(error, stderr),
    );
    command.on('end', () => settle());
    command.run();
  });
}

/** `-progress` writes key=value lines; out_time_us is in µs despite out_time_ms's name. */
function reportTime(line: string, onTime: (seconds: number) => void): void {
  const microseconds = /^out_time_us=(\d+)/.exec(line)?.[1];
  if (microseconds) onTime(Number(microseconds) / 1e6);
}

function runError(error: Error, stderr: string, purpose: string): StudioError {
  const text = `${error.message}\n${stderr}`;
  if (/No space left on device|Disk quota exceeded/i.test(text))
    return asStudioError(Object.assign(error, { code: 'ENOSPC' }), 'no_space');
  const lines = stderr.split('\n').filter((line) => line.trim() !== '' && !/^[a-z_0-9]+=/.test(line));
  const words = (lines.slice(-3).join(' ') || error.message).slice(0, 400);
  return new StudioError('render_failed', `ffmpeg failed (${purpose}): ${words}`, { cause: error });
}

function kill(pid: number): void {
  if (!pid) return;
  for (const target of [-pid, pid]) {
    try {
      process.kill(target, 'SIGKILL');
    } catch {
      // Already gone, or (without setsid) no group of its own.
    }
  }
}

/**
 * fluent-ffmpeg asks `ffmpeg -formats` and `-encoders` before each first command of a thread;
 * doctor has checked the binary once, so the 100 ms are saved.
 */
function skipCapabilityChecks(command: createCommand.FfmpegCommand): void {
  const inner = command as unknown as Record<string, unknown>;
  inner['_checkCapabilities'] = (done: (error: null) => void) => done(null);
  inner['availableEncoders'] = (done: (error: null, encoders: object) => void) => done(null, {});
}
