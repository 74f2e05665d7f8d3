/**
 * The cards of jobs: one message each, edited from queued to done, moved on when it can no longer be
 * edited. Which message that is lives in the chat store; everything here is lost without harm.
 */
import type { Origin } from '../core/jobs/types.ts';
import type { Logger } from '../core/log.ts';
import { isFinal, type Job } from '../core/schema/job.ts';
import type { Clock } from './clock.ts';
import type { EditQueue } from './edit-queue.ts';
import { cardKey, jobCard } from './messages.ts';
import { localeOf, wordsOf } from './texts/index.ts';
import {
  MessengerError,
  type Attachment,
  type Card,
  type ChatStore,
  type Locale,
  type Message,
  type MessageRef,
  type Messenger,
  type Target,
} from './types.ts';

export type Cards = {
  /** Brings the job's card up to date, some time soon. Returns at once; older states are passed over. */
  show(job: Job, origin: Origin): void;
  /**
   * Shows the end of a job before anything that waits.
   * @returns false if the job has no card
   * @throws {MessengerError} as it came; calling it again is harmless
   */
  finish(job: Job, origin: Origin, filesFor: (ref: MessageRef) => Promise<Attachment[]>): Promise<boolean>;
  /** The message is the card of this job from now on. `shown`: the state it shows, if it is known. */
  keep(jobId: string, ref: MessageRef, locale: Locale, shown?: Job): void;
  /** Posts a card for a job that has none; looked for first, since an answer may have been lost. */
  create(job: Job, origin: Origin): void;
};

type Seen = { updatedAt: string; isFinal: boolean; sent: string | null };

/** New messages a card may go on in after losing its own, so that deleting it does not summon it for ever. */
const MOST_MOVES = 3;
/** Jobs whose last state is remembered. */
const REMEMBERED_JOBS = 2000;
/** How far the platform's clock may be behind ours, ms. */
const CLOCK_SKEW_MS = 120_000;

