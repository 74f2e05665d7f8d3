/**
 * Which job the present work is for, kept along its calls by the runtime: what ffmpeg and the rendering
 * threads do is found in the log by the id of the request that asked for it, from the edge on.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import type { Logger } from './log.ts';

export type Trace = { log: Logger; facts: { job: string; attempt: number; request?: string } };

const present = new AsyncLocalStorage<Trace>();

/** Does the work so that all it starts belongs to this job. */
export function traced<T>(trace: Trace, work: () => T): T {
  return present.run(trace, work);
}

/** A line about one step of the present job; none where nothing is traced, as on the command line. */
export function traceStep(level: 'debug' | 'warn', facts: object, message: string): void {
  const trace = present.getStore();
  trace?.log[level]({ ...trace.facts, ...facts }, message);
}
