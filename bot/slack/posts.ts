/** Posting, editing and finding the bot's messages. Everything is tried once; the reporter tries again. */
import type { webApi } from '@slack/bolt';
import { setTimeout as sleep } from 'node:timers/promises';
import { MessengerError, type Attachment, type Message, type MessageRef, type Target } from '../types.ts';
import { asMessengerError } from './faults.ts';
import { formatMessage, type FormatOptions } from './format.ts';
import { findByKey, keyNote } from './history.ts';
import type { SlackLog } from './log.ts';
import { createMessageFiles } from './message-files.ts';
import { createPace } from './pace.ts';

/**
 * Slack's limits a minute, with a margin: one post a second and channel, 50 edits and 50 looks into history
 * in all. Progress leaves some edits for those that say how a job ended.
 */
const postPace = { perMinute: 58, burst: 5 };
const editPace = { perMinute: 48, burst: 20 };
const findPace = { perMinute: 45, burst: 45 };
const KEPT_FOR_ENDS = 8;
/** A new picture is not at once known to Slack's blocks: tries, and the time between, ms. */
const PICTURE_TRIES = 4;
const PICTURE_WAIT_MS = 700;
/** Most of anything that is remembered. */
const MOST_KNOWN = 2000;

export type Posts = {
  post(target: Target, message: Message, signal: AbortSignal): Promise<MessageRef>;
  edit(ref: MessageRef, message: Message, signal: AbortSignal): Promise<MessageRef>;
  find(target: Target, key: string, since: number, signal: AbortSignal): Promise<MessageRef | null>;
  /** Ends uploads under way. Idempotent. */
  stop(): Promise<void>;
  /** The channel of direct messages with someone. */
  directChannel(user: string): Promise<string>;
};

export type PostsOptions = {
  client: webApi.WebClient;
  log: SlackLog;
  /** Workspace and user of the bot, known once it is connected. */
  self: () => { team: string | null; user: string | null };
};

