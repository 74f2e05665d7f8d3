/** Posting, editing and finding messages on Discord, each tried once: the reporter tries again. */
import { Routes, type REST } from 'discord.js';
import type { Config } from '../../core/config.ts';
import { MessengerError, type MessageRef, type Messenger, type Target } from '../types.ts';
import type { Transport } from './transport.ts';
import { asMessengerError, codeOf } from './faults.ts';
import { formatMessage, formatPost, loadFiles, type KeptFile } from './format.ts';
import { hasKey } from './message-key.ts';

export type ApiMessage = {
  id: string;
  channel_id: string;
  author?: { id: string };
  components?: unknown;
  embeds?: unknown;
  attachments?: KeptFile[];
};
export type OutboxOptions = {
  settings: Config['discord'] & { token: string };
  transport: Transport;
  /** Null while it is not known: before the first connection, without DISCORD_APPLICATION_ID. */
  applicationId(): string | null;
  /** The bot's own; that of bots from before 2016 is not the application's. */
  userId(): string | null;
  /** Epoch ms, of Discord's clock. */
  now(): number;
};
export type Outbox = Pick<Messenger, 'limits' | 'lane' | 'post' | 'edit' | 'find' | 'linkTo'>;

const CALL_MS = 30_000;
const PAGE = 100;
/** Messages looked through for a key: more are not written in a channel while an answer is lost. */
const MOST_PAGES = 5;
const MOST_KNOWN = 2000;
const EPOCH_MS = 1_420_070_400_000;

export function createOutbox({ settings, transport, applicationId, userId, now }: OutboxOptions): Outbox {
  const rest = openRest(settings, transport);
  const directChannels = new Map<string, string>();
  /** Files of messages by their id: an edit does not send again what is there. Lost without harm. */
  const filesOf = new Map<string, KeptFile[]>();

  function rememberFiles(id: string, { attachments = [] }: Partial<ApiMessage>): void {
    filesOf.delete(id);
    if (attachments.length > 0) filesOf.set(id, attachments);
    if (filesOf.size > MOST_KNOWN) filesOf.delete(filesOf.keys().next().value!);
  }

  /** One call, with the time it may take; whatever it throws becomes a MessengerError. */
  async function call<T>(signal: AbortSignal, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    try {
      return await work(AbortSignal.any([signal, AbortSignal.timeout(CALL_MS)]));
    } catch (error) {
      const fault = asMessengerError(error);
      // The library drops a token at the first 401; it may be made valid again.
      if (fault.fault === 'unauthorised') rest.setToken(settings.token);
      throw fault;
    }
  }

  async function channelOf(target: Target, signal: AbortSignal): Promise<string> {
    if (target.thread ?? target.channel) return (target.thread ?? target.channel)!;
    if (!target.user) throw new MessengerError('no_access', 'There is no channel to post to.');
    const known = directChannels.get(target.user);
    if (known) return known;
    const { id } = (await rest.post(Routes.userChannels(), {
      body: { recipient_id: target.user },
      signal,
    })) as { id: string };
    directChannels.set(target.user, id);
    return id;
  }

  async function editByHandle(
    ref: MessageRef,
    body: object,
    files: Awaited<ReturnType<typeof loadFiles>>,
    signal: AbortSignal,
  ): Promise<ApiMessage> {
    const { token, message } = readHandle(ref.handle!, ref.id);
    // Without `auth: false` a 401 for an ended token would make the library forget the bot's own.
    return (await rest.patch(Routes.webhookMessage(applicationId()!, token, message), {
      body,
      files,
      signal,
      auth: false,
    })) as ApiMessage;
  }

  return {
    limits: {
      editIntervalMs: settings.editIntervalMs,
      laneIntervalMs: settings.laneIntervalMs,
      editableMs: settings.messageHandoverMs,
      uploadBytes: settings.uploadBytes,
      filesIn: 'card',
      formText: 4000,
    },
    lane: ({ channel, user }) => `discord:${channel ?? user ?? ''}`,
    post: (target, message, signal) =>
      call(signal, async (ends) => {
        const channel = await channelOf(target, ends);
        const files = await loadFiles(message, ends);
        const posted = (await rest.post(Routes.channelMessages(channel), {
          body: { ...formatPost(message), ...replyBody(target) },
          files,
          signal: ends,
        })) as ApiMessage;
        return refOf(posted, target);
      }),
    edit: (ref, message, signal) =>
      call(signal, async (ends) => {
        const kept = filesOf.get(ref.id) ?? [];
        const body = formatMessage(message, { mentions: false, kept });
        const files = await loadFiles(message, ends, kept);
        // Should this fail, what is there is not known.
        filesOf.delete(ref.id);
        if (hasLiveHandle(ref, now()) && applicationId()) {
          try {
            rememberFiles(ref.id, await editByHandle(ref, body, files, ends));
            return ref;
          } catch (error) {
            if (!isHandleOver(error)) throw error;
          }
        }
        if (ref.private || ref.reachable === false)
          throw new MessengerError('gone', 'The message can no longer be edited: its interaction has ended.');
        const edited = await rest.patch(Routes.channelMessage(ref.thread ?? ref.channel, ref.id), {
          body,
          files,
          signal: ends,
        });
        rememberFiles(ref.id, edited as ApiMessage);
        return withoutHandle(ref);
      }),
    find: (target, key, since, signal) =>
      call(signal, async (ends) => {
        const channel = await channelOf(target, ends);
        let after = snowflakeAt(since - 1000);
        for (let page = 0; page < MOST_PAGES; page++) {
          const query = new URLSearchParams({ limit: String(PAGE), after });
          const messages = (await rest.get(Routes.channelMessages(channel), {
            query,
            signal: ends,
          })) as ApiMessage[];
          const found = messages.find((message) => message.author?.id === userId() && hasKey(message, key));
          if (found) return refOf(found, target);
          const newest = messages[0];
          if (!newest || messages.length < PAGE) return null;
          after = newest.id;
        }
        return null;
      }),
    linkTo: (ref) =>
      ref.private
        ? null
        : `https://discord.com/channels/${ref.team ?? '@me'}/${ref.thread ?? ref.channel}/${ref.id}`,
  };
}

