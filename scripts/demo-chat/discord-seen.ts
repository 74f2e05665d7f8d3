/** The loopback Discord's messages as a reader sees them: embeds, Markdown, buttons, files. */
import type {
  DiscordDouble,
  DoubleAttachment,
  DoubleChannel,
  DoubleMessage,
  MessageBody,
} from '../../test/helpers/discord-double.ts';
import type { Entry, FormField, Part, SeenFile, SeenState, Words } from './seen.ts';

type Json = Record<string, unknown>;
const LOADING = 128;
const STYLES = { 1: 'primary', 2: 'plain', 3: 'primary', 4: 'danger', 5: 'link' } as const;

/** All messages of a channel, private ones too. `names`: of users by id. */
export function discordEntries(
  { state, botUserId }: DiscordDouble,
  channel: DoubleChannel,
  names: ReadonlyMap<string, string>,
): Entry[] {
  const messages = [...state.messages.values()].filter(
    (message) => message.channel === channel.id && !message.deleted && !(message.flags & LOADING),
  );
  return messages.map((message): Entry => {
    const interaction = message.interaction ? state.interactions.get(message.interaction) : undefined;
    return {
      kind: 'message',
      at: message.createdAt,
      author:
        message.author === botUserId ? 'Gen Scene Studio' : (names.get(message.author) ?? message.author),
      isBot: message.author === botUserId,
      onlyFor: message.ephemeralFor === null ? null : (names.get(message.ephemeralFor) ?? 'the asker'),
      answers: interaction ? (names.get(interaction.user) ?? 'someone') : null,
      directTo: null,
      inThread: false,
      states: statesOf(message, names),
    };
  });
}

/** A state that only says "thinking…" is left out. */
function statesOf({ history }: DoubleMessage, names: ReadonlyMap<string, string>): SeenState[] {
  return history
    .filter(({ body, attachments }) => body.content || body.embeds.length > 0 || attachments.length > 0)
    .map(({ at, body, attachments }) => stateOf(at, body, attachments, names));
}

function stateOf(
  at: number,
  body: MessageBody,
  attachments: readonly DoubleAttachment[],
  names: ReadonlyMap<string, string>,
): SeenState {
  const inEmbed = new Set<string>();
  const fileOf = (url: string): SeenFile | undefined => {
    const name = url.startsWith('attachment://') ? url.slice('attachment://'.length) : null;
    const found = attachments.find(({ filename }) => filename === name);
    if (found) inEmbed.add(found.filename);
    return found && { name: found.filename, bytes: found.bytes };
  };
  const parts = body.embeds.flatMap((embed) => embedParts(embed, fileOf));
  const rest = attachments
    .filter(({ filename }) => !inEmbed.has(filename))
    .map(({ filename, bytes }): Part => ({ kind: 'file', file: { name: filename, bytes } }));
  const content: Part[] = body.content
    ? [{ kind: 'line', style: 'plain', words: markdown(body.content, names) }]
    : [];
  const buttons = body.components.flatMap((row) => row['components'] as Json[]);
  const shownButtons: Part[] =
    buttons.length > 0
      ? [
          {
            kind: 'buttons',
            buttons: buttons.map(({ label, style }) => ({
              label: String(label),
              style: STYLES[style as keyof typeof STYLES],
            })),
          },
        ]
      : [];
  const colour = body.embeds[0]?.['color'];
  return {
    at,
    colour: typeof colour === 'number' ? `#${colour.toString(16).padStart(6, '0')}` : null,
    above: [...content, ...rest],
    parts: [...parts, ...shownButtons],
  };
}

function embedParts(embed: Json, fileOf: (url: string) => SeenFile | undefined): Part[] {
  const parts: Part[] = [];
  if (embed['title']) parts.push({ kind: 'title', words: markdown(String(embed['title'])) });
  for (const line of String(embed['description'] ?? '').split('\n')) {
    if (line.startsWith('-# ')) parts.push({ kind: 'line', style: 'small', words: markdown(line.slice(3)) });
    else if (line.startsWith('> '))
      parts.push({ kind: 'line', style: 'quote', words: markdown(line.slice(2)) });
    else if (line) parts.push({ kind: 'line', style: 'plain', words: markdown(line) });
  }
  const fields = (embed['fields'] as { name: string; value: string }[] | undefined) ?? [];
  if (fields.length > 0)
    parts.push({
      kind: 'fields',
      fields: fields.map(({ name, value }) => ({ name: markdown(name), value: markdown(value) })),
    });
  const image = (embed['image'] as { url: string } | undefined)?.url;
  if (image) {
    const file = fileOf(image);
    const alt = file?.name ?? new URL(image).pathname.split('/').at(-1)!;
    parts.push({ kind: 'picture', alt, ...(file ? { file } : { url: image }) });
  }
  const footer = (embed['footer'] as { text: string } | undefined)?.text;
  if (footer) parts.push({ kind: 'line', style: 'small', words: [{ text: footer }] });
  return parts;
}

/** Of Discord's Markdown what the bot uses; an escaped sign is itself. */
function markdown(text: string, names: ReadonlyMap<string, string> = new Map()): Words {
  const token =
    /\*\*((?:\\.|[^*\\])+)\*\*|`([^`]+)`|\[((?:\\.|[^\]\\])+)\]\((https?:[^)\s]+)\)|<@!?(\d+)>|\\(.)/gs;
  const words: Words = [];
  let end = 0;
  const plain = (piece: string): void => {
    const last = words.at(-1);
    if (piece === '') return;
    if (last && !last.mark) last.text += piece;
    else words.push({ text: piece });
  };
  for (const found of text.matchAll(token)) {
    plain(text.slice(end, found.index));
    end = found.index + found[0].length;
    const [, bold, code, label, url, user, escaped] = found;
    if (bold !== undefined) words.push({ text: unescape(bold), mark: 'bold' });
    else if (code !== undefined) words.push({ text: code, mark: 'code' });
    else if (label !== undefined) words.push({ text: unescape(label), mark: 'link', url: url! });
    else if (user !== undefined) words.push({ text: `@${names.get(user) ?? user}`, mark: 'mention' });
    else plain(escaped!);
  }
  plain(text.slice(end));
  return words;
}

function unescape(text: string): string {
  return text.replaceAll(/\\(.)/gs, '$1');
}

/** A modal as it was filled in. */
export function discordForm(
  modal: Record<string, unknown>,
  values: Record<string, string | { filename: string; bytes: Buffer }[]>,
): { title: string; submit: string; fields: FormField[] } {
  const fields = (modal['components'] as Json[]).map((row): FormField => {
    const input = row['component'] as Json;
    const given = values[String(input['custom_id'])] ?? input['value'] ?? '';
    const options = (input['options'] as { value: string; label: string }[] | undefined) ?? [];
    return {
      label: String(row['label']),
      hint: row['description'] === undefined ? null : String(row['description']),
      value: typeof given === 'string' ? (options.find(({ value }) => value === given)?.label ?? given) : '',
      files: Array.isArray(given)
        ? (given as { filename: string; bytes: Buffer }[]).map(({ filename, bytes }) => ({
            name: filename,
            bytes,
          }))
        : [],
    };
  });
  return { title: String(modal['title']), submit: 'Submit', fields };
}
