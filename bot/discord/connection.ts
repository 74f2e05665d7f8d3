/**
 * The connection to Discord, kept for as long as the bot runs: login is tried again with a growing
 * back-off, a client that lost its way is replaced, a revoked token is asked about now and then.
 * Nothing that happens to it ends the process.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { Client, DiscordAPIError, Events, Options, Status, type Interaction } from 'discord.js';
import type { Config } from '../../core/config.ts';
import type { Logger } from '../../core/log.ts';
import { containGateway, type Containment } from './contained-gateway.ts';
import type { Transport } from './transport.ts';
import { reasonOf } from './faults.ts';

export type ConnectionTuning = {
  /** First and longest wait between logins, ms. */
  backoffMs: { first: number; longest: number };
  /** Wait after the token was refused, ms: each try counts against the bot. */
  refusedMs: number;
  /** A client that is not ready for so long is replaced, ms. */
  lostMs: number;
};
export const defaultTuning: ConnectionTuning = {
  backoffMs: { first: 2000, longest: 120_000 },
  refusedMs: 300_000,
  lostMs: 45_000,
};

export type ConnectionOptions = {
  settings: Pick<Config['discord'], 'apiBaseUrl' | 'gatewayUrl'> & { token: string };
  transport: Transport;
  log: Logger;
  tuning: ConnectionTuning;
  /** `parent` is the channel a thread belongs to. */
  onInteraction(interaction: Interaction, parent: string | null): void;
  /** Connected, again or for the first time. */
  onReady(applicationId: string, userId: string): void;
};
export type Connection = {
  health(): { connected: boolean; detail: string };
  /** Ends it; within two seconds. Idempotent. */
  stop(): Promise<void>;
};

type Ending = 'refused' | 'lost' | 'stopped';
const CHECK_MS = 1000;
const CLOSE_MS = 2000;

/** Begins to connect; returns at once. */
export function keepConnection(options: ConnectionOptions): Connection {
  const { log, tuning } = options;
  const stopping = new AbortController();
  let client: Client | null = null;
  let detail = 'connecting';
  const isConnected = (): boolean => client?.ws.status === Status.Ready;

  async function run(): Promise<void> {
    let failures = 0;
    while (!stopping.signal.aborted) {
      const life = openClient(options, (reason) => (detail = reason));
      client = life.client;
      const { ending, wasReady } = await live(life, options, stopping.signal, () => (detail = 'connected'));
      await closeClient(life);
      client = null;
      if (ending === 'stopped') return;
      failures = wasReady ? 1 : failures + 1;
      const waitMs = ending === 'refused' ? tuning.refusedMs : backoff(failures, tuning.backoffMs);
      const facts = { reason: detail, waitMs };
      if (ending === 'refused')
        log.error(
          facts,
          'Discord refuses the token: make a new one in the developer portal and set DISCORD_TOKEN',
        );
      else log.warn(facts, 'the connection to Discord is lost; connecting again');
      await sleep(waitMs, undefined, { signal: stopping.signal, ref: false }).catch(() => undefined);
    }
  }

  const running = run().catch((error: unknown) =>
    log.error({ reason: reasonOf(error) }, 'the Discord connection ended'),
  );
  return {
    health: () => ({ connected: isConnected(), detail: isConnected() ? 'connected' : detail }),
    async stop() {
      stopping.abort();
      await running;
    },
  };
}

type Life = {
  client: Client;
  containment: Containment;
  /** Resolves when this client is of no more use. */
  over: Promise<Ending>;
  end(ending: Ending, reason: string): void;
};

