/**
 * One connection to Redis that is always being kept: made anew whenever it ends, hangs or answers as
 * a replica does, at most a second apart. Every call has a limit of its own, for a frozen Redis or a
 * network that swallows packets gives no error at all.
 */
import { createClient } from 'redis';
import { StudioError } from '../../errors.ts';
import type { Logger } from '../../log.ts';
import { pause } from '../../pause.ts';
import { storeFault } from './faults.ts';

export type RedisClient = ReturnType<typeof createClient>;

export type ConnectionOptions = {
  url: string;
  /** Shown by CLIENT LIST. */
  name: string;
  log: Logger;
  /** Called with each new connection before anyone may use it. */
  prepare?: (client: RedisClient) => Promise<void>;
  /** Longest that a call may take, waiting for a connection included, ms. */
  patienceMs?: number;
};

export const PATIENCE_MS = 3000;
/** How often a connection is tried, ms. */
const PULSE_MS = 5000;
const FIRST_PAUSE_MS = 50;
const LONGEST_PAUSE_MS = 1000;

export class Connection {
  readonly #options: ConnectionOptions;
  readonly #patienceMs: number;
  readonly #closing = new AbortController();
  readonly #keeping: Promise<void>;
  readonly #readyWaiters = new Set<() => void>();
  readonly #pulse: NodeJS.Timeout;
  #client: RedisClient | null = null;
  #giveUp: ((reason: unknown) => void) | null = null;
  #fault: unknown = null;

  constructor(options: ConnectionOptions) {
    this.#options = options;
    this.#patienceMs = options.patienceMs ?? PATIENCE_MS;
    this.#keeping = this.#keep();
    // One that only listens would never notice that nothing can arrive any more.
    this.#pulse = setInterval(() => {
      if (this.#client) void this.call((client) => client.ping()).catch(() => {});
    }, PULSE_MS).unref();
  }

  /** Why there is no connection now, as far as is known. */
  get fault(): unknown {
    return this.#fault;
  }

  /** Resolves when it is there, and prepared. @throws {StudioError} not_ready if that takes too long */
  async ready(): Promise<RedisClient> {
    if (!this.#client) await this.#untilReady(this.#patienceMs);
    if (this.#closing.signal.aborted) throw closed();
    if (!this.#client) throw storeFault(this.#fault);
    return this.#client;
  }

  /** @throws {StudioError} not_ready or no_space, see faults.ts */
  async call<T>(ask: (client: RedisClient) => Promise<T>): Promise<T> {
    const end = performance.now() + this.#patienceMs;
    const client = await this.ready();
    try {
      return await within(Math.max(1, end - performance.now()), ask(client));
    } catch (error) {
      const told = error instanceof Error ? error.message : String(error);
      if (error instanceof NoAnswer || told.startsWith('READONLY')) this.#leave(client, error);
      throw this.#closing.signal.aborted ? closed() : storeFault(error);
    }
  }

  /** Idempotent. */
  async close(): Promise<void> {
    this.#closing.abort();
    clearInterval(this.#pulse);
    this.#giveUp?.(closed());
    await this.#keeping;
  }

  async #keep(): Promise<void> {
    let failures = 0;
    while (!this.#closing.signal.aborted) {
      const client = createClient({
        url: this.#options.url,
        name: this.#options.name,
        disableOfflineQueue: true,
        // Its own limit makes an AbortSignal for each command, a third of what a command costs.
        commandOptions: { timeout: 0 },
        maintNotifications: 'disabled',
        socket: { reconnectStrategy: false, connectTimeout: this.#patienceMs },
      }) as unknown as RedisClient;
      const ended = new Promise<unknown>((resolve) => {
        this.#giveUp = resolve;
        client.on('error', resolve);
        client.on('end', () => resolve(new Error('Connection ended')));
      });
      try {
        const prepared = client.connect().then(() => this.#options.prepare?.(client));
        prepared.catch(() => {});
        await within(
          this.#patienceMs,
          Promise.race([prepared, ended.then((why) => Promise.reject(asError(why)))]),
        );
        this.#client = client;
        this.#fault = null;
        failures = 0;
        this.#wakeAll();
        this.#fault = await ended;
      } catch (error) {
        this.#fault = error;
      }
      if (failures === 0 && !this.#closing.signal.aborted) this.#tell(storeFault(this.#fault));
      this.#client = null;
      if (client.isOpen) client.destroy();
      failures += 1;
      await pause(Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** failures), this.#closing.signal);
    }
    this.#wakeAll();
  }

  #tell({ message, hint }: StudioError): void {
    this.#options.log.warn({ reason: message, hint }, 'no connection to Redis; trying again');
  }

  #leave(client: RedisClient, reason: unknown): void {
    if (this.#client === client) this.#giveUp?.(reason);
  }

  #untilReady(ms: number): Promise<void> {
    if (this.#client || this.#closing.signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const go = (): void => {
        clearTimeout(timer);
        this.#readyWaiters.delete(go);
        resolve();
      };
      const timer = setTimeout(go, ms);
      this.#readyWaiters.add(go);
    });
  }

  #wakeAll(): void {
    for (const wake of this.#readyWaiters) wake();
  }
}

class NoAnswer extends Error {
  constructor() {
    super('Redis does not answer');
  }
}

function within<T>(ms: number, work: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new NoAnswer()), ms);
    work.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}

function asError(reason: unknown): Error {
  return reason instanceof Error ? reason : new Error(String(reason));
}

function closed(): StudioError {
  return new StudioError('not_ready', 'The job store is closed.', { retryable: true });
}
