/** Messages of the loopback Discord: posted, edited, removed and shown as the API shows them. */
import { checkMessage } from './limits.ts';
import type { UploadedFile } from './request-body.ts';
import {
  APPLICATION_ID,
  BOT_USER_ID,
  DiscordFault,
  GUILD_ID,
  type DoubleAttachment,
  type DoubleChannel,
  type DoubleMessage,
  type DoubleState,
  type MessageBody,
} from './state.ts';

type Json = Record<string, unknown>;
export const EPHEMERAL = 64;
export const LOADING = 128;
const OLD_MS = 3600_000;
/** How long a nonce is remembered, ms. */
const NONCE_MS = 5 * 60_000;

export type MessageOrigin = {
  channel: DoubleChannel;
  flags?: number;
  ephemeralFor?: string | null;
  interaction?: string | null;
};

/** @throws {DiscordFault} for content that is refused */
export function createMessage(
  state: DoubleState,
  cdn: string,
  json: Json,
  files: UploadedFile[],
  origin: MessageOrigin,
): DoubleMessage {
  const nonce = json['nonce'] === undefined || json['nonce'] === null ? null : String(json['nonce']);
  if (nonce !== null && nonce.length > 25)
    throw new DiscordFault(400, 50035, 'Invalid Form Body: nonce Must be 25 or fewer in length.');
  if (nonce !== null && json['enforce_nonce']) {
    const twin = [...state.messages.values()].find(
      (other) =>
        other.nonce === nonce &&
        other.channel === origin.channel.id &&
        state.now() - other.createdAt < NONCE_MS,
    );
    if (twin) return twin;
  }
  const id = state.newId();
  const attachments = keepFiles(state, cdn, json, files, origin.channel, id, []);
  const body = bodyOf(json, { content: '', embeds: [], components: [] });
  const flags = (origin.flags ?? 0) | (Number(json['flags'] ?? 0) & EPHEMERAL);
  if (!(flags & LOADING)) checkMessage(body, attachments.length);
  const message: DoubleMessage = {
    id,
    channel: origin.channel.id,
    author: BOT_USER_ID,
    createdAt: state.now(),
    editedAt: null,
    body,
    attachments,
    flags,
    ephemeralFor: origin.ephemeralFor ?? null,
    interaction: origin.interaction ?? null,
    reference:
      ((json['message_reference'] as Json | undefined)?.['message_id'] as string | undefined) ?? null,
    nonce,
    deleted: false,
    history: [{ at: state.now(), body, attachments }],
    pings: flags & LOADING ? [] : pingsOf(body.content, json['allowed_mentions'] as Json | undefined),
  };
  state.messages.set(id, message);
  return message;
}

/** What the body names is replaced, the rest stays; edits notify nobody. @throws {DiscordFault} 30046, 50035 */
export function editMessage(
  state: DoubleState,
  cdn: string,
  message: DoubleMessage,
  json: Json,
  files: UploadedFile[],
): DoubleMessage {
  if (!(message.flags & LOADING) && state.now() - message.createdAt > OLD_MS)
    throw new DiscordFault(
      400,
      30046,
      'Maximum number of edits to messages older than 1 hour reached. Try again later.',
    );
  const channel = state.channels.get(message.channel)!;
  const kept =
    json['attachments'] === undefined
      ? message.attachments
      : message.attachments.filter(({ id }) =>
          (json['attachments'] as Json[]).some((entry) => String(entry['id']) === id),
        );
  const attachments = [...kept, ...keepFiles(state, cdn, json, files, channel, message.id, kept)];
  const body = bodyOf(json, message.body);
  checkMessage(body, attachments.length);
  if (message.flags & LOADING)
    message.pings = pingsOf(body.content, json['allowed_mentions'] as Json | undefined);
  message.flags &= ~LOADING;
  message.body = body;
  message.attachments = attachments;
  message.editedAt = state.now();
  message.history.push({ at: state.now(), body, attachments });
  return message;
}

/** A message people still see. @throws {DiscordFault} 10008 */
export function presentMessage(state: DoubleState, id: string): DoubleMessage {
  const message = state.messages.get(id);
  if (!message || message.deleted) throw new DiscordFault(404, 10008, 'Unknown Message');
  return message;
}

