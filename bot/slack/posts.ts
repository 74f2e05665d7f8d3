/** Posting, editing and finding the bot's messages. Everything is tried once; the reporter tries again. */
import type { webApi } from '@slack/bolt';
import { setTimeout as sleep } from 'node:timers/promises';
import { MessengerError, type Attachment, type Message, type MessageRef, type Target } from '../types.ts';
import { asMessengerError } from './faults.ts';
import { formatMessage, type FormatOptions } from './format.ts';
import type { SlackLog } from './log.ts';
import { createPace } from './pace.ts';
import { shareFiles, uploadFile } from './uploads.ts';

/** Name of the hidden note in a message that carries its key. */
const KEY_EVENT = 'genscene_message';
/** Pages of history looked through for a key: 5 × 200 messages. */
const PAGES = 5;
/** A new picture is not at once known to Slack's blocks: tries, and the time between, ms. */
/**
 * Slack's limits a minute, with a margin: one post a second and channel, 50 edits and 50 looks into history
 * in all. Progress leaves some edits for those that say how a job ended.
 */
const postPace = { perMinute: 58, burst: 5 };
const editPace = { perMinute: 48, burst: 20 };
const findPace = { perMinute: 45, burst: 45 };
const KEPT_FOR_ENDS = 8;
/**
 * Files up to so many bytes in all arrive with their message; larger ones follow it, for no call may take
 * as long as they do. Tries of those, and the time between, ms.
 */
