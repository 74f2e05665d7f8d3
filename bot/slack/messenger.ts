/** Slack behind the Messenger contract: Bolt in Socket Mode or over HTTP, and the Web API. */
import { App, HTTPReceiver, SocketModeReceiver, webApi } from '@slack/bolt';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from '../../core/log.ts';
import type { ChatHandlers, Messenger } from '../types.ts';
import { dispatch, type Dispatch } from './dispatch.ts';
import { asMessengerError } from './faults.ts';
import { slackHttp, type SlackHttpPlugin } from './http.ts';
import { slackLog } from './log.ts';
import { createPeople } from './people.ts';
import { createPosts } from './posts.ts';
import { checkSlackSettings, type SlackSettings } from './settings.ts';
import { keepSocket, type SocketKeeper } from './socket.ts';

/** Waiting for one answer of the Web API, ms. */
const CALL_MS = 12_000;
/** Pings of ours and of Slack's that may be late by so much before the connection counts as dead, ms. */
const PING_MS = 20_000;
/** How long presses under way may take at a stop, ms. */
const STOP_MS = 2000;
/** Over HTTP: between tries of a token that is not accepted, ms. */
const TOKEN_RETRY_MS = 5000;

export type SlackMessenger = Messenger & {
  /** In HTTP mode: to be registered on the API's server before it listens. */
  readonly http: SlackHttpPlugin | null;
};

export type SlackOptions = {
  settings: SlackSettings;
  log: Logger;
  /** For tests, whose faults should not take half a minute to be noticed. */
  tuning?: { leastWaitMs?: number; pingMs?: number };
};

/**
 * Builds the messenger; nothing is connected before `start`.
 * @throws {StudioError} invalid_request for settings that cannot work
 */
export function createSlackMessenger({ settings, log: logger, tuning = {} }: SlackOptions): SlackMessenger {
  checkSlackSettings(settings);
  const { appToken, signingSecret, mode, apiUrl, eventsPath, locale, uploadBytes } = settings;
  const botToken = settings.botToken ?? '';
  const secrets = [botToken, appToken ?? '', signingSecret ?? ''].filter((secret) => secret !== '');
  const log = slackLog(logger, secrets);
  const pingMs = tuning.pingMs ?? PING_MS;

  // The library writes into the options it is given, so each client gets its own; and never `headers`,
  // for it would put one client's token into the other's.
  const clientOptions = (): webApi.WebClientOptions => ({
    slackApiUrl: apiUrl,
    logger: log,
    timeout: CALL_MS,
    // A repeated post would be a second message: who asks decides about trying again.
    retryConfig: { retries: 0 },
    // Otherwise one 429 holds up every other call of the client for as long.
    rejectRateLimitedCalls: true,
  });
  const progressClient = new webApi.WebClient(botToken, clientOptions());
  const socketReceiver =
    mode === 'socket'
      ? new SocketModeReceiver({
          appToken: appToken ?? '',
          logger: log,
          autoReconnectEnabled: false,
          clientPingTimeout: pingMs,
          serverPingTimeout: pingMs,
          installerOptions: { clientOptions: clientOptions() },
        })
      : null;
  const httpReceiver =
    mode === 'http'
      ? new HTTPReceiver({ signingSecret: signingSecret ?? '', endpoints: [eventsPath], logger: log })
      : null;
  const receiver = socketReceiver ?? httpReceiver;
  const app = new App({
    token: botToken,
    ...(receiver ? { receiver } : {}),
    deferInitialization: true,
    convoStore: false,
    logger: log,
    clientOptions: clientOptions(),
  });
  app.error((error) => {
    log.error(`Slack's library reports: ${error.message}`);
    return Promise.resolve();
  });

  const self = { team: null as string | null, user: null as string | null, name: 'genscene', url: '' };
  const posts = createPosts({ client: progressClient, log, self: () => self });
  const stopping = new AbortController();
  let accepted = false;
  let tokenRefused = false;
  let httpDetail = 'connecting';
  let socket: SocketKeeper | null = null;
  let dispatcher: Dispatch | null = null;
  let stopped: Promise<void> | null = null;

  /** Resolves once Slack has accepted the bot's token; rejects while it does not. */
  async function introduce(): Promise<void> {
    if (accepted) return;
    const { team_id, user_id, user, url } = await app.client.auth.test();
    await app.init();
    Object.assign(self, {
      team: team_id ?? null,
      user: user_id ?? null,
      name: user ?? self.name,
      url: url ?? '',
    });
    accepted = true;
    httpDetail = `listening at ${eventsPath}`;
  }

  async function introduceUntilAccepted(): Promise<void> {
    while (!accepted && !stopping.signal.aborted) {
      await introduce().catch(async (error: unknown) => {
        httpDetail = asMessengerError(error).message;
        log.warn(`Slack does not accept the bot: ${httpDetail}`);
        const wait = tuning.leastWaitMs ?? TOKEN_RETRY_MS;
        await sleep(wait, null, { signal: stopping.signal }).catch(() => undefined);
      });
    }
  }

  /** Notices when Slack takes the bot's token back, and when it is good again. */
  function watched<A extends unknown[], R>(call: (...args: A) => Promise<R>): (...args: A) => Promise<R> {
    return async (...args) => {
      try {
        const result = await call(...args);
        tokenRefused = false;
        return result;
      } catch (error) {
        if (asMessengerError(error).fault === 'unauthorised') tokenRefused = true;
        throw error;
      }
    };
  }

  function health(): { connected: boolean; detail: string } {
    if (tokenRefused) return { connected: false, detail: 'Slack no longer accepts SLACK_BOT_TOKEN' };
    return socket?.state() ?? { connected: accepted, detail: httpDetail };
  }

  return {
    platform: 'slack',
    limits: {
      editIntervalMs: settings.editIntervalMs,
      laneIntervalMs: settings.laneIntervalMs,
      editableMs: settings.messageHandoverMs,
      uploadBytes,
      filesIn: 'closing',
      formText: 3000,
    },
    http:
      httpReceiver && signingSecret
        ? slackHttp({
            receiver: httpReceiver,
            signingSecret,
            path: eventsPath,
            ready: () => accepted && !stopped,
          })
        : null,

    async start(handlers: ChatHandlers) {
      dispatcher = dispatch({
        app,
        handlers,
        people: createPeople(app.client, locale, log),
        answering: { client: app.client, posts, log, uploadBytes, botName: () => self.name },
        files: { token: botToken, hosts: settings.attachmentHosts },
        botUser: () => self.user,
      });
      if (socketReceiver)
        socket = keepSocket({
          client: socketReceiver.client,
          log,
          ready: introduce,
          ...(tuning.leastWaitMs ? { leastWaitMs: tuning.leastWaitMs } : {}),
        });
      else void introduceUntilAccepted();
    },
    stop() {
      stopped ??= (async () => {
        stopping.abort();
        await Promise.all([dispatcher?.stop(STOP_MS), socket?.stop(), posts.stop()]);
      })();
      return stopped;
    },
    // Slack counts the edits of a whole workspace together.
    lane: ({ team }) => `slack:${team ?? ''}`,
    post: watched(posts.post),
    edit: watched(posts.edit),
    find: watched(posts.find),
    linkTo({ channel, id, thread }) {
      if (!self.url) return null;
      const address = new URL(`archives/${channel}/p${id.replace('.', '')}`, self.url);
      if (thread && thread !== id)
        address.search = new URLSearchParams({ thread_ts: thread, cid: channel }).toString();
      return address.href;
    },
    health,
  };
}