export function messageJson(state: DoubleState, message: DoubleMessage): Json {
  return {
    id: message.id,
    type: message.interaction ? 20 : 0,
    channel_id: message.channel,
    author: {
      id: message.author,
      username: message.author === BOT_USER_ID ? 'Gen Scene Studio' : 'someone',
      discriminator: '0',
      avatar: null,
      bot: message.author === BOT_USER_ID,
      global_name: null,
    },
    ...message.body,
    attachments: message.attachments.map(({ bytes: _bytes, ...rest }) => rest),
    timestamp: new Date(message.createdAt).toISOString(),
    edited_timestamp: message.editedAt === null ? null : new Date(message.editedAt).toISOString(),
    tts: false,
    mention_everyone: false,
    mentions: [],
    mention_roles: [],
    pinned: false,
    flags: message.flags,
    ...(message.author === BOT_USER_ID ? { application_id: APPLICATION_ID } : {}),
    ...(message.interaction ? { webhook_id: APPLICATION_ID } : {}),
    ...(message.reference
      ? {
          message_reference: {
            message_id: message.reference,
            channel_id: message.channel,
            guild_id: GUILD_ID,
          },
        }
      : {}),
  };
}

/** Masked links a reader could click in a message: `[text](address)`, not escaped nor in code. */
export function maskedLinks(body: MessageBody): string[] {
  const texts = [
    body.content,
    ...body.embeds.flatMap((embed) => [
      embed['description'],
      ...((embed['fields'] as Json[] | undefined) ?? []).flatMap((field) => [field['name'], field['value']]),
    ]),
  ];
  return texts.flatMap((text) =>
    [
      ...String(text ?? '')
        .replace(/(?<!\\)`[^`]*`/g, '')
        .matchAll(/(?<!\\)\[(?:\\.|[^\]\\])+\]\((https?:[^)\s]+)\)/g),
    ].map((match) => match[1]!),
  );
}

function bodyOf(json: Json, before: MessageBody): MessageBody {
  const pick = <T>(name: string, fallback: T): T =>
    json[name] === undefined ? fallback : ((json[name] ?? (Array.isArray(fallback) ? [] : '')) as T);
  return {
    content: pick('content', before.content),
    embeds: pick('embeds', before.embeds),
    components: pick('components', before.components),
  };
}

function keepFiles(
  state: DoubleState,
  cdn: string,
  json: Json,
  files: UploadedFile[],
  channel: DoubleChannel,
  messageId: string,
  kept: readonly DoubleAttachment[],
): DoubleAttachment[] {
  const declared = (json['attachments'] as Json[] | undefined) ?? [];
  const unknown = declared.filter(
    (entry) =>
      !kept.some(({ id }) => id === String(entry['id'])) &&
      !files.some(({ index }) => index === Number(entry['id'])),
  );
  if (unknown.length > 0)
    throw new DiscordFault(400, 50035, 'Invalid Form Body: attachments Attachment data not found');
  return files.map((file) => {
    if (file.bytes.length > channel.attachmentLimit)
      throw new DiscordFault(413, 40005, 'Request entity too large');
    const entry = declared.find(({ id }) => Number(id) === file.index);
    return keepAttachment(state, cdn, `${channel.id}/${messageId}`, {
      filename: String(entry?.['filename'] ?? file.filename),
      contentType: file.contentType,
      bytes: file.bytes,
    });
  });
}

/** Files on the CDN, behind addresses that end after a day. */
export function keepAttachment(
  state: DoubleState,
  cdn: string,
  folder: string,
  file: { filename: string; contentType: string; bytes: Buffer },
): DoubleAttachment {
  const id = state.newId();
  const until = Math.floor((state.now() + 86_400_000) / 1000).toString(16);
  const url = `${cdn}/attachments/${folder}/${encodeURIComponent(file.filename)}?ex=${until}&is=${id}&hm=${'0'.repeat(32)}`;
  const attachment = {
    id,
    filename: file.filename,
    content_type: file.contentType,
    size: file.bytes.length,
    url,
    bytes: file.bytes,
  };
  state.attachments.set(`/attachments/${folder}/${encodeURIComponent(file.filename)}?${id}`, attachment);
  return attachment;
}

/** Who is notified by the content of a new message. Without `allowed_mentions` everyone named is. */
function pingsOf(content: string, allowed: Json | undefined): string[] {
  const parse =
    (allowed?.['parse'] as string[] | undefined) ?? (allowed ? [] : ['users', 'roles', 'everyone']);
  const users = [...content.matchAll(/<@!?(\d+)>/g)].map((match) => match[1]!);
  const roles = [...content.matchAll(/<@&(\d+)>/g)].map((match) => match[1]!);
  const named = (list: unknown, id: string): boolean => Array.isArray(list) && list.includes(id);
  return [
    ...users.filter((id) => parse.includes('users') || named(allowed?.['users'], id)),
    ...roles.filter((id) => parse.includes('roles') || named(allowed?.['roles'], id)),
    ...(/@(everyone|here)/.test(content) && parse.includes('everyone') ? ['everyone'] : []),
  ];
}
