/**
 * Answering an interaction: the acknowledgement within three seconds, then messages through its token.
 * If Discord knows the interaction no more (10062 comes within three seconds, too), the answer goes to
 * the channel instead.
 */
import { Routes } from 'discord.js';
import type { Config } from '../../core/config.ts';
import type { Logger } from '../../core/log.ts';
import { MessengerError, type Asker, type Invocation, type Message, type MessageRef } from '../types.ts';
import { asMessengerError, codeOf, reasonOf } from './faults.ts';
import { formatMessage, loadFiles } from './format.ts';
import { cannotSeeChannel, notice } from './notices.ts';
import type { Transport } from './transport.ts';
import { postedAt, writeHandle, type ApiMessage, type Outbox } from './outbox.ts';

/** Discord's numbers of interaction callbacks. */
export const callbackTypes = {
  message: 4,
  deferMessage: 5,
  deferUpdate: 6,
  update: 7,
  choices: 8,
  modal: 9,
} as const;

/** What of an interaction is needed to answer it. */
export type Received = {
  id: string;
  token: string;
  applicationId: string;
  /** Epoch ms, by Discord. */
  createdAt: number;
  asker: Asker;
  uploadLimit: number | null;
  /** Whether the bot's own token can post here. */
  reachable: boolean;
  /** Of a button press: the message it is in. */
  source: { id: string; isPrivate: boolean } | null;
};
/** `missed`: Discord knows the interaction no more, so its token is of no use. */
export type Acknowledgement = 'given' | 'missed';
/**
 * The answer that was promised: a new message for all or one, or none (an update of the source, or, once a
 * question in between was answered, nothing at all).
 */
export type Deferral = 'public' | 'private' | 'update' | 'answered';

export type Answers = {
  /** @throws what the REST client throws, but for an interaction that is gone or acknowledged already */
  acknowledge(to: Pick<Received, 'id' | 'token'>, type: number, data?: object): Promise<Acknowledgement>;
  invocation(
    to: Received,
    deferral: Deferral,
    acknowledgement: Acknowledgement,
  ): Invocation & {
    /** Takes a promised answer back that never came. */
    settle(): Promise<void>;
  };
};

const EPHEMERAL = 64;
const ACK_TRIES = 3;
const ACK_TRY_MS = 1200;
const CALL_MS = 30_000;
const TOKEN_SAFETY_MS = 15 * 60_000;

