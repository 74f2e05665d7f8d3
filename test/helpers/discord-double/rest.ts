/** REST v10 of the loopback Discord: routes, permissions, tokens and their ages. */
import { checkAutocomplete, checkCommands, checkModal } from './limits.ts';
import { createMessage, editMessage, EPHEMERAL, LOADING, messageJson, presentMessage } from './messages.ts';
import type { RequestBody } from './request-body.ts';
import {
  APPLICATION_ID,
  BOT_USER_ID,
  DiscordFault,
  GUILD_ID,
  type DoubleChannel,
  type DoubleInteraction,
  type DoubleState,
} from './state.ts';

type Json = Record<string, unknown>;
export type RestRequest = {
  method: string;
  path: string;
  query: URLSearchParams;
  authorization: string | undefined;
  body: RequestBody;
};
export type RestReply = { status: number; json?: unknown };
export type RestPlace = {
  state: DoubleState;
  cdn: string;
  gatewayUrl: string;
  onAck(interaction: DoubleInteraction): void;
};

const ACK_MS = 3000;
const TOKEN_MS = 15 * 60_000;

const botUser = {
  id: BOT_USER_ID,
  username: 'genscene',
  discriminator: '0',
  avatar: null,
  bot: true,
  global_name: 'Gen Scene Studio',
  flags: 0,
};
export const applicationJson = {
  id: APPLICATION_ID,
  name: 'Gen Scene Studio',
  flags: 0,
  icon: null,
  description: '',
  bot: botUser,
  bot_public: true,
  bot_require_code_grant: false,
  verify_key: '00',
};

/** @throws {DiscordFault} */
export function answer(place: RestPlace, request: RestRequest): RestReply {
  const parts = request.path.split('/').slice(1);
  switch (parts[0]) {
    case 'interactions':
      return callback(place, request, parts[1]!, parts[2]!);
    case 'webhooks':
      return webhook(place, request, parts[2] ?? '', parts.slice(3));
    default:
      break;
  }
  authorise(place.state, request.authorization);
  switch (parts[0]) {
    case 'gateway':
      return {
        status: 200,
        json: {
          url: place.gatewayUrl,
          shards: 1,
          session_start_limit: { total: 1000, remaining: 990, reset_after: 14_400_000, max_concurrency: 1 },
        },
      };
    case 'users':
      return users(place, request, parts);
    case 'applications':
      return applications(place.state, request, parts);
    case 'channels':
      return channels(place, request, parts);
    case 'guilds':
      if (parts[1] === GUILD_ID)
        return { status: 200, json: { id: GUILD_ID, name: 'Loopback', owner_id: '1100000000000000003' } };
      throw new DiscordFault(403, 50001, 'Missing Access');
    default:
      throw new DiscordFault(404, 0, '404: Not Found');
  }
}

function authorise(state: DoubleState, authorization: string | undefined): void {
  const token = /^Bot (.+)$/.exec(authorization ?? '')?.[1];
  if (!token || !state.tokens.has(token)) throw new DiscordFault(401, 0, '401: Unauthorized');
}

function users({ state }: RestPlace, { method, body }: RestRequest, parts: string[]): RestReply {
  if (method === 'GET' && parts[1] === '@me' && parts.length === 2) return { status: 200, json: botUser };
  if (method === 'POST' && parts[2] === 'channels') {
    const user = String((body.json as Json)['recipient_id']);
    const existing = [...state.channels.values()].find(({ type, name }) => type === 1 && name === user);
    const channel = existing ?? {
      id: state.newId(),
      type: 1,
      name: user,
      parent: null,
      visible: true,
      writable: true,
      attachmentLimit: 10 * 1024 ** 2,
    };
    state.channels.set(channel.id, channel);
    return { status: 200, json: { id: channel.id, type: 1 } };
  }
  throw new DiscordFault(404, 0, '404: Not Found');
}

