/**
 * From what Slack delivers to ChatHandlers. Everything is acknowledged first, whatever it costs after:
 * people see an error after three seconds, and a modal can be opened for as long.
 */
import type { App } from '@slack/bolt';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Asker, ChatHandlers, Form, Invocation, Press, SourceMessage } from '../types.ts';
import { readCommandText } from './command-text.ts';
import { plainText } from './escape.ts';
import { FORM_CALLBACK, formView, readFormContext, readFormValues, type ViewState } from './form.ts';
import { incomingFile, type FileAccess } from './incoming-files.ts';
import { createInvocation, type Answering, type PressFacts } from './invocation.ts';
import type { ActionBody, MentionEvent, MessageShortcutBody, SourceBody } from './payloads.ts';
import type { People } from './people.ts';
import { createSeen } from './replay-guard.ts';
import { slackText } from './texts.ts';

export const MESSAGE_SHORTCUT = 'make_video';
export const GLOBAL_SHORTCUT = 'new_video';
/** The command the global shortcut stands for. */
const NEW_FILM = 'video';
/** A press delivered twice comes again within this, ms. */
const REMEMBER_MS = 15 * 60_000;

export type Dispatch = {
  /** Takes no more presses and waits for those under way. */
  stop(patienceMs: number): Promise<void>;
};

export type DispatchOptions = {
  app: App;
  handlers: ChatHandlers;
  people: People;
  answering: Answering;
  files: FileAccess;
  botUser: () => string | null;
};

type Origin = {
  id: string;
  user: { id: string; name: string };
  team: string | null;
  channel: string;
  thread: string | null;
};

