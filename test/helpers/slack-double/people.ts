/** What persons do in the loopback Slack: type a command, fill a form, press a button, mention the bot. */
import { createHmac } from 'node:crypto';
import type { SocketMode } from './socket-mode.ts';
import type { Delivery, SlackFile, SlackMessage, SlackView } from './types.ts';
import { fileObject, messageObject, type Workspace } from './workspace.ts';

export type People = ReturnType<typeof createPeople>;
type Place = { user: string; channel: string };
type Twice = { twice?: boolean };

export function createPeople(deps: {
  workspace: Workspace;
  socket: SocketMode;
  signingSecret: string;
  eventsUrl?: () => string;
}) {
  const { workspace, socket, signingSecret, eventsUrl } = deps;
  const { bot, team } = workspace;

  const person = (id: string) => ({ id, username: workspace.users.get(id)?.name ?? id, team_id: team });
  const deliver = async (
    type: SocketType,
    payload: Record<string, unknown>,
    twice = false,
  ): Promise<Delivery> => {
    if (eventsUrl) {
      const request = { type, payload, secret: signingSecret, url: eventsUrl() };
      const first = await sendSigned(request);
      return twice ? sendSigned(request) : first;
    }
    const { acked, ackMs, payload: answer } = await socket.deliver(type, payload, twice);
    return { kind: type, acked, ackMs, answer };
  };

  return {
    deliver,
    /** Types `/command text` and sends it. */
    slash(command: string, text: string, { user, channel, twice }: Place & Twice): Promise<Delivery> {
      return deliver('slash_commands', slashPayload(command, text, { user, channel }), twice);
    },
    slashPayload,
    /** Presses the button with these words on a message. */
    press(
      message: SlackMessage,
      label: string,
      { user, twice }: { user: string } & Twice,
    ): Promise<Delivery> {
      const elements = message.blocks
        .filter(({ type }) => type === 'actions')
        .flatMap((block) =>
          (block['elements'] as Record<string, unknown>[]).map((element) => ({
            ...element,
            block_id: block.block_id,
          })),
        );
      const button = elements.find(
        (element) => ((element as Record<string, unknown>)['text'] as { text: string }).text === label,
      );
      if (!button) throw new Error(`No button "${label}" on: ${JSON.stringify(message.blocks)}`);
      const { action_id, block_id, value } = button as unknown as Record<string, string>;
      const payload = {
        type: 'block_actions',
        user: person(user),
        team: { id: team, domain: 'loopback' },
        channel: { id: message.channel, name: workspace.channels.get(message.channel)?.name },
        container: {
          type: 'message',
          message_ts: message.ts,
          channel_id: message.channel,
          is_ephemeral: message.onlyFor !== undefined,
          ...(message.thread_ts ? { thread_ts: message.thread_ts } : {}),
        },
        ...(message.onlyFor === undefined ? { message: messageObject(message, bot) } : {}),
        trigger_id: workspace.newTrigger(user),
        response_url: workspace.newResponseUrl(message.channel, user, message.ts),
        actions: [
          { type: 'button', action_id, block_id: block_id ?? 'b', value, action_ts: workspace.nextTs() },
        ],
      };
      return deliver('interactive', payload, twice);
    },
    /** Fills a form by the names of its fields and submits it; it closes if the app takes it. */
    async submit(
      view: SlackView,
      values: Record<string, string | SlackFile[]>,
      { twice }: Twice = {},
    ): Promise<Delivery> {
      const state: Record<string, Record<string, unknown>> = {};
      for (const block of view.blocks.filter(({ type }) => type === 'input')) {
        const element = block['element'] as Record<string, unknown>;
        const name = String(element['action_id']);
        const given =
          values[name] ??
          element['initial_value'] ??
          (element['initial_option'] as { value?: string })?.value;
        state[block.block_id ?? name] = {
          [name]: fieldState(element, given as string | SlackFile[] | undefined),
        };
      }
      const unknown = Object.keys(values).filter(
        (name) => !JSON.stringify(view.blocks).includes(`"${name}"`),
      );
      if (unknown.length > 0) throw new Error(`The form has no field ${unknown.join(', ')}`);
      const payload = {
        type: 'view_submission',
        team: { id: team, domain: 'loopback' },
        user: person(view.user),
        trigger_id: workspace.newTrigger(view.user),
        view: { ...view, type: 'modal', hash: '1', app_installed_team_id: team, state: { values: state } },
        response_urls: [],
      };
      const delivery = await deliver('interactive', payload, twice);
      view.closed = delivery.acked && delivery.answer['response_action'] !== 'errors';
      return delivery;
    },
    /** Runs a shortcut from the menu of a message. */
    messageShortcut(
      callbackId: string,
      message: SlackMessage,
      { user }: { user: string },
    ): Promise<Delivery> {
      return deliver('interactive', {
        type: 'message_action',
        callback_id: callbackId,
        user: person(user),
        team: { id: team, domain: 'loopback' },
        channel: { id: message.channel, name: 'c' },
        message: messageObject(message, bot),
        message_ts: message.ts,
        trigger_id: workspace.newTrigger(user),
        response_url: workspace.newResponseUrl(message.channel, user, null),
        action_ts: workspace.nextTs(),
      });
    },
    /** Runs a shortcut from the global menu: no channel belongs to it. */
    globalShortcut(callbackId: string, { user }: { user: string }): Promise<Delivery> {
      return deliver('interactive', {
        type: 'shortcut',
        callback_id: callbackId,
        user: person(user),
        team: { id: team, domain: 'loopback' },
        trigger_id: workspace.newTrigger(user),
        action_ts: workspace.nextTs(),
      });
    },
    /** Writes a message, in a thread if asked; the bot hears of it only if it is mentioned. */
    write(
      text: string,
      { user, channel, thread, files = [] }: Place & { thread?: string; files?: SlackFile[] },
    ): SlackMessage {
      const message: SlackMessage = {
        channel,
        ts: workspace.nextTs(),
        user,
        text,
        blocks: [],
        files,
        edits: 0,
        earlier: [],
        ...(thread ? { thread_ts: thread } : {}),
      };
      workspace.messages.push(message);
      return message;
    },
    /** Tells the bot of a message: as a mention, in its direct messages as whatever was written there. */
    mention(
      message: SlackMessage,
      { twice, subtype, botId }: Twice & { subtype?: string; botId?: string } = {},
    ): Promise<Delivery> {
      const isDirect = message.channel.startsWith('D');
      const event = {
        ...(isDirect ? { type: 'message', channel_type: 'im' } : { type: 'app_mention' }),
        ...(subtype ? { subtype } : {}),
        ...(botId ? { bot_id: botId } : {}),
        user: message.user,
        text: message.text,
        ts: message.ts,
        channel: message.channel,
        event_ts: message.ts,
        ...(message.thread_ts ? { thread_ts: message.thread_ts } : {}),
        ...(message.files.length > 0 ? { files: message.files.map(fileObject) } : {}),
      };
      const payload = {
        type: 'event_callback',
        team_id: team,
        api_app_id: bot.appId,
        event,
        event_id: `Ev${message.ts}`,
        event_time: Math.floor(Number(message.ts)),
        authorizations: [{ enterprise_id: null, team_id: team, user_id: bot.userId, is_bot: true }],
      };
      return deliver('events_api', payload, twice);
    },
  };

  function slashPayload(command: string, text: string, { user, channel }: Place): Record<string, unknown> {
    return {
      token: 'old-verification-token',
      team_id: team,
      team_domain: 'loopback',
      channel_id: channel,
      channel_name: workspace.channels.get(channel)?.name ?? 'directmessage',
      user_id: user,
      user_name: workspace.users.get(user)?.name ?? user,
      command,
      text: text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;'),
      api_app_id: bot.appId,
      is_enterprise_install: 'false',
      response_url: workspace.newResponseUrl(channel, user, null),
      trigger_id: workspace.newTrigger(user),
    };
  }
}

