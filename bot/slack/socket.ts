/**
 * Keeps a Socket Mode connection for as long as the bot runs. The library's own reconnecting is off: it
 * waits a whole ping timeout before it begins, and after one refused token it ends in an unhandled
 * rejection and never comes back.
 */
import type { SocketModeReceiver } from '@slack/bolt';
import { setTimeout as sleep } from 'node:timers/promises';
import type { SlackLog } from './log.ts';

/** From one failed try to the next, ms: doubled each time up to the most. */
const LEAST_WAIT_MS = 500;
const MOST_WAIT_MS = 60_000;
/** A connection that says no hello within this is given up, ms. */
const HELLO_MS = 15_000;
/** A connection that ends sooner counts as a failure, so that flapping backs off too, ms. */
const STABLE_MS = 5000;
/** How long a farewell may take, ms. */
const FAREWELL_MS = 500;

export type SocketKeeper = {
  state(): { connected: boolean; detail: string };
  stop(): Promise<void>;
};

export type SocketOptions = {
  client: SocketModeReceiver['client'];
  log: SlackLog;
  /** Asked before each connection; rejects while the bot's own token is not accepted. */
  ready: () => Promise<void>;
  /** For tests. */
  leastWaitMs?: number;
};

export function keepSocket({ client, log, ready, leastWaitMs = LEAST_WAIT_MS }: SocketOptions): SocketKeeper {
  const stopping = new AbortController();
  let connected = false;
  let detail = 'connecting';
  let ended: () => void = () => undefined;
  client.on('disconnected', () => {
    connected = false;
    ended();
  });

  const running = keep();

  async function keep(): Promise<void> {
    let failures = 0;
    while (!stopping.signal.aborted) {
      try {
        const since = await connect();
        await lifetime();
        if (stopping.signal.aborted) return;
        detail = 'connection lost, connecting again';
        failures = Date.now() - since < STABLE_MS ? failures + 1 : 0;
        log.info('the connection to Slack ended; connecting again');
        if (failures > 1) await wait(waitMs(failures));
      } catch (error) {
        if (stopping.signal.aborted) return;
        failures += 1;
        detail = reason(error);
        log.warn(`no connection to Slack: ${detail}; next try in ${waitMs(failures)} ms`);
        await wait(waitMs(failures));
      }
    }
  }

  /** Resolves with the time of the hello. */
  async function connect(): Promise<number> {
    await ready();
    stopping.signal.throwIfAborted();
    const over = new AbortController();
    const signal = AbortSignal.any([over.signal, stopping.signal]);
    const started = client.start();
    const late = sleep(HELLO_MS, null, { signal }).then(() => {
      throw new Error('Slack said no hello');
    });
    late.catch(() => undefined);
    // A hello that comes after we gave up must not leave a connection behind.
    started.then(
      () => void (over.signal.aborted && !connected && farewell()),
      () => undefined,
    );
    try {
      await Promise.race([started, late]);
      connected = true;
    } catch (error) {
      farewell();
      throw error;
    } finally {
      over.abort();
    }
    detail = 'connected';
    log.info('connected to Slack');
    return Date.now();
  }

  /** Resolves when the connection is over. */
  function lifetime(): Promise<void> {
    return new Promise((resolve) => {
      ended = resolve;
      if (!connected || stopping.signal.aborted) resolve();
    });
  }

  /** Twice: the second time the library no longer waits for the other side's farewell. */
  function farewell(): void {
    for (let round = 0; round < 2; round += 1) void client.disconnect().catch(() => undefined);
  }

  /** Ends early and quietly when we stop. */
  async function wait(ms: number): Promise<void> {
    await sleep(ms, null, { signal: stopping.signal }).catch(() => undefined);
  }

  function waitMs(failures: number): number {
    return Math.min(MOST_WAIT_MS, leastWaitMs * 2 ** Math.min(failures - 1, 20));
  }

  return {
    state: () => ({ connected, detail }),
    async stop() {
      stopping.abort();
      const over = new Promise<void>((resolve) => {
        if (!connected) resolve();
        else client.once('disconnected', () => resolve());
      });
      void client.disconnect().catch(() => undefined);
      await Promise.race([over, sleep(FAREWELL_MS)]);
      if (connected) farewell();
      connected = false;
      ended();
      await running;
    },
  };
}

function reason(error: unknown): string {
  const slackError = (error as { data?: { error?: string } } | undefined)?.data?.error;
  if (slackError) return `Slack answered ${slackError}`;
  return error instanceof Error ? error.message : 'the connection was refused or cut';
}