export function createCards(deps: {
  messenger: Messenger;
  store: ChatStore;
  queue: EditQueue;
  clock: Clock;
  log: Logger;
  locale: Locale;
  /** What a job has to show while it is still being made. */
  earlyFiles: (job: Job) => Promise<Attachment[]>;
}): Cards {
  const { messenger, store, queue, clock, log } = deps;
  const seen = new Map<string, Seen>();

  function show(job: Job, origin: Origin): void {
    if (!isNews(job)) return;
    const before = notice(job);
    const card = store.card(job.id);
    if (!card) return;
    const content = JSON.stringify(jobCard(job, lookOf(card)));
    if (content === before) return;
    later(job, messenger.lane(card.ref), async (signal) => {
      // It may have moved while this waited its turn.
      const look = lookOf(store.card(job.id) ?? card);
      await place(job, origin, jobCard(job, { ...look, files: await deps.earlyFiles(job) }), signal);
      const known = seen.get(job.id);
      if (known) known.sent = content;
    });
  }

  async function finish(
    job: Job,
    origin: Origin,
    filesFor: (ref: MessageRef) => Promise<Attachment[]>,
  ): Promise<boolean> {
    const card = store.card(job.id);
    const shown = notice(job);
    if (!card) return false;
    const content = `${job.status} ${job.finishedAt}`;
    if (shown === content) return true;
    const end = await queue.put({
      key: cardKey(job.id),
      lane: messenger.lane(card.ref),
      urgent: true,
      retry: false,
      run: async (signal) => {
        const files = await filesFor(card.ref);
        const look = lookOf(store.card(job.id) ?? card);
        const message = jobCard(job, { ...look, files });
        try {
          await place(job, origin, message, signal);
        } catch (error) {
          // Files may be what is not wanted: the link is there without them.
          if (faultOf(error) !== 'refused' || files.length === 0) throw error;
          log.warn({ job: job.id, error: String(error) }, 'files were refused; the link goes without them');
          await place(job, origin, jobCard(job, look), signal);
        }
        const known = seen.get(job.id);
        if (known) known.sent = content;
      },
    });
    // Superseded is fine: then the job goes on already.
    if (end === 'stopped') throw new MessengerError('unavailable', 'The bot is stopping.');
    return true;
  }

  function create(job: Job, origin: Origin): void {
    if (isNews(job)) notice(job);
    const locale = localeOf(origin.locale, deps.locale);
    later(job, messenger.lane(origin), async (signal) => {
      if (store.card(job.id)) return;
      const ref = await postOnce(targetOf(origin), jobCard(job, { locale }), job, signal);
      if (ref) store.saveCard({ jobId: job.id, ref, locale });
    });
  }

  function later(job: Job, lane: string, run: (signal: AbortSignal) => Promise<void>): void {
    queue.put({ key: cardKey(job.id), lane, urgent: false, retry: true, run }).catch((error: unknown) => {
      log.warn({ job: job.id, error: String(error) }, 'a card could not be brought up to date');
    });
  }

  /** Edits the card, or goes on in a new message where that is no longer possible. */
  async function place(job: Job, origin: Origin, message: Message, signal: AbortSignal): Promise<void> {
    const card = store.card(job.id);
    if (!card) return;
    const isTooOld = clock.now() - card.ref.postedAt >= messenger.limits.editableMs;
    if (isTooOld) return move(card, origin, message, job, 'too_old', signal);
    try {
      const ref = await messenger.edit(card.ref, message, signal);
      if (JSON.stringify(ref) !== JSON.stringify(card.ref)) store.saveCard({ ...card, ref });
    } catch (error) {
      const fault = faultOf(error);
      if (fault !== 'gone' && fault !== 'too_old' && fault !== 'no_access') throw error;
      await move(card, origin, message, job, fault, signal);
    }
  }

  async function move(
    card: Card,
    origin: Origin,
    message: Message,
    job: Job,
    why: 'gone' | 'too_old' | 'no_access',
    signal: AbortSignal,
  ): Promise<void> {
    const moves = (card.moves ?? 0) + 1;
    if (why !== 'too_old' && moves > MOST_MOVES && !isFinal(job.status)) return;
    const earlier = why === 'gone' ? null : messenger.linkTo(card.ref);
    const words = wordsOf(card.locale);
    const next: Message = {
      ...message,
      key: `${cardKey(job.id)}:${moves}`,
      links: [
        ...(message.links ?? []).filter(({ label }) => label !== words.card.earlier),
        ...(earlier ? [{ label: words.card.earlier, url: earlier }] : []),
      ],
    };
    const posted = await postNearby(card, origin, next, job, signal);
    const { earlier: _before, ...rest } = card;
    store.saveCard({ ...rest, ...posted, moves, ...(earlier ? { earlier } : {}) });
    log.info({ job: job.id, why, moves }, 'a card goes on in a new message');
    if (posted && why === 'too_old') await pointTo(posted.ref, card, job, signal);
  }

  /** Where the card was; else, where that is closed to us, to the asker directly; null if neither can be. */
  async function postNearby(
    card: Card,
    origin: Origin,
    message: Message,
    job: Job,
    signal: AbortSignal,
  ): Promise<Pick<Card, 'ref' | 'isDirect'> | null> {
    const { team, channel, thread } = card.ref;
    const place = { channel, ...(team ? { team } : {}), ...(thread ? { thread } : {}) };
    const near = await postOnce(place, message, job, signal);
    if (near) return { ref: near };
    if (!origin.user) return null;
    const line = { text: wordsOf(card.locale).done.movedToDirect };
    const lines = card.isDirect ? message.lines : [line, ...(message.lines ?? [])];
    const ref = await postOnce({ user: origin.user }, { ...message, lines }, job, signal);
    return ref && { ref, isDirect: true };
  }

  /** Posts unless it was posted already; null if the place is closed to us. */
  async function postOnce(
    target: Target,
    message: Message,
    job: Job,
    signal: AbortSignal,
  ): Promise<MessageRef | null> {
    try {
      const since = Date.parse(job.createdAt) - CLOCK_SKEW_MS;
      const posted = await messenger.find(target, message.key!, since, signal).catch((error: unknown) => {
        if (faultOf(error) === 'no_access') return null;
        throw error;
      });
      return posted ?? (await messenger.post(target, message, signal));
    } catch (error) {
      if (faultOf(error) === 'no_access' || faultOf(error) === 'gone') return null;
      throw error;
    }
  }

  /** A kindness: the old message may be beyond edits already. */
  async function pointTo(ref: MessageRef, old: Card, job: Job, signal: AbortSignal): Promise<void> {
    const words = wordsOf(old.locale);
    const url = messenger.linkTo(ref);
    const message: Message = {
      tone: 'neutral',
      title: job.title ?? words.card.untitled,
      lines: [{ text: words.card.movedTo }],
      links: url ? [{ label: words.card.job(job.id), url }] : [],
    };
    await messenger.edit(old.ref, message, signal).catch(() => {});
  }

  function isNews(job: Job): boolean {
    const known = seen.get(job.id);
    if (!known) return true;
    return known.isFinal ? job.updatedAt > known.updatedAt : job.updatedAt >= known.updatedAt;
  }

  /** @returns what was shown last */
  function notice(job: Job): string | null {
    const sent = seen.get(job.id)?.sent ?? null;
    seen.delete(job.id);
    seen.set(job.id, { updatedAt: job.updatedAt, isFinal: isFinal(job.status), sent });
    if (seen.size > REMEMBERED_JOBS) seen.delete(seen.keys().next().value!);
    return sent;
  }

  return {
    show,
    finish,
    create,
    keep(jobId, ref, locale, shown) {
      store.saveCard({ jobId, ref, locale });
      if (!shown || !isNews(shown)) return;
      notice(shown);
      seen.get(jobId)!.sent = JSON.stringify(jobCard(shown, { locale, earlier: null }));
    },
  };
}

/** How a card looks beside the state it shows. */
function lookOf({ locale, earlier, isDirect }: Card): Parameters<typeof jobCard>[1] {
  return { locale, earlier: earlier ?? null, ...(isDirect ? { isDirect } : {}) };
}

export function targetOf(origin: Origin): Target {
  const { team, channel, thread, user } = origin;
  if (!channel) return user ? { user } : {};
  return { channel, ...(team ? { team } : {}), ...(thread ? { thread } : {}) };
}

function faultOf(error: unknown): MessengerError['fault'] | null {
  return error instanceof MessengerError ? error.fault : null;
}