const INLINE_BYTES = 8 * 1024 ** 2;
const UPLOAD_TRIES = 3;
const UPLOAD_WAIT_MS = 5000;
const PICTURE_TRIES = 4;
const PICTURE_WAIT_MS = 700;
const MOST_UNSHOWN = 1000;

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
  /** Addresses of pictures Slack could not fetch. */
  const unshown = new Set<string>();
  const stopping = new AbortController();
  let uploads: Promise<void> = Promise.resolve();
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
    const pictureId = file ? await uploadPicture(file, signal) : undefined;
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

  /** Slack fetches pictures itself: addresses it cannot reach it refuses with the whole message. */
  function remember(url: string): void {
    if (unshown.size >= MOST_UNSHOWN) unshown.clear();
    unshown.add(url);
  }

  async function uploadPicture(picture: Attachment, signal: AbortSignal): Promise<string> {
    const id = await uploadFile(client, picture, signal);
    await shareFiles(client, [{ id, title: picture.name }]);
    return id;
  }

  /** Small files: their bytes are on their way before the message stands. */
  async function uploadSmall(
    files: readonly Attachment[],
    signal: AbortSignal,
  ): Promise<{ id: string; title: string }[]> {
    const uploaded: { id: string; title: string }[] = [];
    for (const file of files) uploaded.push({ id: await uploadFile(client, file, signal), title: file.name });
    return uploaded;
  }

  /** Large files come after their message, one after the other; the link in it is there already. */
  function uploadLater(files: readonly Attachment[], channel: string, thread: string): void {
    for (const file of files)
      uploads = uploads.then(() =>
        uploadPatiently(file, channel, thread).catch((error: unknown) =>
          log.warn(`${file.name} could not be shown in ${channel}: ${String(error)}`),
        ),
      );
  }

  async function uploadPatiently(file: Attachment, channel: string, thread: string): Promise<void> {
    const { signal } = stopping;
    for (let attempt = 1; ; attempt += 1) {
      try {
        signal.throwIfAborted();
        const id = await uploadFile(client, file, signal);
        return await shareFiles(client, [{ id, title: file.name }], { channel, thread });
      } catch (error) {
        const { fault, retryAfterMs = UPLOAD_WAIT_MS } = asMessengerError(error);
        const mayWork = fault === 'unavailable' || fault === 'rate_limited';
        if (!mayWork || attempt === UPLOAD_TRIES || signal.aborted) throw error;
        await sleep(retryAfterMs, null, { signal });
      }
    }
  }

  /** Once the message stands, a file that cannot be shared must not make it be posted again. */
  async function share(
    files: { id: string; title: string }[],
    channel: string,
    thread: string,
  ): Promise<void> {
    await shareFiles(client, files, { channel, thread }).catch((error: unknown) =>
      log.warn(`files could not be shared in ${channel}: ${String(error)}`),
    );
  }

  return {
    directChannel,
    async stop() {
      stopping.abort();
      await uploads;
    },

    async post(target, message, signal) {
      return within(signal, async () => {
        const channel = await channelOf(target);
        keepPace(paceOfPosts.take(channel));
        const { small, large } = bySize(message, message.files ?? []);
        const files = await uploadSmall(small, signal);
        const { ts } = await send(message, true, signal, (body) =>
          client.chat.postMessage({
            channel,
            ...body,
            unfurl_links: false,
            unfurl_media: false,
            ...(target.thread ? { thread_ts: target.thread } : {}),
          }),
        );
        if (!ts) throw new MessengerError('unavailable', 'Slack did not say which message was posted.');
        await share(files, channel, target.thread ?? ts);
        uploadLater(large, channel, target.thread ?? ts);
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
        const { small, large } = bySize(message, fresh);
        const files = await uploadSmall(small, signal);
        await send(message, false, signal, (body) =>
          client.chat.update({ channel: ref.channel, ts: ref.id, ...body }),
        );
        await share(files, ref.channel, ref.thread ?? ref.id);
        uploadLater(large, ref.channel, ref.thread ?? ref.id);
        for (const { name } of fresh) shared.add(`${ref.channel} ${ref.id} ${name}`);
        return ref;
      });
    },

    async find(target, key, since, signal) {
      return within(signal, async () => {
        const { user } = self();
        if (!user) throw new MessengerError('unavailable', 'Slack has not yet said who we are.');
        const channel = await channelOf(target);
        let cursor: string | undefined;
        for (let page = 0; page < PAGES; page += 1) {
          signal.throwIfAborted();
          keepPace(paceOfFinds.take(target.thread ? 'thread' : 'channel'));
          const asked = {
            channel,
            // A clock that runs a little ahead of Slack's must not hide our message.
            oldest: String(Math.max(0, since - 60_000) / 1000),
            include_all_metadata: true,
            limit: 200,
            ...(cursor ? { cursor } : {}),
          };
          const answer = target.thread
            ? await client.conversations.replies({ ...asked, ts: target.thread })
            : await client.conversations.history(asked);
          const found = (answer.messages ?? []).find((each) => keyOf(each) === key && each.user === user);
          if (found?.ts) return refOf(channel, found.ts, target);
          cursor = answer.response_metadata?.next_cursor || undefined;
          if (!cursor) return null;
        }
        return null;
      });
    },
  };

  function refOf(channel: string, ts: string, { team, thread }: Target): MessageRef {
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

function keyOf(message: object): string | null {
  const { metadata } = message as {
    metadata?: { event_type?: string; event_payload?: { key?: unknown } };
  };
  const key = metadata?.event_type === KEY_EVENT ? metadata.event_payload?.key : null;
  return typeof key === 'string' ? key : null;
}

/** Files beside the picture, by whether a call can wait for them. */
function bySize({ picture }: Message, files: readonly Attachment[]) {
  const rest = files.filter(({ name }) => name !== picture?.file);
  const isSmall = rest.reduce((sum, { size }) => sum + size, 0) <= INLINE_BYTES;
  return isSmall ? { small: rest, large: [] } : { small: [], large: rest };
}

function bodyOf(message: Message, options: FormatOptions) {
  const metadata = message.key
    ? { metadata: { event_type: KEY_EVENT, event_payload: { key: message.key } } }
    : {};
  return { ...formatMessage(message, options), ...metadata, parse: 'none' as const, link_names: false };
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
