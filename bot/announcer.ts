/**
 * Tells the end of each job exactly once: takes announcements from the outbox under a lease, shows the
 * end on the card (harmless to repeat), posts the closing message, then acknowledges. A try after a
 * first one looks for the message before it posts, since an answer or a whole process may have been lost.
 */
import type { Logger } from '../core/log.ts';
import { isFinal, type Job } from '../core/schema/job.ts';
import type { Caller, ChatAnnouncement, StudioService } from '../core/studio-service.ts';
import { targetOf, type Cards } from './cards.ts';
import { backoffMs, type Clock } from './clock.ts';
import type { EditQueue } from './edit-queue.ts';
import { closingPost, jobCard } from './messages.ts';
import { resultFiles } from './result-files.ts';
import { hasEnded, newSender } from './sender.ts';
import { localeOf } from './texts/index.ts';
import {
  MessengerError,
  type ChatStore,
  type Locale,
  type Message,
  type MessageRef,
  type Messenger,
  type Target,
} from './types.ts';

export type AnnouncerDeps = {
  messenger: Messenger;
  studio: Pick<StudioService, 'announcements' | 'job' | 'openFile'>;
  store: ChatStore;
  queue: EditQueue;
  cards: Cards;
  clock: Clock;
  log: Logger;
  locale: Locale;
  operator: Caller;
  /** Resolves when no command is between taking a job on and showing its card. */
  cardsSettled: () => Promise<void>;
  leaseMs?: number;
};

export type Announcer = {
  /** Ends within the time of one call. Idempotent. */ stop(): Promise<void>;
};

const LEASE_MS = 75_000;
/** A call to the platform ends within this; later the lease might be another's. */
const CALL_MS = 30_000;
/** What a killed process had sent may still be on its way: time for it to be there when it is looked for. */
const ORPHAN_PAUSE_MS = 3000;
const AT_ONCE = 8;
const IDLE_WAIT_MS = 5000;
/** Something that cannot be told for a day is not told. */
const GIVE_UP_MS = 24 * 3600_000;
const CLOCK_SKEW_MS = 120_000;

/** Announcements that were last taken, and by whom. */
type Held = { sender: string; ids: string[] };
const HELD = 'announcements held';

type Telling = ChatAnnouncement & { locale: Locale; claimedAt: number };

