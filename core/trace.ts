/**
 * Which job the present work is for, kept along its calls by the runtime: what ffmpeg and the rendering
 * threads do is found in the log by the id of the request that asked for it, from the edge on.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import type { Logger } from './log.ts';

export type Trace = { log: Logger; facts: { job: string; attempt: number; request?: string } };

const present = new AsyncLocalStorage<Trace>();

/** Pieces of work that are under way. */
let running = 0;

/**
 * Does the work so that all it starts belongs to this job. When none is done any more the runtime is
 * told to keep nothing: once switched on, it looks after every promise of the process, those of
 * requests too.
 */
export async function traced<T>(trace: Trace, work: () => Promise<T>): Promise<T> {
  running += 1;
  try {
    return await present.run(trace, work);
  } finally {
    running -= 1;
    if (running === 0) present.disable();
  }
}

/** A line about one step of the present job; none where nothing is traced, as on the command line. */
export function traceStep(level: 'debug' | 'warn', facts: object, message: string): void {
  const trace = present.getStore();
  trace?.log[level]({ ...trace.facts, ...facts }, message);
}