/** Calls are tried once; where the library would wait for a rate limit, it says how long instead. */
function openRest({ apiBaseUrl, token }: OutboxOptions['settings'], transport: Transport): REST {
  return transport
    .openRest({
      api: apiBaseUrl,
      retries: 0,
      timeout: CALL_MS,
      globalRequestsPerSecond: 30,
      // Our own 30 a second is over in a moment.
      rejectOnRateLimit: ({ global, retryAfter }) => !global || retryAfter > 2000,
    })
    .setToken(token);
}

/** Written in messages' ids: when they were posted, epoch ms. */
export function postedAt(id: string): number {
  return Number((BigInt(id) >> 22n) + BigInt(EPOCH_MS));
}

/** A reply leads back to its message, and calls nobody; without it, it stands alone. */
function replyBody({ replyTo }: Target): object {
  return replyTo === undefined
    ? {}
    : { message_reference: { message_id: replyTo, fail_if_not_exists: false } };
}

function snowflakeAt(ms: number): string {
  return (BigInt(Math.max(0, Math.floor(ms) - EPOCH_MS)) << 22n).toString();
}

function refOf(message: ApiMessage, { team, channel, thread }: Target): MessageRef {
  return {
    channel: channel ?? message.channel_id,
    id: message.id,
    postedAt: postedAt(message.id),
    ...(team ? { team } : {}),
    ...(thread ? { thread } : {}),
  };
}

/** `message` is `@original` where the interaction's own answer is meant. */
export function writeHandle(token: string, message: '@original' | 'own'): string {
  return `${message}:${token}`;
}

function readHandle(handle: string, id: string): { token: string; message: string } {
  const [message = '', token = ''] = handle.split(':');
  return { token, message: message === '@original' ? '@original' : id };
}

function hasLiveHandle(ref: MessageRef, now: number): boolean {
  return ref.handle !== undefined && now < (ref.handleUntil ?? 0);
}

/** The token has ended, or the webhook went with the bot's installation; the message may still be there. */
function isHandleOver(error: unknown): boolean {
  const code = codeOf(error);
  return code === 50027 || code === 10015;
}

function withoutHandle({ handle: _handle, handleUntil: _until, ...ref }: MessageRef): MessageRef {
  return ref;
}