function applications(state: DoubleState, { method, body }: RestRequest, parts: string[]): RestReply {
  if (parts[1] === '@me') return { status: 200, json: applicationJson };
  if (parts[1] !== APPLICATION_ID)
    throw new DiscordFault(403, 20012, 'You are not authorized to perform this action on this application');
  const scope = parts[2] === 'guilds' ? parts[3]! : 'global';
  if (scope !== 'global' && scope !== GUILD_ID) throw new DiscordFault(403, 50001, 'Missing Access');
  if (method === 'PUT') {
    const commands = body.json as Json[];
    checkCommands(commands);
    state.commandPuts++;
    state.commands.set(
      scope,
      commands.map((command) => ({
        ...command,
        id: state.newId(),
        application_id: APPLICATION_ID,
        version: state.newId(),
        type: command['type'] ?? 1,
      })),
    );
  }
  return { status: 200, json: state.commands.get(scope) ?? [] };
}

function callback(place: RestPlace, { body, query }: RestRequest, id: string, token: string): RestReply {
  const { state, cdn } = place;
  const interaction = state.interactions.get(id);
  if (!interaction || interaction.token !== token) throw new DiscordFault(404, 10062, 'Unknown interaction');
  if (interaction.callback) throw new DiscordFault(400, 40060, 'Interaction has already been acknowledged.');
  if (state.now() - interaction.createdAt > ACK_MS) throw new DiscordFault(404, 10062, 'Unknown interaction');
  const { type, data = {} } = body.json as { type: number; data?: Json };
  checkCallback(interaction, type, data);
  const channel = state.channels.get(interaction.channel)!;
  const ephemeral = (Number(data['flags'] ?? 0) & EPHEMERAL) !== 0;
  if (type === 4 || type === 5) {
    const message = createMessage(state, cdn, data, body.files, {
      channel,
      flags: (type === 5 ? LOADING : 0) | (ephemeral ? EPHEMERAL : 0),
      ephemeralFor: ephemeral ? interaction.user : null,
      interaction: id,
    });
    interaction.message = message.id;
    interaction.replies.push(message.id);
  }
  if (type === 7) editMessage(state, cdn, presentMessage(state, interaction.message!), data, body.files);
  interaction.callback = { type, data };
  interaction.ackMs = performance.now() - interaction.dispatchedAt;
  place.onAck(interaction);
  if (query.get('with_response') !== 'true') return { status: 204 };
  const message = interaction.message
    ? messageJson(state, state.messages.get(interaction.message)!)
    : undefined;
  return {
    status: 200,
    json: {
      interaction: { id, type: interaction.type, response_message_id: interaction.message },
      resource: { type, ...(message ? { message } : {}) },
    },
  };
}

/** 4 message, 5 deferred message, 6 deferred update, 7 update, 8 choices, 9 modal: each where it belongs. */
function checkCallback(interaction: DoubleInteraction, type: number, data: Json): void {
  const allowed: Record<number, number[]> = {
    2: [4, 5, 9],
    3: [4, 5, 6, 7, 9],
    4: [8],
    5: interaction.message ? [4, 5, 6, 7] : [4, 5],
  };
  if (!allowed[interaction.type]?.includes(type))
    throw new DiscordFault(
      400,
      50035,
      `Invalid Form Body: type Value must be one of (${allowed[interaction.type]?.join(', ')}).`,
    );
  if (type === 8) checkAutocomplete(data);
  if (type === 9) checkModal(data);
}

