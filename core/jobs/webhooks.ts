/**
 * Tells the addresses people gave that their job is over: takes announcements from the outbox, posts
 * `{ event, job }` signed, tries again with growing pauses, and logs each try on the job.
 */
import { randomUUID } from 'node:crypto';
import type { Dispatcher } from 'undici';
import { StudioError } from '../errors.ts';
import type { Logger } from '../log.ts';
import { pause } from '../pause.ts';
import type { Job } from '../schema/job.ts';
import { backoffMs } from './backoff.ts';
import { complaints } from './complaints.ts';
import type { AnnouncedEvent } from './record.ts';
import { signatureHeader, signWebhook, timestampHeader } from './signature.ts';
import { Slots } from './slots.ts';
import type { Announcement, Delivery, JobBackend, JobRecord } from './types.ts';

/** Keeps us from posting into inner networks: addresses are judged before, connections while they are made. */
export type FetchGuard = {
  /** @throws {StudioError} url_not_allowed */
  check: (url: string) => URL;
  /** Refuses connections to inner addresses with a StudioError url_not_allowed. */
  dispatcher(): Promise<Dispatcher>;
};

export type WebhookOptions = {
  jobs: JobBackend;
  guard: FetchGuard;
  /** Key of the signatures. */
  secret: string;
  /** The job as the API shows it. */
  present: (job: JobRecord) => Job;
  log: Logger;
  now?: () => number;
  /** Time for one try, ms. */
  timeoutMs?: number;
  /** Tries before it is given up. */
  maxAttempts?: number;
  /** Pause after the first failed try, ms; three times as long after each further one, at most an hour. */
  retryBaseMs?: number;
  concurrency?: number;
};

export type WebhookSender = {
  /** Deliveries under way get two seconds to end. Idempotent. */ stop(): Promise<void>;
};
export type WebhookBody = { event: AnnouncedEvent; job: Job };

const RETRY_CAP_MS = 3600_000;
const IDLE_WAIT_MS = 5000;
const STORE_PAUSE_MS = 1000;
const STOP_GRACE_MS = 2000;
const GONE = 410;

type Settings = WebhookOptions &
  Required<Pick<WebhookOptions, 'now' | 'timeoutMs' | 'maxAttempts' | 'retryBaseMs' | 'concurrency'>>;

export function startWebhooks(options: WebhookOptions): WebhookSender {
  const settings: Settings = {
    ...options,
    now: options.now ?? Date.now,
    timeoutMs: options.timeoutMs ?? 10_000,
    maxAttempts: options.maxAttempts ?? 8,
    retryBaseMs: options.retryBaseMs ?? 5000,
    concurrency: options.concurrency ?? 8,
  };
  const { jobs, log } = options;
  const sender = `webhooks:${randomUUID()}`;
  const stopping = new AbortController();
  const cutting = new AbortController();
  const slots = new Slots(settings.concurrency);
  const store = complaints(log, 'webhooks could not be read');

  const sending = (async () => {
    while (!stopping.signal.aborted) {
      const due = slots.free > 0 ? await tryClaim() : [];
      for (const announcement of due) slots.start(() => handle(announcement));
      if (slots.free === 0) await slots.whenFreed(stopping.signal);
      else if (due.length === 0) await jobs.announcements.wait('webhook', IDLE_WAIT_MS, stopping.signal);
    }
  })();

  async function tryClaim(): Promise<Announcement[]> {
    try {
      // The lease outlives a try, so that nobody sends the same one beside us.
      const leaseMs = settings.timeoutMs * 2 + 5000;
      const due = await jobs.announcements.claim('webhook', sender, { leaseMs, limit: slots.free });
      store.answered();
      return due;
    } catch (error) {
      store.failed(error);
      await pause(STORE_PAUSE_MS, stopping.signal);
      return [];
    }
  }

  async function handle(announcement: Announcement): Promise<void> {
    try {
      const delivery = await deliver(announcement, settings, cutting.signal);
      await settle(announcement, delivery, sender, settings);
    } catch (error) {
      log.error(
        { job: announcement.jobId, error: String(error) },
        'a webhook try could not be written down; it will be sent again',
      );
    }
  }

  return {
    async stop() {
      stopping.abort();
      await sending;
      const finished = new AbortController();
      void slots.drained().then(() => finished.abort());
      await pause(STOP_GRACE_MS, finished.signal);
      cutting.abort();
      await slots.drained();
    },
  };
}

