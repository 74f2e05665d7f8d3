/** Looking for a message of ours by its key: the hidden note in it that outlives lost answers and restarts. */
import type { webApi } from '@slack/bolt';
import type { Message } from '../types.ts';

const KEY_EVENT = 'genscene_message';
/** Pages of history looked through for a key: 5 × 200 messages. */
const PAGES = 5;
const PAGE = 200;
/** A clock of ours that is ahead of Slack's by so much hides nothing, ms. */
const CLOCK_SKEW_MS = 60_000;

/** What carries the key of a message. */
export function keyNote({ key }: Pick<Message, 'key'>) {
  return key ? { metadata: { event_type: KEY_EVENT, event_payload: { key } } } : {};
}

/**
 * Slack's id of the message that `user` posted with this key at `since` (epoch ms) or later; null if there
 * is none. `beforePage` may refuse a further call by throwing.
 */
export async function findByKey(
  client: webApi.WebClient,
  {
    channel,
    thread,
    user,
    key,
    since,
  }: { channel: string; thread?: string; user: string; key: string; since: number },
  beforePage: () => void,
): Promise<string | null> {
  let cursor: string | undefined;
  for (let page = 0; page < PAGES; page += 1) {
    beforePage();
    const asked = {
      channel,
      oldest: String(Math.max(0, since - CLOCK_SKEW_MS) / 1000),
      include_all_metadata: true,
      limit: PAGE,
      ...(cursor ? { cursor } : {}),
    };
    const answer = thread
      ? await client.conversations.replies({ ...asked, ts: thread })
      : await client.conversations.history(asked);
    const found = (answer.messages ?? []).find((each) => keyOf(each) === key && each.user === user);
    if (found?.ts) return found.ts;
    cursor = answer.response_metadata?.next_cursor || undefined;
    if (!cursor) return null;
  }
  return null;
}

function keyOf(message: object): string | null {
  const { metadata } = message as {
    metadata?: { event_type?: string; event_payload?: { key?: unknown } };
  };
  const key = metadata?.event_type === KEY_EVENT ? metadata.event_payload?.key : null;
  return typeof key === 'string' ? key : null;
}
