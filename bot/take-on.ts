/** From a wish to a job with a card: quota, the studio, the public answer, the card kept. */
import type { Config } from '../core/config.ts';
import type { Logger } from '../core/log.ts';
import type { Ops } from '../core/ops/types.ts';
import { HIGHEST_PRIORITY } from '../core/schema/priority.ts';
import type { JobDetails, Accepted, Caller, StudioService } from '../core/studio-service.ts';
import { jobCard } from './messages.ts';
import { ownerOf, type Permissions } from './permissions.ts';
import type { Quotas } from './quotas.ts';
import { faultMessage, quotaRefusal, refusal, withTyped, type Typed } from './refusals.ts';
import type { Reporter } from './reporter.ts';
import { filmRequest, type FilmWish } from './film-request.ts';
import { wordsOf } from './texts/index.ts';
import { StudioError } from '../core/errors.ts';
import type { Asker, ChatStore, Invocation, MessengerLimits } from './types.ts';

/** What commands are made of. */
export type ChatDeps = {
  studio: StudioService;
  store: ChatStore;
  config: Config;
  permissions: Permissions;
  quotas: Quotas;
  reporter: Pick<Reporter, 'expectCard' | 'keepCard' | 'postCard'>;
  limits: MessengerLimits;
  /** Null where monitoring does not run in this process. */
  ops: Ops | null;
  log: Logger;
  now: () => number;
};

/** Makes a film of what someone typed; whatever is wrong is answered privately, with what was typed. */
export async function takeFilm(invocation: Invocation, wish: FilmWish, deps: ChatDeps): Promise<void> {
  const isEmpty = !wish.text?.trim() && !wish.files?.length && !wish.urls?.length;
  if (isEmpty) return invocation.whisper(refusal(wordsOf(invocation.locale).refusals.nothing));
  await takeOn(
    invocation,
    async (caller) => {
      const { team, channel } = invocation.place;
      const settings = deps.store.settings(team, channel);
      const request = await filmRequest(wish, {
        studio: deps.studio,
        caller,
        settings,
        locale: invocation.locale,
      });
      const accepted = await deps.studio.compose(request.storyboard, caller, idempotency(invocation));
      if (request.script !== null) deps.store.saveScript(accepted.job.id, request.script);
      return accepted;
    },
    deps,
    { text: wish.text, goesOn: true },
  );
}

/**
 * Takes any job on and answers with its card. Never throws for what is the asker's to know: that is
 * whispered, together with `typed`.
 */
export async function takeOn(
  invocation: Invocation,
  ask: (caller: Caller) => Promise<Accepted>,
  deps: ChatDeps,
  typed: Typed = { text: null, goesOn: false },
): Promise<void> {
  const settled = deps.reporter.expectCard();
  try {
    let accepted: Accepted | null = null;
    const isOperator = deps.permissions.isOperator(invocation);
    const caller = { ...callerOf(invocation), ...(isOperator ? { mostPriority: HIGHEST_PRIORITY } : {}) };
    const run = async (): Promise<void> => void (accepted = await ask(caller));
    // Operators keep things going; their tries are not counted.
    const refused = isOperator ? await run().then(() => null) : await deps.quotas.within(invocation, run);
    const context = { store: deps.store, formText: deps.limits.formText };
    if (refused)
      return await invocation.whisper(
        withTyped(quotaRefusal(refused, invocation.locale), typed, invocation, context),
      );
    await answer(invocation, accepted!, deps);
  } catch (error) {
    if (!(error instanceof StudioError)) throw error;
    const context = { store: deps.store, formText: deps.limits.formText };
    await invocation.whisper(withTyped(faultMessage(error, invocation.locale), typed, invocation, context));
  } finally {
    settled();
  }
}

/** The card as the public answer; where that fails, a card in the channel, for the job is taken on. */
async function answer(invocation: Invocation, { job }: Accepted, deps: ChatDeps): Promise<void> {
  // The platform delivered the same press twice, or someone pressed twice: there is a card already.
  if (deps.store.card(job.id))
    return invocation.whisper({
      tone: 'neutral',
      lines: [{ text: wordsOf(invocation.locale).done.started }],
      footer: wordsOf(invocation.locale).card.job(job.id),
    });
  try {
    const ref = await invocation.reply(jobCard(job, { locale: invocation.locale }));
    const uploadLimit = invocation.uploadLimit ?? ref.uploadLimit;
    await deps.reporter.keepCard(
      job,
      uploadLimit === undefined ? ref : { ...ref, uploadLimit },
      invocation.locale,
    );
  } catch (error) {
    deps.log.warn({ job: job.id, error: String(error) }, 'an answer could not be given; a card is posted');
    await deps.reporter.postCard(job.id);
  }
}

export function callerOf(asker: Asker & Partial<Pick<Invocation, 'id'>>): Caller {
  const { id, user, place, platform, locale } = asker;
  return {
    owner: ownerOf(asker),
    sees: 'own',
    origin: {
      platform,
      user: user.id,
      userName: user.name,
      channel: place.channel,
      locale,
      ...(place.team === null ? {} : { team: place.team }),
      ...(place.thread === null ? {} : { thread: place.thread }),
      ...(id === undefined ? {} : { requestId: id }),
    },
  };
}

/** The same press is the same job, however often it is delivered. */
export function idempotency(invocation: Invocation): { idempotencyKey: string } {
  const id = invocation.id.replaceAll(/[^\x21-\x7e]/g, '_').slice(0, 200);
  return { idempotencyKey: `${invocation.platform}:${id}` };
}

/** A job someone may look at; what they are told where there is none is left to the caller. */
export async function findJob(jobId: string, asker: Asker, deps: ChatDeps): Promise<JobDetails | null> {
  const everything: Caller = { ...callerOf(asker), sees: 'all' };
  const details = await deps.studio.details(jobId.trim(), everything);
  return details && deps.permissions.maySee(asker, details) ? details : null;
}
