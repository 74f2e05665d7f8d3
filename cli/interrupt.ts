/** Ctrl-C: the first asks to stop and clean up, the second ends the program at once. */
import { StudioError } from '../core/errors.ts';
import type { Terminal } from './terminal.ts';

type Signals = Pick<NodeJS.Process, 'on' | 'exit'>;

/** What shells expect of a program ended by a signal: 128 + its number. */
const exitCodes = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 } as const;

/** How long cleaning up may take after the first signal. */
const PATIENCE_MS = 10_000;

export type Interrupts = {
  signal: AbortSignal;
  /** The exit code once a signal has come, else null. */
  readonly exitCode: number | null;
};

/** Listens for the signals that ask a program to end. */
export function catchInterrupts(process: Signals, terminal: Terminal): Interrupts {
  const controller = new AbortController();
  let exitCode: number | null = null;
  for (const [name, code] of Object.entries(exitCodes)) {
    process.on(name, () => {
      if (exitCode !== null) process.exit(code);
      exitCode = code;
      terminal.note(name === 'SIGINT' ? 'Stopping … (Ctrl-C again to leave at once)' : 'Stopping …');
      controller.abort(new StudioError('cancelled', 'Cancelled.'));
      // Whatever does not listen to the signal shall not keep anyone waiting.
      setTimeout(() => process.exit(code), PATIENCE_MS).unref();
    });
  }
  return {
    signal: controller.signal,
    get exitCode() {
      return exitCode;
    },
  };
}
