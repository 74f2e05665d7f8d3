/**
 * From an interaction to the handlers: acknowledged at once, whatever else goes on, then handed over.
 * Only a form is asked for before, because a modal must be the acknowledgement itself.
 */
import {
  type AutocompleteInteraction,
  type ButtonInteraction,
  type ChatInputCommandInteraction,
  type CommandInteractionOption,
  type Interaction,
  type MessageContextMenuCommandInteraction,
  MessageFlags,
  type ModalSubmitInteraction,
} from 'discord.js';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Config } from '../../core/config.ts';
import type { Logger } from '../../core/log.ts';
import type { ChatHandlers, Form, Invocation, Locale, Press } from '../types.ts';
import { callbackTypes, type Answers, type Deferral, type Received } from './answers.ts';
import { askerOf, isReachable } from './asker.ts';
import { incomingFile } from './attachments.ts';
import { reasonOf } from './faults.ts';
import { formatForm, readForm } from './forms.ts';
import { answerOf, questionBody, settledBody } from './confirmation.ts';
import { readAction } from './message-key.ts';
import { notice, wentWrong } from './notices.ts';
import { choicesOf } from './suggestions.ts';

export type Dispatch = {
  take(interaction: Interaction, parent: string | null): void;
  /** Takes nothing more; resolves when those under way have ended or `graceMs` has passed. */
  stop(graceMs: number): Promise<void>;
};
export type DispatchOptions = {
  settings: Config['discord'];
  locale: Locale;
  handlers: ChatHandlers;
  answers: Answers;
  log: Logger;
};
type Replied =
  | ChatInputCommandInteraction
  | MessageContextMenuCommandInteraction
  | ButtonInteraction
  | ModalSubmitInteraction;

/** How long a form may be thought about, ms; then the press counts without one. */
const FORM_MS = 1500;
const CHOICES_MS = 2000;
const EPHEMERAL = 64;
/** Interactions remembered, to notice one that is delivered twice. */
const REMEMBERED = 2000;