/** One try. Redirects are not followed, and of the answer only its status is looked at. */
async function deliver(announcement: Announcement, settings: Settings, cut: AbortSignal): Promise<Delivery> {
  const { guard, secret, present, now, timeoutMs } = settings;
  const at = now();
  const started = performance.now();
  const ended = (outcome: {
    ok: boolean;
    status: number | null;
    error: string | null;
    final?: boolean;
  }): Delivery => {
    const { final, ...shown } = outcome;
    const more = !outcome.ok && !final && announcement.attempts < settings.maxAttempts;
    const nextAt = more
      ? now() + backoffMs(announcement.attempts, settings.retryBaseMs, RETRY_CAP_MS, 3)
      : null;
    return {
      at,
      event: announcement.event,
      attempt: announcement.attempts,
      ...shown,
      durationMs: Math.round(performance.now() - started),
      nextAt,
    };
  };
  const timeout = AbortSignal.timeout(timeoutMs);
  try {
    const url = guard.check(announcement.job.webhookUrl ?? '');
    const body = JSON.stringify({
      event: announcement.event,
      job: present(announcement.job),
    } satisfies WebhookBody);
    const timestamp = Math.floor(at / 1000);
    const { request } = await import('undici');
    const response = await request(url, {
      method: 'POST',
      dispatcher: await guard.dispatcher(),
      signal: AbortSignal.any([timeout, cut]),
      headers: {
        'content-type': 'application/json',
        'user-agent': 'gen-scene-studio (webhook)',
        'x-genscene-event': announcement.event,
        'x-genscene-delivery': announcement.id,
        [timestampHeader]: String(timestamp),
        [signatureHeader]: signWebhook(secret, timestamp, body),
      },
      body,
    });
    response.body.on('error', () => {}).destroy();
    const status = response.statusCode;
    if (status >= 200 && status < 300) return ended({ ok: true, status, error: null });
    return ended({ ok: false, status, error: `answered ${status}`, final: status === GONE });
  } catch (error) {
    if (timeout.aborted) return ended({ ok: false, status: null, error: `no answer within ${timeoutMs} ms` });
    return ended({ ok: false, status: null, ...failureOf(error) });
  }
}

/** Says what went wrong without naming addresses behind names; what must not be reached is not tried again. */
function failureOf(error: unknown): { error: string; final: boolean } {
  for (let cause: unknown = error; cause instanceof Error; cause = cause.cause) {
    if (cause instanceof StudioError)
      return { error: cause.message, final: cause.code === 'url_not_allowed' };
  }
  const code = (error as { code?: unknown } | null)?.code;
  return {
    error: typeof code === 'string' ? `connection failed (${code})` : 'connection failed',
    final: false,
  };
}

async function settle(
  announcement: Announcement,
  delivery: Delivery,
  sender: string,
  settings: Settings,
): Promise<void> {
  const { jobs, log } = settings;
  const facts = {
    job: announcement.jobId,
    event: announcement.event,
    attempt: delivery.attempt,
    status: delivery.status,
    error: delivery.error,
  };
  if (delivery.ok) {
    log.info(facts, 'webhook delivered');
    await jobs.announcements.ack(announcement.id, sender, delivery);
    return;
  }
  if (delivery.nextAt === null) log.error(facts, 'webhook given up');
  else log.warn(facts, 'webhook failed, will try again');
  await jobs.announcements.release(announcement.id, sender, {
    retryAt: delivery.nextAt,
    reason: delivery.error ?? 'failed',
    delivery,
  });
}
