/**
 * What a reader's client would make of a message: the words shown, and what of them is alive (mentions
 * that ping, links that can be clicked). A link the app itself made as `<https://…|words>` counts too.
 */
import type { SlackMessage, SlackText } from './types.ts';

export type Alive = { mentions: string[]; links: string[] };

/** Live mentions and links of a message as shown (its blocks; its text only when there are none). */
export function aliveIn({ text, blocks }: Pick<SlackMessage, 'text' | 'blocks'>): Alive {
  const texts: SlackText[] = blocks.length > 0 ? textsOf(blocks) : [{ type: 'mrkdwn', text }];
  // The notification is made of the text even when blocks are shown: a ping in it is a ping.
  const notified = [...text.matchAll(mention)].map(([found]) => found);
  const markdown = texts.filter(({ type }) => type === 'mrkdwn');
  return {
    mentions: [
      ...notified,
      ...markdown.flatMap((part) => [...part.text.matchAll(mention)].map(([found]) => found)),
    ],
    links: markdown.flatMap(linksIn),
  };
}

/** All words of a message in reading order, as a person reads them. */
export function wordsOf({ text, blocks }: Pick<SlackMessage, 'text' | 'blocks'>): string {
  if (blocks.length === 0) return unescape(text);
  return textsOf(blocks)
    .map((part) => (part.type === 'mrkdwn' ? unescape(part.text) : part.text))
    .join('\n');
}

const mention = /<(?:!(?:channel|here|everyone|subteam\^[^>]*)|@[UW][^>]*|#C[^>]*)>/g;

function linksIn({ text, verbatim }: SlackText): string[] {
  const made = [...text.matchAll(/<((?:https?|mailto):[^>|]+)(?:\|[^>]*)?>/g)].map(([, url]) => url!);
  const rest = text.replaceAll(/<[^>]*>/g, ' ').replaceAll(/`[^`]*`/g, ' ');
  const found = verbatim ? [] : [...rest.matchAll(/\bhttps?:\/\/[^\s<>)\]]+/g)].map(([url]) => url);
  return [...made, ...found];
}

function unescape(text: string): string {
  return text
    .replaceAll(/<([^>|]+)\|([^>]*)>/g, '$2')
    .replaceAll(/<([^>]+)>/g, '$1')
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&amp;', '&');
}

/** Text objects at any depth. */
export function textsOf(value: unknown): SlackText[] {
  if (Array.isArray(value)) return value.flatMap(textsOf);
  if (typeof value !== 'object' || value === null) return [];
  const { type, text } = value as Partial<SlackText>;
  if ((type === 'plain_text' || type === 'mrkdwn') && typeof text === 'string') return [value as SlackText];
  return Object.values(value).flatMap(textsOf);
}