export function createAnswers(options: {
  settings: Config['discord'] & { token: string };
  transport: Transport;
  outbox: Outbox;
  log: Logger;
}): Answers {
  const { settings, transport, outbox, log } = options;
  // One lost try leaves time for another within Discord's three seconds; see acknowledge().
  const callbacks = transport.openRest({
    api: settings.apiBaseUrl,
    retries: 0,
    timeout: ACK_TRY_MS,
  });
  const followUps = transport.openRest({
    api: settings.apiBaseUrl,
    retries: 2,
    timeout: 20_000,
  });

  async function acknowledge(
    to: Pick<Received, 'id' | 'token'>,
    type: number,
    data?: object,
  ): Promise<Acknowledgement> {
    const body = { type, ...(data ? { data } : {}) };
    for (let tries = 1; ; tries++) {
      try {
        await callbacks.post(Routes.interactionCallback(to.id, to.token), { body, auth: false });
        return 'given';
      } catch (error) {
        // 40060: an earlier try arrived, only its answer was lost.
        if (codeOf(error) === 40060) return 'given';
        if (codeOf(error) === 10062) return 'missed';
        if (codeOf(error) !== null || tries === ACK_TRIES) throw error;
      }
    }
  }

  function invocation(to: Received, deferral: Deferral, acknowledgement: Acknowledgement) {
    const { asker } = to;
    const signal = (): AbortSignal => AbortSignal.timeout(CALL_MS);
    const usable = acknowledgement === 'given';
    let isPending = usable && (deferral === 'public' || deferral === 'private');
    let isWarned = to.reachable;

    /** @param message which of the interaction's messages it is; null: none of them */
    const refOf = (id: string, message: '@original' | 'own' | null, isPrivate: boolean): MessageRef => ({
      channel: asker.place.channel,
      id,
      postedAt: postedAt(id),
      ...(asker.place.team ? { team: asker.place.team } : {}),
      ...(asker.place.thread ? { thread: asker.place.thread } : {}),
      ...(isPrivate ? { private: true } : {}),
      ...(usable && message
        ? {
            handle: writeHandle(to.token, message),
            handleUntil: to.createdAt + Math.min(settings.interactionHandoverMs, TOKEN_SAFETY_MS),
          }
        : {}),
      ...(to.uploadLimit === null ? {} : { uploadLimit: to.uploadLimit }),
      ...(to.reachable ? {} : { reachable: false }),
    });

    async function editOriginal(message: Message): Promise<string> {
      const files = await loadFiles(message, signal());
      const body = formatMessage(message, { mentions: false });
      const route = Routes.webhookMessage(to.applicationId, to.token, '@original');
      const patch = (): Promise<unknown> =>
        followUps.patch(route, { body, files, auth: false, signal: signal() });
      const { id } = (await patch().catch((error: unknown) => {
        // May have arrived or not; twice is the same.
        if (asMessengerError(error).fault === 'unavailable') return patch();
        throw error;
      })) as ApiMessage;
      isPending = false;
      return id;
    }

    async function followUp(message: Message, isPrivate: boolean): Promise<string> {
      // The first message after a deferral would take its place, and its visibility.
      await withdraw();
      const files = await loadFiles(message, signal());
      const body = {
        ...formatMessage(message, { mentions: false }),
        ...(isPrivate ? { flags: EPHEMERAL } : {}),
      };
      const route = Routes.webhook(to.applicationId, to.token);
      return ((await followUps.post(route, { body, files, auth: false, signal: signal() })) as ApiMessage).id;
    }

    async function withdraw(): Promise<void> {
      if (!isPending) return;
      isPending = false;
      await followUps.delete(Routes.webhookMessage(to.applicationId, to.token, '@original'), {
        auth: false,
        signal: signal(),
      });
    }

    async function replyThrough(message: Message): Promise<MessageRef> {
      if (!usable) {
        if (!to.reachable)
          throw new MessengerError(
            'no_access',
            'The interaction has ended, and I cannot post in this channel.',
          );
        const { channel, team, thread } = asker.place;
        return outbox.post(
          { channel, ...(team ? { team } : {}), ...(thread ? { thread } : {}) },
          message,
          signal(),
        );
      }
      if (isPending && deferral === 'public') return refOf(await editOriginal(message), '@original', false);
      return refOf(await followUp(message, false), 'own', false);
    }

    async function whisperThrough(message: Message): Promise<void> {
      if (!usable) await outbox.post({ user: asker.user.id }, message, signal());
      else if (isPending && deferral === 'private') await editOriginal(message);
      else await followUp(message, true);
    }

    const whisper = (message: Message): Promise<void> =>
      whisperThrough(message).catch((error: unknown) => {
        log.warn({ reason: reasonOf(error) }, 'a private answer on Discord did not arrive');
      });

    const source = to.source;
    const sourceRef = source
      ? refOf(source.id, deferral === 'answered' ? null : '@original', source.isPrivate)
      : null;
    return {
      ...asker,
      id: `discord:${to.id}`,
      uploadLimit: to.uploadLimit,
      async reply(message: Message): Promise<MessageRef> {
        const ref = await replyThrough(message).catch((error: unknown) => {
          throw asMessengerError(error);
        });
        if (!isWarned && usable) {
          isWarned = true;
          await whisper(notice(cannotSeeChannel[asker.locale]));
        }
        return ref;
      },
      whisper,
      ...(sourceRef
        ? {
            message: sourceRef,
            async update(message: Message): Promise<void> {
              try {
                if (usable && deferral === 'update') await editOriginal(message);
                else await outbox.edit(sourceRef, message, signal());
              } catch (error) {
                throw asMessengerError(error);
              }
            },
          }
        : {}),
      settle: () =>
        withdraw().catch((error: unknown) => {
          log.debug({ reason: reasonOf(error) }, 'a promised answer could not be taken back');
        }),
    };
  }

  return { acknowledge, invocation };
}