/** A client with every event that could be a fault listened to. */
function openClient(
  { settings, transport, log, onInteraction }: ConnectionOptions,
  explain: (reason: string) => void,
): Life {
  let end!: Life['end'];
  const over = new Promise<Ending>((resolve) => {
    end = (ending, reason) => {
      explain(reason);
      resolve(ending);
    };
  });
  const containment = containGateway(settings.gatewayUrl, (error) => end('lost', reasonOf(error)));
  const client = new Client({
    intents: [],
    makeCache: Options.cacheWithLimits({
      ...Options.DefaultMakeCacheSettings,
      MessageManager: 0,
      UserManager: 100,
    }),
    rest: { api: settings.apiBaseUrl, makeRequest: transport.makeRequest, retries: 1, timeout: 10_000 },
    ws: { buildStrategy: containment.buildStrategy },
  });
  const parents = new Map<string, string>();
  client.on(
    Events.Raw,
    (packet: { t?: string; d?: { id: string; channel?: { parent_id?: string; type?: number } } }) => {
      const channel = packet.d?.channel;
      const isThread = channel?.type !== undefined && channel.type >= 10 && channel.type <= 12;
      if (packet.t === 'INTERACTION_CREATE' && packet.d && isThread && channel.parent_id)
        parents.set(packet.d.id, channel.parent_id);
    },
  );
  client.on(Events.InteractionCreate, (interaction) => {
    const parent = parents.get(interaction.id) ?? null;
    parents.delete(interaction.id);
    onInteraction(interaction, parent);
  });
  client.on(Events.Error, (error) => log.warn({ reason: reasonOf(error) }, 'Discord client fault'));
  client.on(Events.ShardError, (error) => {
    explain(reasonOf(error));
    log.warn({ reason: reasonOf(error) }, 'Discord gateway fault');
  });
  client.on(Events.ShardReconnecting, () => explain('reconnecting'));
  client.on(Events.ShardResume, (_, replayed) => log.info({ replayed }, 'resumed the session with Discord'));
  client.on(Events.ShardDisconnect, ({ code }) =>
    end(code === 4004 ? 'refused' : 'lost', `closed with ${code}`),
  );
  client.on(Events.Invalidated, () => end('lost', 'the session was invalidated'));
  return { client, containment, over, end };
}

/** Logs in and watches over the client until it is of no more use. */
async function live(
  life: Life,
  { settings, tuning, onReady }: ConnectionOptions,
  signal: AbortSignal,
  onConnected: () => void,
): Promise<{ ending: Ending; wasReady: boolean }> {
  const { client, end } = life;
  let wasReady = false;
  let readyAt = performance.now();
  const watch = setInterval(
    () => {
      if (
        client.ws.status === Status.Ready &&
        client.ws.shards.every(({ status }) => status === Status.Ready)
      )
        readyAt = performance.now();
      else if (performance.now() - readyAt > tuning.lostMs) end('lost', 'no connection for too long');
    },
    Math.min(CHECK_MS, tuning.lostMs / 4),
  );
  watch.unref();
  const onAbort = (): void => end('stopped', 'stopped');
  signal.addEventListener('abort', onAbort, { once: true });
  if (signal.aborted) onAbort();
  client.once(Events.ClientReady, (ready) => {
    wasReady = true;
    onConnected();
    onReady(ready.application.id, ready.user.id);
  });
  client
    .login(settings.token)
    .catch((error: unknown) => end(isRefusal(error) ? 'refused' : 'lost', reasonOf(error)));
  try {
    const ending = await life.over;
    return { ending: signal.aborted ? 'stopped' : ending, wasReady };
  } finally {
    clearInterval(watch);
    signal.removeEventListener('abort', onAbort);
  }
}

async function closeClient({ client, containment }: Life): Promise<void> {
  containment.end();
  client.removeAllListeners(Events.InteractionCreate);
  const done = new AbortController();
  // Peers that never answer the closing are left behind.
  const timeUp = sleep(CLOSE_MS, undefined, { signal: done.signal, ref: false }).catch(() => undefined);
  await Promise.race([client.destroy().catch(() => undefined), timeUp]);
  done.abort();
}

function isRefusal(error: unknown): boolean {
  if (error instanceof DiscordAPIError) return error.status === 401;
  return (
    error instanceof Error &&
    ((error as { code?: unknown }).code === 'TokenInvalid' || /Authentication failed/.test(error.message))
  );
}

/** Doubled each time, with up to a fifth more, so that many bots do not come back at once. */
function backoff(failures: number, { first, longest }: ConnectionTuning['backoffMs']): number {
  return Math.min(longest, first * 2 ** Math.min(10, failures - 1)) * (1 + Math.random() / 5);
}