function fieldState(
  element: Record<string, unknown>,
  given: string | SlackFile[] | undefined,
): Record<string, unknown> {
  const { type } = element;
  if (type === 'file_input')
    return { type, files: ((given as SlackFile[] | undefined) ?? []).map(fileObject) };
  if (type === 'static_select') {
    const option = (element['options'] as { value: string }[]).find(({ value }) => value === given);
    if (given !== undefined && !option) throw new Error(`No option ${String(given)}`);
    return { type, selected_option: option ?? null };
  }
  return { type, value: given ?? null };
}

type SocketType = 'slash_commands' | 'interactive' | 'events_api';
export type SignedRequest = {
  type: SocketType;
  payload: Record<string, unknown>;
  url: string;
  secret: string;
  /** Epoch seconds; now if absent. */
  timestamp?: string;
  /** Sent instead of what was signed. */
  body?: string;
  /** Overrides; null leaves a header out. */
  headers?: Record<string, string | null>;
};

/** The same bytes Slack would post, signed like Slack does. */
export function signRequest({
  type,
  payload,
  secret,
  timestamp,
  headers = {},
}: Omit<SignedRequest, 'url' | 'body'>) {
  const body =
    type === 'events_api'
      ? JSON.stringify(payload)
      : type === 'interactive'
        ? new URLSearchParams({ payload: JSON.stringify(payload) }).toString()
        : new URLSearchParams(payload as Record<string, string>).toString();
  const at = timestamp ?? String(Math.floor(Date.now() / 1000));
  const signature = `v0=${createHmac('sha256', secret).update(`v0:${at}:${body}`).digest('hex')}`;
  const all: Record<string, string | null> = {
    'content-type': type === 'events_api' ? 'application/json' : 'application/x-www-form-urlencoded',
    'x-slack-request-timestamp': at,
    'x-slack-signature': signature,
    ...headers,
  };
  const kept = Object.entries(all).filter((entry): entry is [string, string] => entry[1] !== null);
  return { body, headers: Object.fromEntries(kept) };
}

export async function sendSigned(request: SignedRequest): Promise<Delivery> {
  const signed = signRequest(request);
  const begun = performance.now();
  const response = await fetch(request.url, {
    method: 'POST',
    headers: signed.headers,
    body: request.body ?? signed.body,
    signal: AbortSignal.timeout(10_000),
  });
  const body = await response.text();
  const ackMs = performance.now() - begun;
  const answer = body.startsWith('{') ? (JSON.parse(body) as Record<string, unknown>) : {};
  return { kind: request.type, acked: response.ok && ackMs < 3000, ackMs, status: response.status, answer };
}
