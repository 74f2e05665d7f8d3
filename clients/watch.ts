/**
 * A job until it is over: by its event stream, resumed wherever it breaks off; by asking now and then
 * where streams do not get through; and patiently where nothing does.
 */
import type { Job } from '../core/schema/job.ts';
import { errorOfAnswer, GenSceneError } from './error.ts';
import { readEvents, SilentStream } from './event-stream.ts';
import { anyOf, parse, pause, type Requests } from './requests.ts';

/** How the news come now: as they happen, by asking, or not at all for the moment. */
export type Connection = 'live' | 'polling' | 'offline';

export type WatchOptions = {
  signal?: AbortSignal;
  /** Between questions where there is no stream, ms; 2,000 by default. */
  pollMs?: number;
  /** Without a byte for so long a stream is given up, ms; 40,000 by default. */
  silenceMs?: number;
  /** Told when it changes. */
  onConnection?: (connection: Connection) => void;
};

/** Streams that brought nothing, before we only ask. */
const DUMB_STREAMS = 2;
/** ms */
const LONGEST_PAUSE_MS = 15_000;

export async function* watchJob(
  requests: Requests,
  id: string,
  { signal, pollMs = 2000, silenceMs = 40_000, onConnection = () => undefined }: WatchOptions,
): AsyncGenerator<Job, void, void> {
  let seen: Job | null = null;
  let lastEventId = '';
  let dumbStreams = 0;
  let failures = 0;
  let connection: Connection | null = null;
  const tell = (now: Connection): void => {
    if (now !== connection) onConnection((connection = now));
  };

  for (;;) {
    if (dumbStreams < DUMB_STREAMS) {
      let events = 0;
      try {
        for await (const event of openStream(requests, id, lastEventId, silenceMs, signal)) {
          events++;
          failures = 0;
          tell('live');
          lastEventId = event.id;
          if (isNews(event.job, seen)) yield (seen = event.job);
          if (isOver(event.job)) return;
        }
      } catch (error) {
        giveUpIf(error, signal);
        if (events === 0 && (error instanceof SilentStream || isNoStream(error))) dumbStreams++;
      }
    }
    // No stream, or it ended before the job did.
    try {
      const job = await requests.json<Job>(`/api/status/${encodeURIComponent(id)}`, { signal, tries: 1 });
      failures = 0;
      if (dumbStreams >= DUMB_STREAMS) tell('polling');
      if (isNews(job, seen)) yield (seen = job);
      if (isOver(job)) return;
    } catch (error) {
      giveUpIf(error, signal);
      failures++;
      tell('offline');
    }
    await pause(Math.min(LONGEST_PAUSE_MS, pollMs * 1.5 ** failures), signal);
  }
}

async function* openStream(
  requests: Requests,
  id: string,
  lastEventId: string,
  silenceMs: number,
  signal: AbortSignal | undefined,
): AsyncGenerator<{ id: string; job: Job }, void, void> {
  const own = new AbortController();
  const { signal: either, stop } = anyOf(own.signal, signal);
  const headersLate = setTimeout(() => own.abort(new SilentStream('No answer came.')), silenceMs);
  try {
    const path = `/api/status/${encodeURIComponent(id)}/events`;
    const resume: Record<string, string> = lastEventId === '' ? {} : { 'last-event-id': lastEventId };
    const answer = await requests.send(path, { signal: either }, { accept: 'text/event-stream', ...resume });
    clearTimeout(headersLate);
    if (answer.status === 204) return;
    if (!answer.ok || !answer.body || !/^text\/event-stream/i.test(answer.headers.get('content-type') ?? ''))
      throw errorOfAnswer(answer.status, await answer.text(), answer.headers.get('retry-after'));
    for await (const event of readEvents(answer.body, silenceMs))
      yield { id: event.id, job: parse<Job>(event.data, answer.status) };
  } finally {
    clearTimeout(headersLate);
    stop();
    own.abort();
  }
}

/** Waiting longer does not help against these. */
function giveUpIf(error: unknown, signal: AbortSignal | undefined): void {
  signal?.throwIfAborted();
  if (error instanceof GenSceneError && [401, 403, 404].includes(error.status) && error.code !== 'bad_answer')
    throw error;
}

/** Something answered that is no stream, and it was not the service in trouble. */
function isNoStream(error: unknown): boolean {
  return error instanceof GenSceneError && !error.isPassing;
}

/** What is asked for may be older than what the stream told. */
function isNews(job: Job, seen: Job | null): boolean {
  if (seen === null) return true;
  return job.updatedAt >= seen.updatedAt && JSON.stringify(job) !== JSON.stringify(seen);
}

function isOver({ status }: Job): boolean {
  return status === 'done' || status === 'failed' || status === 'cancelled';
}