export function createPosts({ client, log, self }: PostsOptions): Posts {
  const directs = new Map<string, string>();
  /** Files shown beside a message that is edited; by message and name. */
  const shared = new Set<string>();
  /** Ids of pictures that were uploaded, by the key of their message, name and size. */
  const pictures = new Map<string, string>();
  /** Addresses of pictures Slack could not fetch. */
  const unshown = new Set<string>();
  const files = createMessageFiles(client, log);
  const paceOfPosts = createPace(postPace);
  const paceOfEdits = createPace(editPace);
  const paceOfFinds = createPace(findPace);

  function keepPace(waitMs: number): void {
    if (waitMs > 0)
      throw new MessengerError('rate_limited', 'Slack would refuse so many calls.', { retryAfterMs: waitMs });
  }

  async function directChannel(user: string): Promise<string> {
    const known = directs.get(user);
    if (known) return known;
    try {
      const { channel } = await client.conversations.open({ users: user });
      if (!channel?.id)
        throw new MessengerError('no_access', 'Slack opens no direct message with this person.');
      directs.set(user, channel.id);
      return channel.id;
    } catch (error) {
      throw asMessengerError(error);
    }
  }

  async function channelOf({ channel, user }: Target): Promise<string> {
    if (channel) return channel;
    if (user) return directChannel(user);
    throw new MessengerError('refused', 'Neither a channel nor a person to post to.');
  }

  /** Sends a message by `call`, its picture uploaded first; a picture Slack cannot show is left out. */
  async function send<T>(
    message: Message,
    mention: boolean,
    signal: AbortSignal,
    call: (body: ReturnType<typeof bodyOf>) => Promise<T>,
  ): Promise<T> {
    const file = message.files?.find(({ name }) => name === message.picture?.file);
    const pictureId = file ? await pictureOf(file, message.key, signal) : undefined;
    const bare = bodyOf({ ...message, picture: undefined }, { mention });
    const known = message.picture?.url && unshown.has(message.picture.url);
    const full = known ? bare : bodyOf(message, { mention, ...(pictureId ? { pictureId } : {}) });
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await call(full);
      } catch (error) {
        const fault = asMessengerError(error);
        if (fault.fault !== 'refused' || !message.picture || known) throw fault;
        if (pictureId && attempt < PICTURE_TRIES) {
          await sleep(PICTURE_WAIT_MS, null, { signal });
          continue;
        }
        log.warn(`a picture is left out: ${fault.message}`);
        if (message.picture.url) remember(message.picture.url);
        return call(bare);
      }
    }
  }

  /** A picture that stays over many edits is uploaded once. */
  async function pictureOf(file: Attachment, key: string | undefined, signal: AbortSignal): Promise<string> {
    const name = `${key} ${file.name} ${file.size}`;
    const known = key === undefined ? undefined : pictures.get(name);
    if (known) return known;
    const id = await files.picture(file, signal);
    if (pictures.size >= MOST_KNOWN) pictures.clear();
    pictures.set(name, id);
    return id;
  }

  /** Slack fetches pictures itself: addresses it cannot reach it refuses with the whole message. */
  function remember(url: string): void {
    if (unshown.size >= MOST_KNOWN) unshown.clear();
    unshown.add(url);
  }

  return {
    directChannel,
    stop: () => files.stop(),

    async post(target, message, signal) {
      return within(signal, async () => {
        const channel = await channelOf(target);
        keepPace(paceOfPosts.take(channel));
        const showFiles = await files.prepare(message, message.files ?? [], signal);
        const { ts } = await send(message, true, signal, (body) =>
          client.chat.postMessage({
            channel,
            ...body,
            unfurl_links: false,
            unfurl_media: false,
            ...(threadOf(target) ? { thread_ts: threadOf(target) } : {}),
          }),
        );
        if (!ts) throw new MessengerError('unavailable', 'Slack did not say which message was posted.');
        await showFiles({ channel, thread: target.thread ?? ts });
        return refOf(channel, ts, target);
      });
    },

    async edit(ref, message, signal) {
      return within(signal, async () => {
        const isEnd = message.tone === 'good' || message.tone === 'bad';
        keepPace(paceOfEdits.take('', { leave: isEnd ? 0 : KEPT_FOR_ENDS }));
        const fresh = (message.files ?? []).filter(
          ({ name }) => !shared.has(`${ref.channel} ${ref.id} ${name}`),
        );
        const showFiles = await files.prepare(message, fresh, signal);
        await send(message, false, signal, (body) =>
          client.chat.update({ channel: ref.channel, ts: ref.id, ...body }),
        );
        await showFiles({ channel: ref.channel, thread: ref.thread ?? ref.id });
        if (shared.size >= MOST_KNOWN) shared.clear();
        for (const { name } of fresh) shared.add(`${ref.channel} ${ref.id} ${name}`);
        return ref;
      });
    },

    async find(target, key, since, signal) {
      return within(signal, async () => {
        const { user } = self();
        if (!user) throw new MessengerError('unavailable', 'Slack has not yet said who we are.');
        const channel = await channelOf(target);
        const thread = threadOf(target);
        const asked = { channel, user, key, since, ...(thread ? { thread } : {}) };
        const ts = await findByKey(client, asked, () => {
          signal.throwIfAborted();
          keepPace(paceOfFinds.take(thread ? 'thread' : 'channel'));
        });
        return ts ? refOf(channel, ts, target) : null;
      });
    },
  };

  function refOf(channel: string, ts: string, target: Target): MessageRef {
    const { team } = target;
    const thread = threadOf(target);
    const ours = team ?? self().team;
    return {
      channel,
      id: ts,
      ...(ours ? { team: ours } : {}),
      ...(thread ? { thread } : {}),
      postedAt: Math.round(Number(ts) * 1000),
    };
  }
}

/** A reply is a message in the thread of what it answers. */
function threadOf({ thread, replyTo }: Target): string | undefined {
  return thread ?? replyTo;
}

function bodyOf(message: Message, options: FormatOptions) {
  return {
    ...formatMessage(message, options),
    ...keyNote(message),
    parse: 'none' as const,
    link_names: false,
  };
}

/** Slack's client takes no signal: the caller is let go, the call itself ends by its own timeout. */
async function within<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
  let release: () => void = () => undefined;
  const ended = new Promise<never>((_resolve, reject) => {
    release = () =>
      reject(new MessengerError('unavailable', 'Slack was given up.', { cause: signal.reason }));
    if (signal.aborted) release();
    else signal.addEventListener('abort', release, { once: true });
  });
  try {
    return await Promise.race([work(), ended]);
  } catch (error) {
    throw asMessengerError(error);
  } finally {
    signal.removeEventListener('abort', release);
  }
}
