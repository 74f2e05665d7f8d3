/** What every command gets: where to write, when to stop, and the studio, opened when first needed. */
import type { Config } from '../core/config.ts';
import type { Studio } from '../core/studio.ts';
import type { Terminal } from './terminal.ts';

export type Context = {
  terminal: Terminal;
  /** Aborted by Ctrl-C. */
  signal: AbortSignal;
  /** Folder that paths on the command line start from. */
  cwd: string;
  /** All of standard input, for the file name `-`. */
  readStdin: () => Promise<Uint8Array>;
  /** Of this program. */
  version: string;
  /**
   * The settings of the environment and of .env.
   * @throws {StudioError} invalid_request listing every wrong one
   */
  config: () => Config;
  /**
   * The studio, with the settings of the environment; whoever made the context closes it.
   * @param wishes of the command line, above the environment's
   * @throws {StudioError} invalid_request listing every wrong setting
   */
  studio: (wishes?: { renderThreads?: number }) => Promise<Studio>;
};
