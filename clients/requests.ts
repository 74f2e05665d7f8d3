/** One request at a time: headers, time limits, errors, and another try where that can do no harm. */
import { errorOfAnswer, GenSceneError, networkError } from './error.ts';

export type Fetch = (url: string, init: RequestInit) => Promise<Response>;
type Query = Record<string, string | number | readonly string[] | undefined>;

export type RequestOptions = {
  query?: Query;
  /** Sent as JSON by POST; without it the request is a GET. */
  post?: unknown;
  /** Whether a POST may be sent again; a GET always may. */
  repeatable?: boolean;
  idempotencyKey?: string;
  signal?: AbortSignal | undefined;
  /** Instead of the client's own number. */
  tries?: number;
};

/** Between tries, ms: doubled each time, and longer if the service says so. */
const FIRST_PAUSE_MS = 400;
/** Longest that a Retry-After is waited for, ms; beyond it, the error goes to the caller. */
const LONGEST_PAUSE_MS = 30_000;

export class Requests {
  readonly baseUrl: string;
  readonly #apiKey: string;
  readonly #fetch: Fetch;
  readonly #timeoutMs: number;
  readonly #tries: number;

  constructor(options: {
    baseUrl: string;
    apiKey: string;
    fetch?: Fetch;
    timeoutMs?: number;
    tries?: number;
  }) {
    this.baseUrl = options.baseUrl.trim().replace(/\/+$/, '');
    this.#apiKey = options.apiKey.trim();
    // Unbound, the browser's own refuses to be called.
    this.#fetch = options.fetch ?? ((url, init) => fetch(url, init));
    this.#timeoutMs = options.timeoutMs ?? 30_000;
    this.#tries = options.tries ?? 4;
  }

  /** @throws {GenSceneError}, or the signal's reason */
  async json<T>(path: string, options: RequestOptions = {}): Promise<T> {
    const mayRepeat = options.post === undefined || options.repeatable === true;
    for (let tryNumber = 1; ; tryNumber++) {
      try {
        return await this.#once<T>(path, options);
      } catch (error) {
        options.signal?.throwIfAborted();
        const isLast = !mayRepeat || tryNumber >= (options.tries ?? this.#tries);
        if (isLast || !(error instanceof GenSceneError) || !error.isPassing) throw error;
        const pauseMs = Math.max(
          error.retryAfterMs ?? 0,
          FIRST_PAUSE_MS * 2 ** (tryNumber - 1) * (0.5 + Math.random()),
        );
        if (pauseMs > LONGEST_PAUSE_MS) throw error;
        await pause(pauseMs, options.signal);
      }
    }
  }

  async #once<T>(path: string, options: RequestOptions): Promise<T> {
    const late = AbortSignal.timeout(this.#timeoutMs);
    const { signal, stop } = anyOf(late, options.signal);
    try {
      const answer = await this.send(path, { ...options, signal });
      const text = await answer.text();
      if (!answer.ok) throw errorOfAnswer(answer.status, text, answer.headers.get('retry-after'));
      return parse<T>(text, answer.status);
    } catch (error) {
      if (error instanceof GenSceneError) throw error;
      options.signal?.throwIfAborted();
      if (late.aborted)
        throw new GenSceneError('timeout', `The service did not answer within ${this.#timeoutMs / 1000} s.`, {
          hint: 'Try again; if this goes on, look at /health of the service.',
          cause: error,
        });
      throw networkError(error);
    } finally {
      stop();
    }
  }

  /** Sends one request without any further ado. */
  send(
    path: string,
    { query, post, idempotencyKey, signal }: RequestOptions,
    more: Record<string, string> = {},
  ): Promise<Response> {
    const isForm = typeof FormData !== 'undefined' && post instanceof FormData;
    return this.#fetch(this.urlOf(path, query), {
      method: post === undefined ? 'GET' : 'POST',
      headers: {
        ...this.keyHeader,
        ...(post === undefined || isForm ? {} : { 'content-type': 'application/json' }),
        ...(idempotencyKey === undefined ? {} : { 'idempotency-key': idempotencyKey }),
        ...more,
      },
      ...(post === undefined ? {} : { body: isForm ? (post as FormData) : JSON.stringify(post) }),
      ...(signal ? { signal } : {}),
      // The key is in a header: no cookie has any business here.
      credentials: 'omit',
      cache: 'no-store',
    });
  }

  urlOf(path: string, query: Query = {}): string {
    const given = Object.entries(query).filter(([, value]) => value !== undefined);
    const search = new URLSearchParams(given.map(([name, value]) => [name, String(value)])).toString();
    return `${this.baseUrl}${path}${search && `?${search}`}`;
  }

  get keyHeader(): Record<string, string> {
    return { 'x-api-key': this.#apiKey };
  }
}

/** @throws {GenSceneError} bad_answer */
export function parse<T>(text: string, status: number): T {
  try {
    return JSON.parse(text) as T;
  } catch {
    throw errorOfAnswer(status, '', null);
  }
}

/** Resolves after `ms`. @throws the signal's reason */
export function pause(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason as Error);
    const stop = (): void => {
      clearTimeout(timer);
      reject(signal!.reason as Error);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', stop);
      resolve();
    }, ms);
    signal?.addEventListener('abort', stop, { once: true });
  });
}

/** Aborts with the first of two; AbortSignal.any() is not in every browser that is in use. */
export function anyOf(
  first: AbortSignal,
  second: AbortSignal | undefined,
): { signal: AbortSignal; stop(): void } {
  const both = new AbortController();
  const signals = [first, ...(second ? [second] : [])];
  const listeners = signals.map((signal) => () => both.abort(signal.reason));
  signals.forEach((signal, index) => {
    if (signal.aborted) both.abort(signal.reason);
    signal.addEventListener('abort', listeners[index]!, { once: true });
  });
  return {
    signal: both.signal,
    stop: () => signals.forEach((signal, index) => signal.removeEventListener('abort', listeners[index]!)),
  };
}
