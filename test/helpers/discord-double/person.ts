/** Someone at the keyboard: types commands, fills in modals, presses buttons; sees what Discord would show. */
import { checkMessage } from './limits.ts';
import { EPHEMERAL, keepAttachment, messageJson, presentMessage } from './messages.ts';
import {
  APPLICATION_ID,
  GUILD_ID,
  type DoubleChannel,
  type DoubleInteraction,
  type DoubleMessage,
  type DoubleState,
} from './state.ts';

type Json = Record<string, unknown>;
export type PersonFile = { filename: string; contentType: string; bytes: Buffer };
export type PersonOptions = {
  id: string;
  name: string;
  roles?: string[];
  locale?: string;
  permissions?: bigint;
};
export type PersonPlace = {
  state: DoubleState;
  cdn: string;
  dispatch(type: string, data: unknown): void;
  waitFor(interaction: DoubleInteraction): Promise<void>;
};
/** What a person did, and what came of it. */
export type Act = {
  interaction: DoubleInteraction;
  /** Resolves when the bot has acknowledged, or rejects after 3 s: "The application did not respond". */
  acked: Promise<void>;
  /** The answer as it stands; null if there is none (any more). */
  answer(): DoubleMessage | null;
  /** All messages of the answer that are there. */
  replies(): DoubleMessage[];
  /** The modal it opened, if it did. */
  modal(): Json | null;
  /** The same event once more, as Discord does after a lost connection. */
  again(): void;
};
export type Person = ReturnType<typeof createPerson>;

/** View, send, send in threads, embed, attach, history, application commands. */
const ALL_IT_NEEDS = 0x400n | 0x800n | (1n << 38n) | 0x4000n | 0x8000n | 0x10000n | (1n << 31n);

