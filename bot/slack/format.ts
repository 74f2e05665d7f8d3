/**
 * Message → Block Kit. People's words go into `plain_text`, where Slack neither pings, links nor formats;
 * where markup is needed they are escaped and `verbatim`. Lengths and counts stay within Slack's limits.
 */
import type { types } from '@slack/bolt';
import type { Button, Line, Link, Message } from '../types.ts';
import { codeText, cut, cutEscaped, escapeText, inertText } from './escape.ts';

/** Slack's limits: blocks of a message; characters of a text, header, button, field; fields of a section. */
const limits = {
  blocks: 50,
  text: 3000,
  header: 150,
  button: 75,
  field: 2000,
  fields: 10,
  buttons: 25,
  url: 3000,
};

export type Formatted = { text: string; blocks: types.KnownBlock[] };
export type FormatOptions = {
  /** Slack id of the uploaded file that `picture.file` names; without it the picture is left out. */
  pictureId?: string;
  /** Only a new message may call someone. */
  mention?: boolean;
};

/** How a message is shown; `text` is what notifications and screen readers get. */
export function formatMessage(message: Message, options: FormatOptions = {}): Formatted {
  const buttons = buttonBlocks(message.buttons ?? []);
  const blocks: types.KnownBlock[] = [
    ...(options.mention && message.mention ? mentionBlocks(message.mention) : []),
    ...(message.title?.trim() ? [header(`${toneMark[message.tone]} ${message.title}`.trim())] : []),
    ...lineBlocks(message.lines ?? []),
    ...fieldBlocks(message.fields ?? []),
    ...linkBlocks(message.links ?? []),
    ...pictureBlocks(message.picture, options.pictureId),
    ...(message.footer?.trim() ? [small(message.footer)] : []),
  ];
  const shown = [...blocks.slice(0, limits.blocks - buttons.length), ...buttons];
  const text = notificationText(message, options);
  return { text, blocks: shown.length > 0 ? shown : [plain('…')] };
}

/** Slack has no coloured cards with blocks; a mark in front says the same. */
const toneMark: Record<Message['tone'], string> = { neutral: '', working: '⏳', good: '✅', bad: '⚠️' };

function notificationText(message: Message, { mention }: FormatOptions): string {
  const words = [message.title, ...(message.lines ?? []).map(({ text }) => text)].filter(Boolean).join(' – ');
  const called = mention && message.mention ? `${userMention(message.mention)} `.trimStart() : '';
  return called + (cutEscaped(words, limits.text, inertText) || '…');
}

function mentionBlocks(user: string): types.KnownBlock[] {
  const mention = userMention(user);
  return mention ? [{ type: 'section', text: { type: 'mrkdwn', text: mention } }] : [];
}

/** Only what is a Slack user id becomes a mention: nothing else can be smuggled in by it. */
function userMention(user: string): string {
  return /^[UW][A-Z0-9]{2,20}$/.test(user) ? `<@${user}>` : '';
}

function header(text: string): types.KnownBlock {
  return {
    type: 'header',
    text: { type: 'plain_text', text: cut(oneLine(text), limits.header), emoji: false },
  };
}

function plain(text: string): types.KnownBlock {
  return { type: 'section', text: { type: 'plain_text', text: cut(text, limits.text), emoji: false } };
}

function markup(text: string): types.KnownBlock {
  return { type: 'section', text: { type: 'mrkdwn', text, verbatim: true } };
}

function small(text: string): types.KnownBlock {
  return { type: 'context', elements: [{ type: 'plain_text', text: cut(text, limits.text), emoji: false }] };
}

/** Neighbours of one style share a block, so that a long answer stays under the limit of blocks. */
function lineBlocks(lines: readonly Line[]): types.KnownBlock[] {
  const groups: { style: NonNullable<Line['style']>; texts: string[] }[] = [];
  for (const { text, style = 'plain' } of lines) {
    if (!text.trim()) continue;
    const last = groups.at(-1);
    const fits = last && last.texts.join('\n').length + text.length < limits.text / 2;
    if (last && fits && last.style === style && style !== 'bar') last.texts.push(text);
    else groups.push({ style, texts: [text] });
  }
  return groups.map(({ style, texts }) => drawn[style](texts.join('\n')));
}

