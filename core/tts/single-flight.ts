/** Work wanted by several at once is done once, and stops only when nobody wants it any more. */
import { asStudioError } from '../errors.ts';

type Flight<T> = { promise: Promise<T>; wanted: number; controller: AbortController };

export class SingleFlight<T> {
  private readonly flights = new Map<string, Flight<T>>();

  /**
   * Joins the work under `key`, or starts it. Whoever aborts leaves at once with `cancelled`; the
   * work's own signal aborts when all have left.
   */
  do(key: string, work: (signal: AbortSignal) => Promise<T>, signal: AbortSignal): Promise<T> {
    if (signal.aborted) return Promise.reject(asStudioError(signal.reason, 'cancelled'));
    const flight = this.flights.get(key) ?? this.start(key, work);
    flight.wanted++;
    return new Promise((resolve, reject) => {
      const leave = (): void => {
        if (--flight.wanted === 0) {
          // Whoever comes now starts anew instead of joining what is being stopped.
          if (this.flights.get(key) === flight) this.flights.delete(key);
          flight.controller.abort(signal.reason);
        }
        reject(asStudioError(signal.reason, 'cancelled'));
      };
      signal.addEventListener('abort', leave, { once: true });
      flight.promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', leave));
    });
  }

  private start(key: string, work: (signal: AbortSignal) => Promise<T>): Flight<T> {
    const controller = new AbortController();
    const promise = work(controller.signal);
    const flight: Flight<T> = { promise, wanted: 0, controller };
    this.flights.set(key, flight);
    const land = (): void => {
      if (this.flights.get(key) === flight) this.flights.delete(key);
    };
    promise.then(land, land);
    return flight;
  }
}