function webhook(
  { state, cdn }: RestPlace,
  { method, body }: RestRequest,
  token: string,
  rest: string[],
): RestReply {
  const interaction = [...state.interactions.values()].find((other) => other.token === token);
  if (!interaction || state.now() - interaction.createdAt > TOKEN_MS)
    throw new DiscordFault(401, 50027, 'Invalid Webhook Token');
  if (!interaction.callback) throw new DiscordFault(404, 10015, 'Unknown Webhook');
  const channel = state.channels.get(interaction.channel)!;
  if (method === 'POST') {
    const pending = interaction.message === null ? undefined : state.messages.get(interaction.message);
    // The first message after a deferral takes its place, and its visibility with it.
    if (pending && !pending.deleted && pending.flags & LOADING)
      return {
        status: 200,
        json: messageJson(state, editMessage(state, cdn, pending, body.json as Json, body.files)),
      };
    const ephemeral = (Number((body.json as Json)['flags'] ?? 0) & EPHEMERAL) !== 0;
    const message = createMessage(state, cdn, body.json as Json, body.files, {
      channel,
      ephemeralFor: ephemeral ? interaction.user : null,
      interaction: interaction.id,
    });
    interaction.replies.push(message.id);
    return { status: 200, json: messageJson(state, message) };
  }
  const id = rest[1] === '@original' ? interaction.message : rest[1];
  const mine = id && (id === interaction.message || interaction.replies.includes(id));
  const message = presentMessage(state, mine ? id : '');
  if (method === 'DELETE') {
    message.deleted = true;
    return { status: 204 };
  }
  return {
    status: 200,
    json: messageJson(
      state,
      method === 'PATCH' ? editMessage(state, cdn, message, body.json as Json, body.files) : message,
    ),
  };
}

function channels(
  { state, cdn }: RestPlace,
  { method, body, query }: RestRequest,
  [, id = '', what, messageId, more]: string[],
): RestReply {
  const channel = accessible(state, id);
  if (!what)
    return {
      status: 200,
      json: { id, type: channel.type, name: channel.name, guild_id: GUILD_ID, parent_id: channel.parent },
    };
  if (what === 'threads' || more === 'threads') {
    const thread: DoubleChannel = {
      ...channel,
      id: messageId ?? state.newId(),
      type: 11,
      name: String((body.json as Json)['name']),
      parent: id,
    };
    state.channels.set(thread.id, thread);
    return {
      status: 201,
      json: { id: thread.id, type: 11, name: thread.name, parent_id: id, guild_id: GUILD_ID },
    };
  }
  if (what !== 'messages') throw new DiscordFault(404, 0, '404: Not Found');
  if (method === 'GET' && !messageId)
    return { status: 200, json: page(state, id, query).map((message) => messageJson(state, message)) };
  if (method === 'POST') {
    if (!channel.writable) throw new DiscordFault(403, 50013, 'Missing Permissions');
    return {
      status: 200,
      json: messageJson(state, createMessage(state, cdn, body.json as Json, body.files, { channel })),
    };
  }
  const message = presentMessage(state, messageId!);
  if (message.channel !== id || message.ephemeralFor) throw new DiscordFault(404, 10008, 'Unknown Message');
  if (method === 'GET') return { status: 200, json: messageJson(state, message) };
  if (message.author !== BOT_USER_ID)
    throw new DiscordFault(403, 50005, 'Cannot edit a message authored by another user');
  if (method === 'DELETE') {
    message.deleted = true;
    return { status: 204 };
  }
  return {
    status: 200,
    json: messageJson(state, editMessage(state, cdn, message, body.json as Json, body.files)),
  };
}

/** @throws {DiscordFault} 10003, 50001 */
function accessible(state: DoubleState, id: string): DoubleChannel {
  const channel = state.channels.get(id);
  if (!channel) throw new DiscordFault(404, 10003, 'Unknown Channel');
  if (!channel.visible) throw new DiscordFault(403, 50001, 'Missing Access');
  return channel;
}

/** Newest first; with `after` those that follow it most closely. */
function page(state: DoubleState, channel: string, query: URLSearchParams) {
  const most = Math.min(100, Number(query.get('limit') ?? 50));
  const after = query.get('after');
  const all = [...state.messages.values()].filter(
    (message) => message.channel === channel && !message.deleted && !message.ephemeralFor,
  );
  all.sort((a, b) => (BigInt(a.id) < BigInt(b.id) ? -1 : 1));
  const chosen = after ? all.filter(({ id }) => BigInt(id) > BigInt(after)).slice(0, most) : all.slice(-most);
  return chosen.reverse();
}
