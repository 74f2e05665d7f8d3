/** One press as the commands see it: where it came from, and the ways to answer it in Slack. */
import type { webApi } from '@slack/bolt';
import { setTimeout as sleep } from 'node:timers/promises';
import { MessengerError, type Asker, type Invocation, type Message, type MessageRef } from '../types.ts';
import { asMessengerError } from './faults.ts';
import { formatMessage, type Formatted } from './format.ts';
import type { SlackLog } from './log.ts';
import type { Posts } from './posts.ts';
import { slackText } from './texts.ts';

/** What answering needs. */
export type Answering = {
  /** Of the interactive side: never held up by progress. */
  client: webApi.WebClient;
  posts: Posts;
  log: SlackLog;
  uploadBytes: number;
  botName: () => string;
};

export type PressFacts = {
  id: string;
  /** Address for private answers: works where the bot is no member, five times within half an hour. */
  respond?: string;
  /** The message whose button was pressed. */
  message?: MessageRef;
};

/** Time for one try of the public answer, and for waiting until Slack allows it, ms. */
const REPLY_MS = 30_000;
const REPLY_PATIENCE_MS = 10_000;
const RESPOND_MS = 10_000;

export function createInvocation(asker: Asker, facts: PressFacts, answering: Answering): Invocation {
  const { client, posts, log, uploadBytes, botName } = answering;
  const { id, respond, message: origin } = facts;
  const { channel, thread, team, isDirect } = asker.place;
  const target = {
    ...(team ? { team } : {}),
    ...(channel ? { channel } : { user: asker.user.id }),
    ...(thread ? { thread } : {}),
  };

  async function reply(message: Message): Promise<MessageRef> {
    const giveUpAt = Date.now() + REPLY_PATIENCE_MS;
    for (;;) {
      try {
        return await posts.post(target, message, AbortSignal.timeout(REPLY_MS));
      } catch (error) {
        const { fault, retryAfterMs = 1000 } = asMessengerError(error);
        if (fault === 'no_access' && !isDirect) await hint();
        if (fault !== 'rate_limited' || Date.now() + retryAfterMs > giveUpAt) throw error;
        await sleep(retryAfterMs);
      }
    }
  }

  /** Says privately why nothing is to be seen here, and what to do about it. */
  async function hint(): Promise<void> {
    const text = slackText('invite', asker.locale, botName());
    await whisper({ tone: 'bad', lines: [{ text }] }).catch((error: unknown) =>
      log.warn(`the hint to invite the bot could not be shown: ${String(error)}`),
    );
  }

  /** Ephemeral messages carry no files: those go by direct message, what is said stays where it was asked. */
  async function whisper(message: Message): Promise<void> {
    const { files = [], picture: _picture, ...rest } = message;
    if (files.length === 0) return sayWithPicture(message);
    await posts.post({ user: asker.user.id }, message, AbortSignal.timeout(REPLY_MS));
    if (isDirect) return;
    const sent = { text: slackText('filesSent', asker.locale), style: 'small' } as const;
    await say(formatMessage({ ...rest, lines: [...(rest.lines ?? []), sent] }));
  }

  /** Slack refuses the whole message when it cannot fetch its picture. */
  async function sayWithPicture(message: Message): Promise<void> {
    const { picture, ...rest } = message;
    await say(formatMessage(message)).catch((error: unknown) => {
      if (!picture || asMessengerError(error).fault !== 'refused') throw error;
      return say(formatMessage(rest));
    });
  }

  async function say(content: Formatted): Promise<void> {
    if (
      respond &&
      (await answerAt(respond, { ...content, response_type: 'ephemeral', replace_original: false }))
    )
      return;
    try {
      if (!channel) throw new MessengerError('no_access', 'The press belongs to no channel.');
      await client.chat.postEphemeral({
        channel,
        user: asker.user.id,
        ...content,
        parse: 'none',
        link_names: false,
        ...(thread ? { thread_ts: thread } : {}),
      });
    } catch (error) {
      if (asMessengerError(error).fault !== 'no_access') throw asMessengerError(error);
      // Nothing private can be shown in that channel: the person has one of their own.
      await sayDirectly(content);
    }
  }

  async function sayDirectly(content: Formatted): Promise<void> {
    const direct = await posts.directChannel(asker.user.id);
    try {
      await client.chat.postMessage({ channel: direct, ...content, parse: 'none', link_names: false });
    } catch (error) {
      throw asMessengerError(error);
    }
  }

  async function update(ref: MessageRef, message: Message): Promise<void> {
    if (!ref.private) return void (await posts.edit(ref, message, AbortSignal.timeout(REPLY_MS)));
    if (respond && (await answerAt(respond, { ...formatMessage(message), replace_original: true }))) return;
    throw new MessengerError('gone', 'A private message can no longer be changed.');
  }

  return {
    ...asker,
    id,
    uploadLimit: uploadBytes,
    reply,
    whisper,
    ...(origin ? { message: origin, update: (message: Message) => update(origin, message) } : {}),
  };
}

/** False when the address is used up or Slack did not take it: there are other ways. */
async function answerAt(address: string, body: Record<string, unknown>): Promise<boolean> {
  try {
    const response = await fetch(address, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
      redirect: 'error',
      signal: AbortSignal.timeout(RESPOND_MS),
    });
    await response.body?.cancel();
    return response.ok;
  } catch {
    return false;
  }
}