export function dispatch(options: DispatchOptions): Dispatch {
  const { app, handlers, people, answering, files, botUser } = options;
  const { log, client } = answering;
  const seen = createSeen(REMEMBER_MS);
  const underWay = new Set<Promise<void>>();
  let stopped = false;

  app.command(/.*/, async ({ command, ack }) => {
    const origin: Origin = {
      id: `slack:${command.trigger_id}`,
      user: { id: command.user_id, name: command.user_name },
      team: command.team_id || null,
      channel: command.channel_id,
      thread: null,
    };
    await take(origin.id, ack, async () => {
      const read = readCommandText(handlers.commands, command.command.replace(/^\//, ''), command.text ?? '');
      if (!read) return log.warn(`Slack sent the unknown command ${command.command}`);
      const facts: PressFacts = { id: origin.id, respond: command.response_url };
      const asker = await askerOf(origin);
      const press: Press = { kind: 'command', ...read };
      if (await openFormFor(press, asker, facts, command.trigger_id)) return;
      await handlers.command(read.path, read.options, createInvocation(asker, facts, answering));
    });
  });

  app.action({ type: 'block_actions', action_id: /.*/ }, async ({ action, body, ack }) => {
    const { value } = action as { value?: string };
    const press = body as unknown as ActionBody;
    const origin: Origin = {
      id: `slack:${press.trigger_id}`,
      user: { id: press.user.id, name: press.user.username ?? press.user.id },
      team: press.team?.id ?? null,
      channel: press.channel?.id ?? press.container.channel_id ?? '',
      thread: press.container.thread_ts ?? press.message?.thread_ts ?? null,
    };
    await take(origin.id, ack, async () => {
      // Link buttons report their press too, and mean nothing by it.
      if (!('value' in action) || !value) return;
      const ts = press.container.message_ts;
      const facts: PressFacts = {
        id: origin.id,
        ...(press.response_url ? { respond: press.response_url } : {}),
        ...(ts ? { message: refOf(origin, ts, press.container.is_ephemeral === true) } : {}),
      };
      const asker = await askerOf(origin);
      if (await openFormFor({ kind: 'action', action: value }, asker, facts, press.trigger_id)) return;
      await handlers.action(value, createInvocation(asker, facts, answering));
    });
  });

  app.view(FORM_CALLBACK, async ({ body, view, ack }) => {
    const id = `slack:view:${view.id}`;
    await take(id, ack, async () => {
      const context = readFormContext(view.private_metadata);
      const user = {
        id: body.user.id,
        name: body.user.name ?? (body.user as { username?: string }).username ?? '',
      };
      const channel = context.channel || (await answering.posts.directChannel(user.id));
      const origin: Origin = {
        id,
        user,
        team: body.team?.id ?? null,
        channel,
        thread: context.thread ?? null,
      };
      const facts: PressFacts = { id, ...(context.respond ? { respond: context.respond } : {}) };
      const invocation = createInvocation(await askerOf(origin), facts, answering);
      const values = readFormValues(view.state.values as unknown as ViewState, files);
      await handlers.submit(context.form, values, invocation);
    });
  });

  app.shortcut({ callback_id: MESSAGE_SHORTCUT, type: 'message_action' }, async ({ shortcut, ack }) => {
    const press = shortcut as unknown as MessageShortcutBody;
    const origin: Origin = {
      id: `slack:${press.trigger_id}`,
      user: { id: press.user.id, name: press.user.username ?? press.user.name ?? press.user.id },
      team: press.team?.id ?? null,
      channel: press.channel.id,
      thread: press.message.thread_ts ?? null,
    };
    await take(origin.id, ack, async () => {
      const facts: PressFacts = { id: origin.id, respond: press.response_url };
      await handlers.shortcut(sourceOf(press.message), await invocationOf(origin, facts));
    });
  });

  app.shortcut({ callback_id: GLOBAL_SHORTCUT, type: 'shortcut' }, async ({ shortcut, ack }) => {
    const press = shortcut as unknown as Omit<MessageShortcutBody, 'channel' | 'message'>;
    // Which conversation the person is in Slack does not say: the film goes to their direct messages.
    const origin: Origin = {
      id: `slack:${press.trigger_id}`,
      user: { id: press.user.id, name: press.user.username ?? press.user.name ?? press.user.id },
      team: press.team?.id ?? null,
      channel: '',
      thread: null,
    };
    await take(origin.id, ack, async () => {
      const read = readCommandText(handlers.commands, NEW_FILM, '');
      if (!read) return;
      const asker = await askerOf(origin);
      const facts: PressFacts = { id: origin.id };
      if (await openFormFor({ kind: 'command', ...read }, asker, facts, press.trigger_id)) return;
      await handlers.command(read.path, read.options, createInvocation(asker, facts, answering));
    });
  });

  app.event('app_mention', ({ event, body }) => hear(event as unknown as MentionEvent, body));
  // In direct messages Slack tells of no mentions, only of all that is written.
  app.event('message', async ({ event, body }) => {
    const message = event as unknown as MentionEvent;
    const isWritten = message.subtype === undefined || message.subtype === 'file_share';
    if (message.channel_type === 'im' && isWritten) await hear(message, body);
  });

  async function hear(message: MentionEvent, body: object): Promise<void> {
    const { user, ts, channel, thread_ts: thread, files: attached = [] } = message;
    if (!user || message.bot_id || user === botUser()) return;
    const id = `slack:mention:${channel}:${ts}`;
    await take(id, null, async () => {
      const team = (body as { team_id?: string }).team_id ?? null;
      const isDirect = message.channel_type === 'im';
      const place = { team, channel, thread: thread ?? (isDirect ? null : ts) };
      const invocation = await invocationOf({ id, user: { id: user, name: user }, ...place }, { id });
      // A word between two people is no script; naming the bot, or sending pictures, is meant as one.
      const isMeant = !isDirect || attached.length > 0 || message.text?.includes(`<@${botUser()}`);
      if (!isMeant) return handlers.command(['help'], {}, invocation);
      const own = sourceOf(message);
      const isEmpty = own.text === '' && own.files.length === 0;
      const source = isEmpty && thread ? ((await threadStart(channel, thread)) ?? own) : own;
      await handlers.mention(source, invocation);
    });
  }

  /** Acknowledges at once; runs the work unless the same press was seen before. */
  async function take(
    id: string,
    ack: (() => Promise<void>) | null,
    work: () => Promise<void>,
  ): Promise<void> {
    if (stopped) return;
    const twice = seen(id);
    // A failed acknowledgement shows the person an error, but the press was made: go on.
    await ack?.().catch((error: unknown) =>
      log.warn(`Slack did not hear our acknowledgement: ${String(error)}`),
    );
    if (twice) return log.info(`Slack delivered ${id} twice`);
    const done = work()
      .catch((error: unknown) => log.error(`a press from Slack failed: ${String(error)}`))
      .finally(() => underWay.delete(done));
    underWay.add(done);
    await done;
  }

  async function askerOf({ user, team, channel, thread }: Origin): Promise<Asker> {
    const [person, roles] = await Promise.all([people.person(user.id, user.name), people.groups(user.id)]);
    return {
      platform: 'slack',
      user: { id: user.id, name: person.name, roles, isAdmin: person.isAdmin },
      place: { team, channel, thread, isDirect: channel === '' || channel.startsWith('D') },
      locale: person.locale,
    };
  }

  async function invocationOf(origin: Origin, facts: PressFacts): Promise<Invocation> {
    return createInvocation(await askerOf(origin), facts, answering);
  }

  /** True if a form was opened, or should have been: then the person was told. */
  async function openFormFor(
    press: Press,
    asker: Asker,
    facts: PressFacts,
    trigger: string,
  ): Promise<boolean> {
    const form = await handlers.formFor(press, asker);
    if (!form) return false;
    try {
      await client.views.open({ trigger_id: trigger, view: viewOf(form, asker, facts) });
    } catch (error) {
      log.warn(`Slack did not open a form: ${String(error)}`);
      const text = slackText('formFailed', asker.locale);
      await createInvocation(asker, facts, answering).whisper({ tone: 'bad', lines: [{ text }] });
    }
    return true;
  }

  function viewOf(form: Form, { place, locale }: Asker, { respond }: PressFacts) {
    const context = {
      form: form.id,
      channel: place.channel,
      ...(place.thread ? { thread: place.thread } : {}),
      ...(respond ? { respond } : {}),
    };
    return formView(form, context, slackText('close', locale));
  }

  function sourceOf({ text = '', files: attached = [], user }: SourceBody): SourceMessage {
    const self = botUser();
    const own = self ? text.replaceAll(new RegExp(`<@${self}(?:\\|[^>]*)?>`, 'g'), ' ') : text;
    return {
      text: plainText(own)
        .replaceAll(/[^\S\n]+/g, ' ')
        .trim(),
      files: attached.map((file) => incomingFile(file, files)),
      author: user ?? '',
    };
  }

  /** The message a thread is about, for a bare mention below it. */
  async function threadStart(channel: string, thread: string): Promise<SourceMessage | null> {
    try {
      const { messages = [] } = await client.conversations.replies({ channel, ts: thread, limit: 1 });
      const [first] = messages;
      return first ? sourceOf(first as SourceBody) : null;
    } catch (error) {
      log.warn(`the start of a thread could not be read: ${String(error)}`);
      return null;
    }
  }

  return {
    async stop(patienceMs) {
      stopped = true;
      const over = new AbortController();
      const late = sleep(patienceMs, null, { signal: over.signal }).catch(() => undefined);
      await Promise.race([Promise.all(underWay), late]);
      over.abort();
    },
  };
}

function refOf({ channel, team, thread }: Origin, ts: string, isPrivate: boolean) {
  return {
    channel,
    id: ts,
    ...(team ? { team } : {}),
    ...(thread ? { thread } : {}),
    postedAt: Math.round(Number(ts) * 1000),
    ...(isPrivate ? { private: true } : {}),
  };
}