export function createDispatch({ settings, locale, handlers, answers, log }: DispatchOptions): Dispatch {
  const seen = new Set<string>();
  const underWay = new Set<Promise<void>>();
  let isStopping = false;

  async function handle(interaction: Interaction, parent: string | null): Promise<void> {
    if (interaction.isAutocomplete()) return suggest(interaction, parent);
    if (interaction.isChatInputCommand()) return command(interaction, parent);
    if (interaction.isButton()) return press(interaction, parent);
    if (interaction.isModalSubmit()) return submit(interaction, parent);
    if (interaction.isMessageContextMenuCommand()) return shortcut(interaction, parent);
    log.debug({ type: interaction.type }, 'an interaction of a kind we have no use for');
  }

  async function command(interaction: ChatInputCommandInteraction, parent: string | null): Promise<void> {
    const subcommand = interaction.options.getSubcommand(false);
    const path = subcommand ? [interaction.commandName, subcommand] : [interaction.commandName];
    const options = optionsOf(interaction);
    const definition = handlers.commands.find((candidate) => candidate.path.join(' ') === path.join(' '));
    if (definition?.form && (await openForm(interaction, parent, { kind: 'command', path, options }))) return;
    await acknowledged(
      interaction,
      parent,
      definition?.answer === 'public' ? 'public' : 'private',
      (invocation) => handlers.command(path, options, invocation),
    );
  }

  async function press(interaction: ButtonInteraction, parent: string | null): Promise<void> {
    const answer = answerOf(interaction.customId);
    if (answer) return settle(interaction, parent, answer);
    const { action, asks } = readAction(interaction.customId);
    if (asks) return ask(interaction, parent, action);
    if (await openForm(interaction, parent, { kind: 'action', action })) return;
    await acknowledged(interaction, parent, 'update', (invocation) => handlers.action(action, invocation));
  }

  /** Nothing is done until the private question is answered. */
  async function ask(interaction: ButtonInteraction, parent: string | null, action: string): Promise<void> {
    const { locale: spoken } = askerOf(interaction, parent, locale);
    const words = handlers.confirmation?.(action, spoken) ?? null;
    await answers.acknowledge(
      interaction,
      callbackTypes.message,
      questionBody({
        action,
        messageId: interaction.message.id,
        label: labelOf(interaction),
        words,
        locale: spoken,
      }),
    );
  }

  async function settle(
    interaction: ButtonInteraction,
    parent: string | null,
    answer: NonNullable<ReturnType<typeof answerOf>>,
  ): Promise<void> {
    const received = receivedFrom(interaction, parent, locale);
    const body = settledBody(answer.action !== null, received.asker.locale);
    const acknowledgement = await answers.acknowledge(interaction, callbackTypes.update, body);
    if (answer.action === null) return;
    const { action, messageId } = answer;
    const source = { id: messageId, isPrivate: false };
    const invocation = answers.invocation({ ...received, source }, 'answered', acknowledgement);
    await attend(invocation, () => handlers.action(action, invocation));
  }

  async function submit(interaction: ModalSubmitInteraction, parent: string | null): Promise<void> {
    const values = readForm(interaction, settings);
    await acknowledged(interaction, parent, 'public', (invocation) =>
      handlers.submit(interaction.customId, values, invocation),
    );
  }

  async function shortcut(
    interaction: MessageContextMenuCommandInteraction,
    parent: string | null,
  ): Promise<void> {
    const { targetMessage: message } = interaction;
    const source = {
      text: message.content,
      files: [...message.attachments.values()].map((attachment) => incomingFile(attachment, settings)),
      author: message.author.globalName ?? message.author.username,
      link: `https://discord.com/channels/${interaction.guildId ?? '@me'}/${interaction.channelId}/${message.id}`,
    };
    await acknowledged(interaction, parent, 'public', (invocation) => handlers.shortcut(source, invocation));
  }

  /** @returns whether a form was shown, which acknowledges the press */
  async function openForm(
    interaction: ChatInputCommandInteraction | ButtonInteraction,
    parent: string | null,
    what: Press,
  ): Promise<boolean> {
    const asked = handlers.formFor(what, askerOf(interaction, parent, locale)).catch((error: unknown) => {
      log.error({ reason: reasonOf(error) }, 'a form could not be made');
      return null;
    });
    const form: Form | null = await Promise.race([asked, sleep(FORM_MS, null, { ref: false })]);
    if (!form) return false;
    await answers.acknowledge(interaction, callbackTypes.modal, formatForm(form));
    return true;
  }

  async function acknowledged(
    interaction: Replied,
    parent: string | null,
    deferral: Deferral,
    run: (invocation: Invocation) => Promise<void>,
  ): Promise<void> {
    const type = deferral === 'update' ? callbackTypes.deferUpdate : callbackTypes.deferMessage;
    const acknowledgement = await answers.acknowledge(
      interaction,
      type,
      deferral === 'private' ? { flags: EPHEMERAL } : undefined,
    );
    if (acknowledgement === 'missed')
      log.warn(
        { interaction: interaction.id },
        'Discord did not wait for the acknowledgement; answering in the channel',
      );
    const invocation = answers.invocation(
      receivedFrom(interaction, parent, locale),
      deferral,
      acknowledgement,
    );
    await attend(invocation, () => run(invocation));
  }

  async function attend(
    invocation: ReturnType<Answers['invocation']>,
    run: () => Promise<void>,
  ): Promise<void> {
    try {
      await run();
    } catch (error) {
      log.error({ reason: reasonOf(error) }, 'a chat handler failed');
      await invocation.whisper(notice(wentWrong[invocation.locale], 'bad'));
    } finally {
      await invocation.settle();
    }
  }

  async function suggest(interaction: AutocompleteInteraction, parent: string | null): Promise<void> {
    const subcommand = interaction.options.getSubcommand(false);
    const path = subcommand ? [interaction.commandName, subcommand] : [interaction.commandName];
    const { name, value } = interaction.options.getFocused(true);
    const asker = askerOf(interaction, parent, locale);
    const asked = choicesOf(handlers, path, name, value, asker).catch((error: unknown) => {
      log.warn({ reason: reasonOf(error) }, 'suggestions could not be made');
      return [];
    });
    const choices = await Promise.race([asked, sleep(CHOICES_MS, [], { ref: false })]);
    await answers.acknowledge(interaction, callbackTypes.choices, { choices });
  }

  return {
    take(interaction, parent) {
      if (isStopping || seen.has(interaction.id)) return;
      seen.add(interaction.id);
      if (seen.size > REMEMBERED) seen.delete(seen.values().next().value!);
      const work = handle(interaction, parent)
        .catch((error: unknown) =>
          log.error({ reason: reasonOf(error) }, 'an interaction could not be answered'),
        )
        .finally(() => underWay.delete(work));
      underWay.add(work);
    },
    async stop(graceMs) {
      isStopping = true;
      const done = new AbortController();
      const timeUp = sleep(graceMs, undefined, { signal: done.signal, ref: false }).catch(() => undefined);
      await Promise.race([Promise.all(underWay), timeUp]);
      done.abort();
    },
  };

  function optionsOf(interaction: ChatInputCommandInteraction): Record<string, unknown> {
    const given: readonly CommandInteractionOption[] = interaction.options.data.flatMap(
      (option) => option.options ?? option,
    );
    return Object.fromEntries(
      given.map(({ name, value, attachment }) => [
        name,
        attachment ? incomingFile(attachment, settings) : value,
      ]),
    );
  }
}

/** As it is written on the button that was pressed. */
function labelOf({ component }: ButtonInteraction): string {
  return 'label' in component ? (component.label ?? '') : '';
}

function receivedFrom(interaction: Replied, parent: string | null, locale: Locale): Received {
  const message = 'message' in interaction ? interaction.message : null;
  const isPress = interaction.isButton();
  return {
    id: interaction.id,
    token: interaction.token,
    applicationId: interaction.applicationId,
    createdAt: interaction.createdTimestamp,
    asker: askerOf(interaction, parent, locale),
    uploadLimit: interaction.attachmentSizeLimit ?? null,
    reachable: isReachable(interaction, parent),
    source:
      isPress && message ? { id: message.id, isPrivate: message.flags.has(MessageFlags.Ephemeral) } : null,
  };
}
