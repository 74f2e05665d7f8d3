/** Runs the command line as a user does: as a process of its own, in a folder of its own. */
import { spawn, type ChildProcess } from 'node:child_process';
import path from 'node:path';
import { programFile } from '../helpers/program.ts';

export const root = path.resolve(import.meta.dirname, '../..');

export type Outcome = { code: number | null; stdout: string; stderr: string };
export type Settings = {
  cwd: string;
  /** Added to a bare environment: PATH, HOME and a data folder inside `cwd`. */
  env?: Record<string, string>;
  stdin?: string;
  /** Called once the process runs, e.g. to send it a signal. */
  onStart?: (child: ChildProcess) => void;
};

/** The words before our own arguments that start the program. */
export const command: [string, ...string[]] = [process.execPath, programFile('cli.ts')];

export function runCli(args: string[], settings: Settings): Promise<Outcome> {
  return runProgram([...command, ...args], settings);
}

export function runProgram(
  [program, ...args]: string[],
  { cwd, env, stdin, onStart }: Settings,
): Promise<Outcome> {
  const child = spawn(program!, args, {
    cwd,
    env: { PATH: process.env['PATH'], HOME: cwd, DATA_DIR: path.join(cwd, 'data'), ...env },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  const outcome = { code: null as number | null, stdout: '', stderr: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => (outcome.stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (outcome.stderr += text));
  child.stdin.on('error', () => undefined).end(stdin ?? '');
  onStart?.(child);
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolve({ ...outcome, code }));
  });
}