const drawn: Record<NonNullable<Line['style']>, (text: string) => types.KnownBlock> = {
  plain,
  small,
  strong: (text) => markup(bold(text, limits.text)),
  quote: (text) => markup(cutEscaped(text, limits.text, quoted)),
  bar: (text) => markup(cutEscaped(oneLine(text), limits.text, codeText)),
};

/** Bold by lines; a star of the text's own would end it. */
function bold(text: string, most: number): string {
  const escape = (words: string): string =>
    escapeText(words.replaceAll('*', '∗'))
      .split('\n')
      .map((line) => (line.trim() ? `*${line.trim()}*` : ''))
      .join('\n');
  return cutEscaped(text, most, escape);
}

function quoted(text: string): string {
  return text
    .split('\n')
    .map((line) => `>${escapeText(line)}`)
    .join('\n');
}

function fieldBlocks(fields: NonNullable<Message['fields']>): types.KnownBlock[] {
  const blocks: types.KnownBlock[] = [];
  for (let start = 0; start < fields.length; start += limits.fields) {
    blocks.push({
      type: 'section',
      fields: fields.slice(start, start + limits.fields).map(({ name, value }) => {
        const label = bold(oneLine(name), 200);
        return {
          type: 'mrkdwn' as const,
          verbatim: true,
          text: `${label}\n${cutEscaped(value, limits.field - label.length - 1) || '–'}`,
        };
      }),
    });
  }
  return blocks;
}

function linkBlocks(links: readonly Link[]): types.KnownBlock[] {
  const made = links.map(({ label, url }) => linkMarkup(label, url)).filter((link) => link !== null);
  return made.length > 0 ? [markup(cutLines(made, limits.text))] : [];
}

/** Null for what is no web address. */
function linkMarkup(label: string, url: string): string | null {
  const address = webAddress(url);
  if (!address) return null;
  const words = cutEscaped(oneLine(label).replaceAll('|', '∣'), 200);
  return `<${escapeText(address)}|${words || 'link'}>`;
}

/** As a browser writes it, without what could end Slack's link markup. */
function webAddress(url: string): string | null {
  if (!URL.canParse(url)) return null;
  const { href, protocol } = new URL(url);
  if (!['http:', 'https:'].includes(protocol) || href.length > limits.url) return null;
  return href.replaceAll('|', '%7C').replaceAll('<', '%3C').replaceAll('>', '%3E');
}

function cutLines(lines: readonly string[], most: number): string {
  const kept: string[] = [];
  for (const line of lines) {
    if ([...kept, line].join('\n').length > most) break;
    kept.push(line);
  }
  return kept.join('\n');
}

function pictureBlocks(picture: Message['picture'], pictureId: string | undefined): types.KnownBlock[] {
  if (!picture) return [];
  const alt_text = cut(picture.alt || 'picture', 2000);
  const address = picture.url ? webAddress(picture.url) : null;
  if (pictureId) return [{ type: 'image', slack_file: { id: pictureId }, alt_text }];
  return address ? [{ type: 'image', image_url: address, alt_text }] : [];
}

function buttonBlocks(buttons: readonly Button[]): types.KnownBlock[] {
  const elements = buttons.slice(0, limits.buttons).flatMap((button, index): types.Button[] => {
    const text = {
      type: 'plain_text' as const,
      text: cut(oneLine(button.label), limits.button),
      emoji: true,
    };
    if (button.kind === 'link') {
      const url = webAddress(button.url);
      return url ? [{ type: 'button' as const, action_id: `link:${index}`, text, url }] : [];
    }
    const { confirm, style } = button;
    return [
      {
        type: 'button' as const,
        action_id: `act:${index}`,
        text,
        value: button.action,
        ...(style === 'plain' ? {} : { style }),
        ...(confirm ? { confirm: confirmDialog(confirm) } : {}),
      },
    ];
  });
  return elements.length > 0 ? [{ type: 'actions', elements }] : [];
}

function confirmDialog({ title, text, yes, no }: { title: string; text: string; yes: string; no: string }) {
  const words = (value: string, most: number) => ({ type: 'plain_text' as const, text: cut(value, most) });
  return { title: words(title, 100), text: words(text, 300), confirm: words(yes, 30), deny: words(no, 30) };
}

function oneLine(text: string): string {
  return text.replaceAll(/\s+/g, ' ').trim();
}