export function createPerson(place: PersonPlace, options: PersonOptions) {
  const { state, cdn } = place;
  const user = {
    id: options.id,
    username: options.name,
    discriminator: '0',
    avatar: null,
    global_name: options.name,
  };

  /** Option values by name; files become attachments, as Discord's client does it. */
  function readTyped(
    channel: DoubleChannel,
    command: Json,
    subcommand: string | undefined,
    values: Record<string, unknown>,
  ): { options: Json[]; resolved: Json } {
    const attachments: Record<string, Json> = {};
    const definition = subcommand
      ? listOf(command['options']).find(({ name }) => name === subcommand)
      : command;
    if (!definition) throw new Error(`There is no /${String(command['name'])} ${subcommand ?? ''}`);
    const known = listOf(definition['options']);
    for (const option of known)
      if (option['required'] && values[String(option['name'])] === undefined)
        throw new Error(`Discord asks for "${String(option['name'])}" first`);
    const typed = Object.entries(values).map(([name, value]) => {
      const option = known.find((candidate) => candidate['name'] === name);
      if (!option)
        throw new Error(`There is no option "${name}" in /${String(command['name'])} ${subcommand ?? ''}`);
      const choices = listOf(option['choices']);
      if (choices.length > 0 && !choices.some((choice) => choice['value'] === value))
        throw new Error(`"${String(value)}" is no choice of "${name}"`);
      if (typeof value === 'string' && value.length > Number(option['max_length'] ?? 6000))
        throw new Error(`"${name}" is too long`);
      if (option['type'] !== 11) return { name, type: option['type'], value };
      const file = upload(channel, value as PersonFile);
      attachments[file.id] = file.json;
      return { name, type: 11, value: file.id };
    });
    const resolved = Object.keys(attachments).length > 0 ? { attachments } : {};
    return { options: subcommand ? [{ name: subcommand, type: 1, options: typed }] : typed, resolved };
  }

  function upload(channel: DoubleChannel, file: PersonFile): { id: string; json: Json } {
    const { bytes: _bytes, ...json } = keepAttachment(state, cdn, `ephemeral/${channel.id}`, file);
    return { id: json.id, json: { ...json, content_type: file.contentType } };
  }

  function send(channel: DoubleChannel, type: number, data: Json, message: DoubleMessage | null): Act {
    const interaction: DoubleInteraction = {
      id: state.newId(),
      token: state.newToken(),
      type,
      channel: channel.id,
      user: user.id,
      createdAt: state.now(),
      dispatchedAt: performance.now(),
      ackMs: null,
      callback: null,
      message: message?.id ?? null,
      replies: [],
    };
    state.interactions.set(interaction.id, interaction);
    const permissions = !channel.visible
      ? 0n
      : channel.writable
        ? ALL_IT_NEEDS
        : ALL_IT_NEEDS & ~0x800n & ~(1n << 38n);
    const isDirect = channel.type === 1;
    const packet: Json = {
      id: interaction.id,
      application_id: APPLICATION_ID,
      type,
      data,
      ...(isDirect
        ? { user }
        : {
            guild_id: GUILD_ID,
            guild: { id: GUILD_ID, locale: 'en-US', features: [] },
            guild_locale: 'en-US',
            member: {
              user,
              roles: options.roles ?? [],
              permissions: String(options.permissions ?? 0x800n),
              joined_at: '2024-01-01T00:00:00.000000+00:00',
              deaf: false,
              mute: false,
              flags: 0,
              nick: null,
            },
          }),
      channel_id: channel.id,
      channel: {
        id: channel.id,
        type: channel.type,
        name: channel.name,
        guild_id: GUILD_ID,
        permissions: '2048',
        flags: 0,
        ...(channel.parent ? { parent_id: channel.parent } : {}),
      },
      token: interaction.token,
      version: 1,
      locale: options.locale ?? 'en-US',
      app_permissions: String(permissions),
      entitlements: [],
      authorizing_integration_owners: { 0: GUILD_ID },
      context: isDirect ? 1 : 0,
      attachment_size_limit: channel.attachmentLimit,
      ...(message ? { message: messageJson(state, message) } : {}),
    };
    const dispatch = (): void => place.dispatch('INTERACTION_CREATE', packet);
    const acked = place.waitFor(interaction);
    acked.catch(() => undefined);
    dispatch();
    const shown = (id: string | null): DoubleMessage | null => {
      const found = id ? state.messages.get(id) : undefined;
      return found && !found.deleted ? found : null;
    };
    return {
      interaction,
      acked,
      answer: () => shown(interaction.message),
      replies: () => interaction.replies.map(shown).filter((reply) => reply !== null),
      modal: () => (interaction.callback?.type === 9 ? interaction.callback.data : null),
      again: dispatch,
    };
  }

  function commandOf(name: string, type: number): Json {
    const all = [...state.commands.values()].flat();
    const found = all.find((command) => command['name'] === name && Number(command['type']) === type);
    if (!found)
      throw new Error(
        `The command "${name}" is not registered; there are: ${all.map((command) => String(command['name'])).join(', ')}`,
      );
    return found;
  }

  return {
    id: options.id,
    /** `/video new script:…` is `slash(channel, 'video new', { script: '…' })`. */
    slash(channel: DoubleChannel, line: string, values: Record<string, unknown> = {}): Act {
      const [name = '', subcommand] = line.split(' ');
      const command = commandOf(name, 1);
      const typed = readTyped(channel, command, subcommand, values);
      return send(
        channel,
        2,
        { id: command['id'], name, type: 1, options: typed.options, resolved: typed.resolved },
        null,
      );
    },
    /** Suggestions for what is typed into the option `focused`. */
    async suggest(
      channel: DoubleChannel,
      line: string,
      focused: string,
      typed: string,
    ): Promise<{ name: string; value: string }[]> {
      const [name = '', subcommand] = line.split(' ');
      const command = commandOf(name, 1);
      const options = [{ name: focused, type: 3, value: typed, focused: true }];
      const act = send(
        channel,
        4,
        {
          id: command['id'],
          name,
          type: 1,
          options: subcommand ? [{ name: subcommand, type: 1, options }] : options,
        },
        null,
      );
      await act.acked;
      return (act.interaction.callback?.data['choices'] ?? []) as { name: string; value: string }[];
    },
    /** "Apps → name" on a message. */
    useOn(message: DoubleMessage, name: string): Act {
      const command = commandOf(name, 3);
      const channel = state.channels.get(message.channel)!;
      return send(
        channel,
        2,
        {
          id: command['id'],
          name,
          type: 3,
          target_id: message.id,
          resolved: { messages: { [message.id]: messageJson(state, message) } },
        },
        null,
      );
    },
    /** Fills in the modal an act has opened; text and choices as strings, files as files. */
    submit(opened: Act, values: Record<string, string | PersonFile[]>): Act {
      const modal = opened.modal();
      if (!modal) throw new Error('No modal is open.');
      const channel = state.channels.get(opened.interaction.channel)!;
      const attachments: Record<string, Json> = {};
      const components = listOf(modal['components']).map((row, index) => {
        const input = (row['component'] ?? listOf(row['components'])[0]) as Json;
        const value =
          values[String(input['custom_id'])] ??
          (input['value'] as string | undefined) ??
          defaultChoice(input) ??
          '';
        const required = input['required'] !== false;
        if (required && value.length === 0)
          throw new Error(`Discord asks for "${String(row['label'])}" first`);
        const common = { type: input['type'], id: index + 10, custom_id: input['custom_id'] };
        if (input['type'] === 19) {
          const files = (Array.isArray(value) ? value : []).map((file) => upload(channel, file));
          for (const file of files) attachments[file.id] = file.json;
          return { type: 18, id: index + 1, component: { ...common, values: files.map(({ id }) => id) } };
        }
        if (input['type'] === 3)
          return { type: 18, id: index + 1, component: { ...common, values: value === '' ? [] : [value] } };
        return { type: 18, id: index + 1, component: { ...common, value } };
      });
      const source =
        opened.interaction.type === 3 ? state.messages.get(opened.interaction.message ?? '') : undefined;
      const resolved = Object.keys(attachments).length > 0 ? { resolved: { attachments } } : {};
      return send(channel, 5, { custom_id: modal['custom_id'], components, ...resolved }, source ?? null);
    },
    /** Presses a button by its label, as it stands now. */
    press(message: DoubleMessage, label: string): Act {
      const present = presentMessage(state, message.id);
      const buttons = present.body.components.flatMap((row) => listOf(row['components']));
      const button = buttons.find((candidate) => candidate['label'] === label && candidate['style'] !== 5);
      if (!button)
        throw new Error(
          `There is no button "${label}"; there are: ${buttons.map((candidate) => String(candidate['label'])).join(', ')}`,
        );
      return send(
        state.channels.get(present.channel)!,
        3,
        { custom_id: button['custom_id'], component_type: 2 },
        present,
      );
    },
    /** Writes an ordinary message. */
    say(channel: DoubleChannel, content: string, files: PersonFile[] = []): DoubleMessage {
      const body = { content, embeds: [], components: [] };
      checkMessage(body, files.length);
      const id = state.newId();
      const attachments = files.map((file) => keepAttachment(state, cdn, `${channel.id}/${id}`, file));
      const message: DoubleMessage = {
        id,
        channel: channel.id,
        author: user.id,
        createdAt: state.now(),
        editedAt: null,
        body,
        attachments,
        flags: 0,
        ephemeralFor: null,
        interaction: null,
        reference: null,
        nonce: null,
        deleted: false,
        history: [{ at: state.now(), body, attachments }],
        pings: [],
      };
      state.messages.set(id, message);
      return message;
    },
    /** Messages of a channel this person sees, oldest first. */
    reads(channel: DoubleChannel): DoubleMessage[] {
      return [...state.messages.values()].filter(
        (message) =>
          message.channel === channel.id &&
          !message.deleted &&
          (!message.ephemeralFor || message.ephemeralFor === user.id),
      );
    },
    isPrivate: (message: DoubleMessage): boolean =>
      message.ephemeralFor !== null || (message.flags & EPHEMERAL) !== 0,
  };
}

function defaultChoice(select: Json): string | undefined {
  return listOf(select['options']).find((option) => option['default'])?.['value'] as string | undefined;
}

function listOf(value: unknown): Json[] {
  return Array.isArray(value) ? (value as Json[]) : [];
}
