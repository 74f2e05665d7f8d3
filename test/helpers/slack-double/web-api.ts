/** The Web API methods of the loopback Slack: arguments in, an `ok` object out, with Slack's own error names. */
import { randomUUID } from 'node:crypto';
import { blockFaults, textFaults } from './block-rules.ts';
import type { SlackBlock, SlackMessage, SlackView } from './types.ts';
import { fileObject, messageObject, TRIGGER_MS, type Workspace } from './workspace.ts';

type Args = Record<string, string>;
type Answer = Record<string, unknown>;
export type WebApiDeps = {
  workspace: Workspace;
  baseUrl: () => string;
  /** Address of a fresh socket; each is good for one connection. */
  newSocketUrl: () => string;
};

export class SlackRefusal extends Error {
  readonly details: Answer;
  constructor(error: string, details: Answer = {}) {
    super(error);
    this.details = details;
  }
}
const refuse = (error: string, details?: Answer): never => {
  throw new SlackRefusal(error, details);
};

/** Every method by name. They throw SlackRefusal for what Slack answers `ok: false`. */
export function webApi({
  workspace,
  baseUrl,
  newSocketUrl,
}: WebApiDeps): Record<string, (args: Args) => Answer> {
  const { bot, team } = workspace;

  const place = (id: string | undefined) => {
    const channel = workspace.channels.get(id ?? '') ?? refuse('channel_not_found');
    if (!channel.botIsMember) refuse(channel.isPrivate ? 'channel_not_found' : 'not_in_channel');
    return channel;
  };
  const content = (args: Args): Pick<SlackMessage, 'text' | 'blocks' | 'metadata'> => {
    const blocks = args['blocks'] ? (JSON.parse(args['blocks']) as SlackBlock[]) : [];
    const text = args['text'] ?? '';
    if (!text && blocks.length === 0) refuse('no_text');
    if (text.length > 40_000) refuse('msg_too_long');
    const faults = blockFaults(blocks, 'message');
    for (const block of blocks) {
      const file = (block['slack_file'] as { id?: string } | undefined)?.id;
      if (file && !workspace.files.has(file)) faults.push(`slack_file ${file} is unknown`);
    }
    if (faults.length > 0) refuse('invalid_blocks', { errors: faults });
    const metadata = args['metadata']
      ? (JSON.parse(args['metadata']) as SlackMessage['metadata'])
      : undefined;
    return { text, blocks, ...(metadata ? { metadata } : {}) };
  };
  /** History comes newest first, a thread oldest first. */
  const page = (args: Args, of: (message: SlackMessage) => boolean, newestFirst: boolean): Answer => {
    place(args['channel']);
    const oldest = Number(args['oldest'] ?? 0);
    const limit = Math.min(Number(args['limit'] ?? 100), 999);
    const all = workspace.messages.filter((message) => of(message) && Number(message.ts) >= oldest);
    if (newestFirst) all.reverse();
    const start = Number(args['cursor'] ?? 0);
    const withMetadata = args['include_all_metadata'] === 'true';
    const shown = all.slice(start, start + limit).map((message) => {
      const { metadata, ...rest } = messageObject(message, bot) as { metadata?: unknown };
      return withMetadata && metadata ? { ...rest, metadata } : rest;
    });
    const more = start + limit < all.length;
    return {
      messages: shown,
      has_more: more,
      response_metadata: { next_cursor: more ? String(start + limit) : '' },
    };
  };
  const readView = (args: Args): Omit<SlackView, 'id' | 'user' | 'closed'> => {
    const view = JSON.parse(args['view'] ?? '{}') as Partial<SlackView> & { type?: string };
    const faults = [
      ...blockFaults(view.blocks ?? [], 'modal'),
      ...textFaults(view.title, 24),
      ...(view.submit ? textFaults(view.submit, 24) : []),
      ...((view.private_metadata ?? '').length > 3000 ? ['private_metadata over 3000 characters'] : []),
      ...((view.callback_id ?? '').length > 255 ? ['callback_id over 255 characters'] : []),
      ...(view.type === 'modal' ? [] : ['type must be modal']),
      ...(view.blocks?.some((block) => block.type === 'input') && !view.submit
        ? ['inputs without submit']
        : []),
    ];
    if (faults.length > 0) refuse('invalid_arguments', { response_metadata: { messages: faults } });
    return {
      callback_id: view.callback_id ?? '',
      private_metadata: view.private_metadata ?? '',
      title: view.title!,
      submit: view.submit ?? { type: 'plain_text', text: 'Submit' },
      blocks: view.blocks ?? [],
    };
  };

  return {
    'auth.test': () => ({
      url: `${baseUrl()}/`,
      team: 'Loopback',
      user: bot.name,
      team_id: team,
      user_id: bot.userId,
      bot_id: bot.botId,
    }),
    'apps.connections.open': () => ({ url: newSocketUrl() }),
    'chat.postMessage': (args) => {
      const channel = place(args['channel']);
      if (args['thread_ts'] && !workspace.find(channel.id, args['thread_ts'])) refuse('thread_not_found');
      const message: SlackMessage = {
        channel: channel.id,
        ts: workspace.nextTs(),
        user: bot.userId,
        ...content(args),
        ...(args['thread_ts'] ? { thread_ts: args['thread_ts'] } : {}),
        files: [],
        edits: 0,
        earlier: [],
      };
      workspace.messages.push(message);
      return { channel: channel.id, ts: message.ts, message: messageObject(message, bot) };
    },
    'chat.update': (args) => {
      const channel = place(args['channel']);
      const message = workspace.find(channel.id, args['ts'] ?? '') ?? refuse('message_not_found');
      if (message.user !== bot.userId) refuse('cant_update_message');
      const next = content(args);
      message.earlier.push({ until: Date.now(), text: message.text, blocks: message.blocks });
      Object.assign(message, next);
      message.edits += 1;
      return { channel: channel.id, ts: message.ts, text: message.text };
    },
    'chat.postEphemeral': (args) => {
      const channel = place(args['channel']);
      const ts = workspace.nextTs();
      if (!workspace.users.has(args['user'] ?? '')) refuse('user_not_in_channel');
      workspace.ephemerals.push({
        channel: channel.id,
        ts,
        user: bot.userId,
        ...content(args),
        files: [],
        edits: 0,
        earlier: [],
        onlyFor: args['user']!,
      });
      return { message_ts: ts };
    },
    'views.open': (args) => {
      const trigger = workspace.triggers.get(args['trigger_id'] ?? '') ?? refuse('invalid_trigger_id');
      if (Date.now() - trigger.at > TRIGGER_MS) refuse('expired_trigger_id');
      if (trigger.used) refuse('exchanged_trigger_id');
      const read = readView(args);
      trigger.used = true;
      const view: SlackView = {
        id: `V${randomUUID().slice(0, 9).toUpperCase()}`,
        user: trigger.user,
        closed: false,
        ...read,
      };
      workspace.views.set(view.id, view);
      return { view: { ...view, hash: '1' } };
    },
    'views.update': (args) => {
      const view = workspace.views.get(args['view_id'] ?? '') ?? refuse('not_found');
      Object.assign(view, readView(args));
      return { view };
    },
    'conversations.info': (args) => {
      const channel = workspace.channels.get(args['channel'] ?? '') ?? refuse('channel_not_found');
      if (channel.isPrivate && !channel.botIsMember) refuse('channel_not_found');
      return { channel: { id: channel.id, name: channel.name, is_member: channel.botIsMember } };
    },
    'conversations.history': (args) =>
      page(
        args,
        (message) => message.channel === args['channel'] && (message.thread_ts ?? message.ts) === message.ts,
        true,
      ),
    'conversations.replies': (args) => {
      if (!workspace.find(args['channel'] ?? '', args['ts'] ?? '')) refuse('thread_not_found');
      return page(
        args,
        (message) =>
          message.channel === args['channel'] &&
          (message.ts === args['ts'] || message.thread_ts === args['ts']),
        false,
      );
    },
    'conversations.open': (args) => {
      const user = args['users'] ?? '';
      if (!workspace.users.has(user)) refuse('user_not_found');
      const id = `D${user.slice(1)}`;
      if (!workspace.channels.has(id)) workspace.addChannel(id, { isPrivate: true });
      return { channel: { id } };
    },
    'users.info': (args) => {
      const user = workspace.users.get(args['user'] ?? '') ?? refuse('user_not_found');
      const locale = args['include_locale'] === 'true' ? { locale: user.locale } : {};
      return {
        user: {
          id: user.id,
          name: user.name,
          is_admin: false,
          profile: { display_name: user.name },
          ...locale,
        },
      };
    },
    'usergroups.list': (args) => ({
      usergroups: [...workspace.groups].map(([id, users]) => ({
        id,
        handle: id.toLowerCase(),
        ...(args['include_users'] === 'true' ? { users } : {}),
      })),
    }),
    'usergroups.users.list': (args) => ({
      users: workspace.groups.get(args['usergroup'] ?? '') ?? refuse('no_such_subteam'),
    }),
    'files.getUploadURLExternal': (args) => {
      const length = Number(args['length']);
      if (!args['filename'] || !(length > 0)) refuse('invalid_arguments');
      const id = `F${randomUUID().slice(0, 9).toUpperCase()}`;
      workspace.pendingUploads.set(id, { name: args['filename']!, length, bytes: null });
      return { file_id: id, upload_url: `${baseUrl()}/upload/${id}` };
    },
    'files.completeUploadExternal': (args) => {
      const wanted = JSON.parse(args['files'] ?? '[]') as { id: string; title?: string }[];
      const channel = args['channel_id'] ? place(args['channel_id']) : null;
      const done = wanted.map(({ id, title }) => {
        const upload = workspace.pendingUploads.get(id) ?? refuse('file_not_found');
        const bytes = upload.bytes ?? refuse('file_not_found');
        workspace.pendingUploads.delete(id);
        const url = `${baseUrl()}/files-pri/${id}/${encodeURIComponent(upload.name)}`;
        const file = {
          id,
          name: upload.name,
          title: title ?? upload.name,
          mimetype: 'application/octet-stream',
          size: bytes.length,
          bytes,
          url_private_download: url,
        };
        workspace.files.set(id, file);
        return file;
      });
      if (channel) {
        if (args['thread_ts'] && !workspace.find(channel.id, args['thread_ts'])) refuse('thread_not_found');
        workspace.messages.push({
          channel: channel.id,
          ts: workspace.nextTs(),
          user: bot.userId,
          text: args['initial_comment'] ?? '',
          blocks: [],
          files: done,
          edits: 0,
          earlier: [],
          ...(args['thread_ts'] ? { thread_ts: args['thread_ts'] } : {}),
        });
      }
      return { files: done.map(fileObject) };
    },
  };
}