export function startAnnouncer(deps: AnnouncerDeps): Announcer {
  const { messenger, studio, store, queue, cards, clock, log } = deps;
  const leaseMs = deps.leaseMs ?? LEASE_MS;
  // Tests take short leases, and platforms that answer at once.
  const callMs = Math.min(CALL_MS, leaseMs * 0.4);
  const channel = messenger.platform;
  const sender = newSender(channel);
  const stopping = new AbortController();
  const busy = new Set<Promise<void>>();
  const inHand = new Map<string, Telling>();

  const loop = (async () => {
    await freeOrphans();
    while (!stopping.signal.aborted) {
      const due = busy.size < AT_ONCE ? await tryClaim() : [];
      for (const announcement of due) begin(announcement);
      if (busy.size >= AT_ONCE) await Promise.race([...busy]);
      else if (due.length === 0) await studio.announcements.wait(channel, IDLE_WAIT_MS, stopping.signal);
    }
    await Promise.all(busy);
  })();

  async function tryClaim(): Promise<ChatAnnouncement[]> {
    try {
      const limit = AT_ONCE - busy.size;
      const due = await studio.announcements.claim(channel, sender, { leaseMs, limit });
      if (due.length > 0) noteHeld([...inHand.keys(), ...due.map(({ id }) => id)]);
      return due;
    } catch (error) {
      log.error({ error: String(error) }, 'announcements could not be read');
      await clock.wait(1000, stopping.signal);
      return [];
    }
  }

  /** For who comes after us, should we be killed. */
  function noteHeld(ids: string[]): void {
    store.saveFact(HELD, JSON.stringify({ sender, ids } satisfies Held));
  }

  /** What a killed process of this host had in hand is due soon, and not only when its lease ends. */
  async function freeOrphans(): Promise<void> {
    try {
      const held = JSON.parse(store.fact(HELD) ?? 'null') as Held | null;
      if (!held || !hasEnded(held.sender)) return;
      const outcome = {
        retryAt: clock.now() + ORPHAN_PAUSE_MS,
        reason: 'The process that told it was killed.',
      };
      const freed = await Promise.all(
        held.ids.map((id) => studio.announcements.release(id, held.sender, outcome)),
      );
      log.info(
        { freed: freed.filter(Boolean).length },
        'ends in the hands of a killed process are due again',
      );
    } catch (error) {
      log.warn({ error: String(error) }, 'ends a killed process held wait for their lease');
    }
  }

  function begin(announcement: ChatAnnouncement): void {
    const known = inHand.get(announcement.id);
    // It waited its turn for longer than its lease, which is renewed by this: two of us would hinder each other.
    if (known) return void Object.assign(known, { claimedAt: clock.now(), attempts: announcement.attempts });
    const locale = localeOf(announcement.origin.locale, deps.locale);
    const telling: Telling = { ...announcement, locale, claimedAt: clock.now() };
    inHand.set(telling.id, telling);
    const work: Promise<void> = handle(telling).finally(() => {
      busy.delete(work);
      inHand.delete(telling.id);
    });
    busy.add(work);
  }

  async function handle(telling: Telling): Promise<void> {
    const { id, event } = telling;
    const jobId = telling.job.id;
    try {
      const reason = await tell(telling);
      await studio.announcements.ack(id, sender);
      log.info({ job: jobId, event, attempt: telling.attempts }, reason);
    } catch (error) {
      await release(telling, error).catch((fault: unknown) =>
        log.error(
          { job: jobId, error: String(fault) },
          'an announcement could not be put back; its lease will end',
        ),
      );
    }
  }

  async function tell(telling: Telling): Promise<string> {
    const job = await presentState(telling);
    if (!job) return 'an end was passed over: the job goes on';
    if (!store.card(job.id)) await deps.cardsSettled();
    const filesFor = (where: 'card' | 'closing', ref: MessageRef | null) =>
      messenger.limits.filesIn === where
        ? resultFiles(job, studio, ref?.uploadLimit ?? messenger.limits.uploadBytes)
        : Promise.resolve([]);
    const isShown = await cards.finish(job, telling.origin, (ref) => filesFor('card', ref));
    const card = store.card(job.id);
    if (!isShown || !card) {
      const files = await resultFiles(job, studio, messenger.limits.uploadBytes);
      const whole = jobCard(job, { locale: telling.locale, files });
      const { user } = telling.origin;
      const ref = await postOnce({ ...whole, key: telling.id, ...(user ? { mention: user } : {}) }, telling);
      if (ref) cards.keep(job.id, ref, telling.locale);
      return 'an end was told in a new card';
    }
    const closing = closingPost(job, telling.origin, {
      locale: card.locale,
      key: telling.id,
      files: await filesFor('closing', card.ref),
      cardLink: messenger.linkTo(card.ref),
    });
    // Speech is there in a moment and plays in its card: calling the asker would only be noise.
    const isEnough = job.kind === 'tts' && messenger.limits.filesIn === 'card';
    if (!closing || isEnough) return 'an end was shown';
    const posted = await postOnce(closing, telling);
    return posted ? 'an end was told' : 'an end was passed over: the job goes on';
  }

  /** The job as it is now; null if it was asked for again since. */
  async function presentState({ job }: Telling): Promise<Job | null> {
    const now = await studio.job(job.id, deps.operator);
    if (!now) return job;
    return isFinal(now.status) && now.finishedAt === job.finishedAt ? now : null;
  }

  /** In the channel, or to the asker where that is closed to us. */
  async function postOnce(message: Message, telling: Telling): Promise<MessageRef | null> {
    const { origin } = telling;
    const card = store.card(telling.job.id);
    const place = card ? placeOf(card.ref) : targetOf(origin);
    try {
      return await lookAndPost(place, message, telling);
    } catch (error) {
      if (!isFault(error, 'no_access', 'gone') || !origin.user) throw error;
      const { files: _files, mention: _mention, ...rest } = message;
      return lookAndPost({ user: origin.user }, rest, telling);
    }
  }

  async function lookAndPost(target: Target, message: Message, telling: Telling): Promise<MessageRef | null> {
    let ref: MessageRef | null = null;
    const end = await queue.put({
      key: `closing:${telling.id}`,
      lane: messenger.lane(target),
      urgent: true,
      retry: false,
      run: async (signal) => {
        if (telling.attempts > 1) ref = await look(target, telling, signal);
        // Whoever was quick to press Retry while this waited its turn need not hear of the failure.
        if (!ref && !(await presentState(telling))) return;
        assertTime(telling);
        ref ??= await postWithout(target, message, signal);
      },
    });
    if (end !== 'sent') throw new MessengerError('unavailable', `The call was ${end}.`);
    return ref;
  }

  async function look(target: Target, telling: Telling, signal: AbortSignal): Promise<MessageRef | null> {
    try {
      return await messenger.find(target, telling.id, telling.createdAt - CLOCK_SKEW_MS, signal);
    } catch (error) {
      // Not allowed to read there: then the platform's own refusal of doubles must do.
      if (isFault(error, 'no_access')) return null;
      throw error;
    }
  }

  async function postWithout(target: Target, message: Message, signal: AbortSignal): Promise<MessageRef> {
    try {
      return await messenger.post(target, message, signal);
    } catch (error) {
      if (!isFault(error, 'refused') || !message.files?.length) throw error;
      log.warn({ error: String(error) }, 'files were refused; the link goes without them');
      return messenger.post(target, { ...message, files: [], picture: undefined }, signal);
    }
  }

  /** Whoever posts so late that the lease may end meanwhile risks a double. */
  function assertTime({ claimedAt }: Telling): void {
    if (clock.now() - claimedAt > leaseMs - callMs)
      throw new MessengerError('unavailable', 'The lease is nearly over.', { retryAfterMs: 0 });
  }

  async function release(announcement: Telling, error: unknown): Promise<void> {
    const facts = { job: announcement.job.id, attempt: announcement.attempts, error: String(error) };
    const isHopeless =
      isFault(error, 'refused', 'no_access', 'gone') || clock.now() - announcement.createdAt > GIVE_UP_MS;
    const pauseMs =
      (error instanceof MessengerError ? error.retryAfterMs : undefined) ?? backoffMs(announcement.attempts);
    if (isHopeless) log.error(facts, 'an end cannot be told and is given up');
    else log.warn({ ...facts, pauseMs }, 'an end could not be told, will try again');
    await studio.announcements.release(announcement.id, sender, {
      retryAt: isHopeless ? null : clock.now() + pauseMs,
      reason: String(error),
    });
  }

  return {
    async stop() {
      stopping.abort();
      await loop;
    },
  };
}

function placeOf({ team, channel, thread }: MessageRef): Target {
  return { channel, ...(team ? { team } : {}), ...(thread ? { thread } : {}) };
}

function isFault(error: unknown, ...faults: MessengerError['fault'][]): boolean {
  return error instanceof MessengerError && faults.includes(error.fault);
}
