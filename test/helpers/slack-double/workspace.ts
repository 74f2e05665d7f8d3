/** What the loopback Slack remembers: people, channels, messages, files, modals, triggers and response addresses. */
import { randomUUID } from 'node:crypto';
import type { SlackChannel, SlackFile, SlackMessage, SlackUser, SlackView } from './types.ts';

/** A trigger lives three seconds and opens one modal. */
export const TRIGGER_MS = 3000;
/** A response address takes five answers within half an hour. */
const RESPONSE_USES = 5;

export type Workspace = ReturnType<typeof createWorkspace>;

export function createWorkspace(baseUrl: () => string) {
  const messages: SlackMessage[] = [];
  const ephemerals: SlackMessage[] = [];
  const files = new Map<string, SlackFile>();
  const pendingUploads = new Map<string, { name: string; length: number; bytes: Buffer | null }>();
  const views = new Map<string, SlackView>();
  const users = new Map<string, SlackUser>();
  const channels = new Map<string, SlackChannel>();
  const groups = new Map<string, string[]>();
  const triggers = new Map<string, { user: string; at: number; used: boolean }>();
  const responses = new Map<string, { channel: string; user: string; ts: string | null; uses: number }>();
  let lastTs = 0;

  return {
    team: 'T0000001',
    bot: { userId: 'UBOT00001', botId: 'BBOT00001', appId: 'A0000001', name: 'genscene' },
    messages,
    ephemerals,
    files,
    pendingUploads,
    views,
    users,
    channels,
    groups,
    triggers,
    responses,

    addUser(id: string, locale = 'en-US'): SlackUser {
      const user = { id, name: id.toLowerCase(), locale };
      users.set(id, user);
      return user;
    },
    addChannel(id: string, changes: Partial<SlackChannel> = {}): SlackChannel {
      const channel = { id, name: id.toLowerCase(), botIsMember: true, isPrivate: false, ...changes };
      channels.set(id, channel);
      return channel;
    },
    /** Seconds with six decimals, never the same twice. */
    nextTs(): string {
      lastTs = Math.max(Date.now() * 1000, lastTs + 1);
      return `${Math.floor(lastTs / 1e6)}.${String(lastTs % 1e6).padStart(6, '0')}`;
    },
    newTrigger(user: string): string {
      const id = `${Date.now()}.${randomUUID()}`;
      triggers.set(id, { user, at: Date.now(), used: false });
      return id;
    },
    newResponseUrl(channel: string, user: string, ts: string | null): string {
      const id = randomUUID();
      responses.set(id, { channel, user, ts, uses: RESPONSE_USES });
      return `${baseUrl()}/response/${id}`;
    },
    /** A file a person has uploaded, as it comes in a modal's values or in a message. */
    addFile(name: string, mimetype: string, bytes: Buffer): SlackFile {
      const id = `F${randomUUID().slice(0, 9).toUpperCase()}`;
      const url = `${baseUrl()}/files-pri/${id}/${encodeURIComponent(name)}`;
      const file = { id, name, title: name, mimetype, size: bytes.length, bytes, url_private_download: url };
      files.set(id, file);
      return file;
    },
    find(channel: string, ts: string): SlackMessage | undefined {
      return messages.find((message) => message.channel === channel && message.ts === ts);
    },
  };
}

/** A file as Slack shows it in payloads: without its bytes. */
export function fileObject({ bytes: _bytes, ...file }: SlackFile): Record<string, unknown> {
  return { ...file, url_private: file.url_private_download };
}

/** A message as Slack shows it in history and interaction payloads. */
export function messageObject(message: SlackMessage, bot: Workspace['bot']): Record<string, unknown> {
  const { channel: _channel, files, edits: _edits, earlier: _earlier, onlyFor: _onlyFor, ...rest } = message;
  const byBot = message.user === bot.userId ? { bot_id: bot.botId, app_id: bot.appId } : {};
  return { type: 'message', ...rest, ...byBot, files: files.map(fileObject) };
}
