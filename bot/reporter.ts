/**
 * Keeps one message a job up to date and tells its end once: watches jobs, hands states to the cards,
 * runs the announcer. The jobs never wait for it, and a restart goes on where the last one ended.
 */
import type { Logger } from '../core/log.ts';
import { isFinal, jobStatuses, type Job } from '../core/schema/job.ts';
import type { Caller, StudioService } from '../core/studio-service.ts';
import { startAnnouncer } from './announcer.ts';
import { createCards } from './cards.ts';
import { systemClock, type Clock } from './clock.ts';
import { createEditQueue } from './edit-queue.ts';
import { earlySheet } from './result-files.ts';
import type { Attachment, ChatStore, Locale, MessageRef, Messenger } from './types.ts';

export type ReporterDeps = {
  messenger: Messenger;
  studio: Pick<StudioService, 'announcements' | 'details' | 'job' | 'jobs' | 'openFile' | 'watch'>;
  store: ChatStore;
  log: Logger;
  /** Of people whose own is not known. */
  locale: Locale;
  clock?: Clock;
  /** For tests. */
  leaseMs?: number;
};

export type Reporter = {
  /**
   * To be called before a job is taken on, and its answer once its card is kept or never will be:
   * until then nobody posts a card for a job without one.
   */
  expectCard(): () => void;
  /** The message is the card of this job and shows it in this state. */
  keepCard(job: Job, ref: MessageRef, locale: Locale): Promise<void>;
  /** A job whose card could not be posted as an answer gets one in its channel. */
  postCard(jobId: string): Promise<void>;
  stop(): Promise<void>;
};

/** How often the places of those who wait are looked at, ms. */
const PLACES_MS = 5000;
const STORE_PAUSE_MS = 1000;
const MOST_WAIT_FOR_CARDS_MS = 15_000;
const PAGE = 200;
const openStatuses = jobStatuses.filter((status) => !isFinal(status));

export function startReporter(deps: ReporterDeps): Reporter {
  const { messenger, studio, store, log, locale, clock = systemClock } = deps;
  const { platform, limits } = messenger;
  const operator: Caller = { owner: `${platform}:bot`, sees: 'all', origin: { platform } };
  const stopping = new AbortController();
  const queue = createEditQueue({ ...limits, clock });
  const earlyFiles = (job: Job): Promise<Attachment[]> => earlySheet(job, studio);
  const cards = createCards({ messenger, store, queue, clock, log, locale, earlyFiles });
  const expected = new Set<Promise<void>>();
  const places = new Map<string, number | null>();
  const announcer = startAnnouncer({
    messenger,
    studio,
    store,
    queue,
    cards,
    clock,
    log,
    locale,
    operator,
    cardsSettled,
    ...(deps.leaseMs === undefined ? {} : { leaseMs: deps.leaseMs }),
  });
  const work = Promise.all([watchJobs(), resume(), watchPlaces()]);

  async function watchJobs(): Promise<void> {
    let after: number | undefined;
    while (!stopping.signal.aborted) {
      try {
        const resumeAt = after === undefined ? {} : { after };
        for await (const event of studio.watch({ platform }, operator, stopping.signal, resumeAt)) {
          after = Math.max(after ?? 0, event.id);
          // Ends are the announcer's: they must not be lost.
          if (!isFinal(event.job.status)) cards.show(event.job, event.origin);
          notePlace(event.job);
        }
      } catch (error) {
        log.error({ error: String(error) }, 'jobs could not be watched');
      }
      await clock.wait(STORE_PAUSE_MS, stopping.signal);
    }
  }

  /** What went on while nobody watched. A job whose card was never posted gets one now. */
  async function resume(): Promise<void> {
    await patiently(async () => {
      for await (const job of openJobs()) {
        const details = await studio.details(job.id, operator);
        if (!details || isFinal(details.job.status)) continue;
        if (!store.card(job.id)) await cardsSettled();
        if (store.card(job.id)) cards.show(details.job, details.origin);
        else cards.create(details.job, details.origin);
        notePlace(details.job);
      }
    });
  }

  /** Those who wait move up without an event of their own. */
  async function watchPlaces(): Promise<void> {
    while (!stopping.signal.aborted) {
      await clock.wait(PLACES_MS, stopping.signal);
      if (places.size === 0 || stopping.signal.aborted) continue;
      await patiently(async () => {
        for await (const job of openJobs('queued')) {
          if (places.get(job.id) === job.queuePosition) continue;
          const details = await studio.details(job.id, operator);
          if (details?.job.status === 'queued') cards.show(details.job, details.origin);
          if (details) notePlace(details.job);
        }
      });
    }
  }

  function notePlace(job: Job): void {
    if (job.status === 'queued') places.set(job.id, job.queuePosition);
    else places.delete(job.id);
  }

  async function* openJobs(status?: 'queued'): AsyncIterable<Job> {
    for (let cursor: string | null = ''; cursor !== null;) {
      const page: Awaited<ReturnType<StudioService['jobs']>> = await studio.jobs(
        { platform, status: status ?? openStatuses, limit: PAGE, ...(cursor ? { cursor } : {}) },
        operator,
      );
      yield* page.jobs;
      cursor = page.nextCursor;
    }
  }

  async function patiently(task: () => Promise<void>): Promise<void> {
    while (!stopping.signal.aborted) {
      try {
        return await task();
      } catch (error) {
        log.error({ error: String(error) }, 'jobs could not be read');
        await clock.wait(STORE_PAUSE_MS, stopping.signal);
      }
    }
  }

  /** Bounded, for a command that hangs must not keep others' ends from being told. */
  async function cardsSettled(): Promise<void> {
    if (expected.size === 0) return;
    const enough = new AbortController();
    await Promise.race([
      Promise.all(expected),
      clock.wait(MOST_WAIT_FOR_CARDS_MS, AbortSignal.any([stopping.signal, enough.signal])),
    ]);
    enough.abort();
  }

  return {
    expectCard() {
      const { promise, resolve } = withResolvers();
      expected.add(promise);
      return () => {
        expected.delete(promise);
        resolve();
      };
    },
    async keepCard(job, ref, cardLocale) {
      cards.keep(job.id, ref, cardLocale, job);
      // It may have gone on between being taken and being shown; ends are told by the announcer.
      const details = await studio.details(job.id, operator);
      if (details && !isFinal(details.job.status)) cards.show(details.job, details.origin);
    },
    async postCard(jobId) {
      const details = await studio.details(jobId, operator);
      if (details && !isFinal(details.job.status)) cards.create(details.job, details.origin);
    },
    async stop() {
      stopping.abort();
      await Promise.all([queue.stop(), announcer.stop(), work]);
    },
  };
}

function withResolvers(): { promise: Promise<void>; resolve: () => void } {
  let resolve!: () => void;
  const promise = new Promise<void>((done) => (resolve = done));
  return { promise, resolve };
}
