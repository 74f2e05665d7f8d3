/** Message → what Discord's API takes: one embed, rows of buttons, files; everything within its limits. */
import type { RawFile } from 'discord.js';
import type { Attachment, Button, Line, Link, Message } from '../types.ts';
import { askingAction, markedAction, markedAddress, markedFooter, nonceOf } from './message-key.ts';
import { codeText, cut, escapeText, plainText } from './text.ts';

/** Body of a message request; `files` go beside it as multipart. */
export type MessageBody = {
  content: string;
  embeds: object[];
  components: object[];
  attachments: { id: number | string; filename?: string; description?: string }[];
  allowed_mentions: { parse: never[]; users: string[] };
};

const COLOURS = { neutral: 0x5865f2, working: 0xf0a020, good: 0x3ba55d, bad: 0xed4245 } as const;
const MOST = { title: 256, description: 4096, fields: 25, name: 256, value: 1024, footer: 2048, all: 6000 };
const BUTTON = 2;
const ROW = 1;
const LINK_STYLE = 5;
const STYLES = { primary: 1, plain: 2, danger: 4 } as const;

/**
 * The whole message: what it does not say is removed by an edit. Mentions stay inactive but for the
 * one of `message.mention`, where `mentions` allows it (edits notify nobody anyway).
 */
export function formatMessage(
  message: Message,
  { mentions, kept = [] }: { mentions: boolean; kept?: readonly KeptFile[] },
): MessageBody {
  const user = mentions ? message.mention : undefined;
  const components = rowsOf(message);
  return {
    content: user ? `<@${user}>` : '',
    embeds: embedsOf(message, components.length > 0),
    components,
    attachments: [
      ...(message.files ?? []).flatMap((file) => keptFile(file, kept)?.id ?? []).map((id) => ({ id })),
      ...newFiles(message, kept).map((file, id) => ({
        id,
        filename: fileName(file),
        ...(file.alt ? { description: cut(plainText(file.alt), 1024) } : {}),
      })),
    ],
    allowed_mentions: { parse: [], users: user ? [user] : [] },
  };
}

/** The same for a new message in a channel: sent twice with one key, Discord keeps one. */
export function formatPost(message: Message): MessageBody & { nonce?: string; enforce_nonce?: boolean } {
  const body = formatMessage(message, { mentions: true });
  return message.key === undefined ? body : { ...body, nonce: nonceOf(message.key), enforce_nonce: true };
}

/** Reads the files of a message for upload, but for those it has already. @throws whatever opening them throws */
export async function loadFiles(
  message: Message,
  signal: AbortSignal,
  kept: readonly KeptFile[] = [],
): Promise<RawFile[]> {
  return Promise.all(newFiles(message, kept).map((file) => loadFile(file, signal)));
}

/** A file that a message has already, as the API shows it. */
export type KeptFile = { id: string; filename: string; size: number };

function newFiles(message: Message, kept: readonly KeptFile[]): Attachment[] {
  return (message.files ?? []).filter((file) => !keptFile(file, kept));
}

function keptFile(file: Attachment, kept: readonly KeptFile[]): KeptFile | undefined {
  return kept.find(({ filename, size }) => filename === fileName(file) && size === file.size);
}

async function loadFile(file: Attachment, signal: AbortSignal): Promise<RawFile> {
  const stream = await file.open();
  const chunks: Buffer[] = [];
  const onAbort = (): void => void stream.destroy(new Error('Cancelled.'));
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    for await (const chunk of stream) chunks.push(Buffer.from(chunk as Uint8Array));
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
  return { name: fileName(file), data: Buffer.concat(chunks), contentType: file.contentType };
}

/** Discord changes names with other signs, and `attachment://` would no longer find them. */
function fileName({ name }: Attachment): string {
  return (
    name
      .normalize('NFKD')
      .replace(/[^\w.-]+/g, '_')
      .slice(-100) || 'file'
  );
}

