/** Lets at most so many pieces of work run at once; the others wait in line. */
import { asStudioError } from './errors.ts';

export type Turns = {
  /** Runs `work` when it is its turn. Who aborts while waiting leaves the line. @throws what `work` throws; cancelled */
  take<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T>;
};

export function createTurns(most: number): Turns {
  let busy = 0;
  const line: (() => void)[] = [];

  function wait(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const go = (): void => {
        signal.removeEventListener('abort', leave);
        resolve();
      };
      const leave = (): void => {
        line.splice(line.indexOf(go), 1);
        reject(asStudioError(signal.reason, 'cancelled'));
      };
      line.push(go);
      signal.addEventListener('abort', leave, { once: true });
    });
  }

  return {
    async take(signal, work) {
      if (signal.aborted) throw asStudioError(signal.reason, 'cancelled');
      if (busy < most) busy += 1;
      else await wait(signal); // whoever ends hands the place on
      try {
        return await work();
      } finally {
        const next = line.shift();
        if (next) next();
        else busy -= 1;
      }
    },
  };
}