function embedsOf(message: Message, hasButtons: boolean): object[] {
  let left = MOST.all;
  const take = (text: string, most: number): string => {
    const taken = cut(text, Math.max(0, Math.min(most, left)));
    left -= taken.length;
    return taken;
  };
  const hidesKey =
    message.key !== undefined && !(hasButtons && message.buttons?.some(({ kind }) => kind === 'action'));
  const links = linkLines(message.links ?? [], MOST.description / 2, hidesKey ? message.key : undefined);
  const footerText =
    hidesKey && !links.isMarked
      ? markedFooter(message.footer && cut(plainText(message.footer), MOST.footer - 32), message.key!)
      : message.footer && plainText(message.footer);
  const title = message.title ? take(escapeText(message.title), MOST.title) : '';
  const footer = footerText ? take(footerText, MOST.footer) : '';
  left -= links.text.length + 1;
  const lines = take(
    (message.lines ?? []).map(lineText).join('\n'),
    MOST.description - links.text.length - 1,
  );
  const description = [lines, links.text].filter(Boolean).join('\n');
  const fields = (message.fields ?? [])
    .slice(0, MOST.fields)
    .map(({ name, value }) => ({
      name: take(escapeText(name) || '\u200b', MOST.name),
      value: take(escapeText(value) || '\u200b', MOST.value),
      inline: true,
    }))
    .filter(({ name, value }) => name && value);
  const image = pictureOf(message);
  if (!title && !description && fields.length === 0 && !image && !footer) return [];
  return [
    {
      color: COLOURS[message.tone],
      ...(title ? { title } : {}),
      ...(description ? { description } : {}),
      ...(fields.length > 0 ? { fields } : {}),
      ...(image ? { image: { url: image } } : {}),
      ...(footer ? { footer: { text: footer } } : {}),
    },
  ];
}

function lineText({ text, style = 'plain' }: Line): string {
  const escaped = escapeText(text);
  switch (style) {
    case 'strong':
      return `**${escaped}**`;
    case 'small':
      return escaped.replace(/^/gm, '-# ');
    case 'quote':
      return escaped.replace(/^/gm, '> ');
    case 'bar':
      return codeText(text);
    case 'plain':
      return escaped;
  }
}

/** Whole links or none: half an address leads elsewhere. The first that can carries the key, if there is one. */
function linkLines(
  links: readonly Link[],
  most: number,
  key: string | undefined,
): { text: string; isMarked: boolean } {
  let text = '';
  let isMarked = false;
  for (const { label, url } of links) {
    const plain = webAddress(url);
    if (!plain) continue;
    const marked: string | null = key === undefined || isMarked ? null : markedAddress(plain, key);
    const address = marked ?? plain;
    const line = `[${escapeText(cut(label, 200))}](${address})`;
    if (text.length + line.length + 1 > most) break;
    text = text ? `${text}\n${line}` : line;
    isMarked ||= marked !== null;
  }
  return { text, isMarked };
}

/** Null for anything but http(s); signs that would end the link are encoded. */
function webAddress(url: string): string | null {
  if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol)) return null;
  return new URL(url).href.replaceAll('(', '%28').replaceAll(')', '%29');
}

function pictureOf({ picture, files = [] }: Message): string | null {
  if (!picture) return null;
  const file = files.find(({ name }) => name === picture.file);
  return file ? `attachment://${fileName(file)}` : picture.url ? webAddress(picture.url) : null;
}

/** Rows of five, five rows; what is beyond is left out. */
function rowsOf(message: Message): object[] {
  const buttons = (message.buttons ?? [])
    .flatMap((button) => buttonOf(button, message.key) ?? [])
    .slice(0, 25);
  return Array.from({ length: Math.ceil(buttons.length / 5) }, (_, row) => ({
    type: ROW,
    components: buttons.slice(row * 5, row * 5 + 5),
  }));
}

function buttonOf(button: Button, key: string | undefined): object | null {
  const label = cut(plainText(button.label), 80);
  if (button.kind === 'action') {
    const action = button.confirm ? askingAction(button.action) : button.action;
    return { type: BUTTON, style: STYLES[button.style], label, custom_id: markedAction(action, key) };
  }
  const url = webAddress(button.url);
  return url && url.length <= 512 ? { type: BUTTON, style: LINK_STYLE, label, url } : null;
}
