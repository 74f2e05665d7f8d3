/**
 * JobBackend: delivery, record, progress and events of jobs in one contract, in the words of jobs.
 * The API and the bots add, read, cancel, retry and watch; workers claim, beat, report and finish;
 * senders take announcements. Many processes on many hosts may do so at once.
 *
 * For all drivers: every method is atomic and durable before its promise resolves (but see
 * `progress`); a process may die between any two calls. Absence is `null`, never an error, unless
 * said. Faults of the store are StudioError `not_ready` (retryable), a full disk `no_space`.
 */
import type { JobError, JobStatus } from '../schema/job.ts';
import type { HelpBoard } from './help-board.ts';
import type {
  AnnouncedEvent,
  ClaimedJob,
  Delivery,
  Idempotency,
  JobKind,
  JobRecord,
  JobRequest,
  JobResult,
  JobWithRequest,
  Origin,
  Platform,
} from './record.ts';

export type * from './help-board.ts';
export type * from './record.ts';

export type NewJob = {
  request: JobRequest;
  owner: string;
  origin: Origin;
  /** Same owner and key again: the first job if the hash is equal, else `conflict`. */
  idempotency?: Idempotency | undefined;
  /** Overrides the request's own, for doors that do not let everyone choose. */
  priority?: number | undefined;
};

export type JobFilter = {
  status?: JobStatus | readonly JobStatus[] | undefined;
  kind?: JobKind | undefined;
  owner?: string | undefined;
  platform?: Platform | undefined;
  user?: string | undefined;
  channel?: string | undefined;
};

export type JobQuery = JobFilter & {
  /** 1 to 200, default 50. */ limit?: number | undefined;
  cursor?: string | undefined;
};

/** `nextCursor` is null at the end. Pages stay stable while jobs are added: newer ones never shift them. */
export type JobPage = { jobs: JobRecord[]; nextCursor: string | null };

export type WatchFilter = Pick<JobFilter, 'kind' | 'owner' | 'platform'> & { id?: string | undefined };

/** A change of a job, carrying its whole state, so that a missed event is never a lost one. */
export type JobEvent = {
  /** Grows with every event of a job; to resume over several jobs use the largest seen. */
  id: number;
  jobId: string;
  type: 'queued' | 'progress' | AnnouncedEvent;
  at: number;
  job: Readonly<JobRecord>;
};

/** A worker's hold on a job: the three things every change of a running job is fenced by. */
export type ClaimRef = { id: string; owner: string; attempt: number };

/** `lost`: someone else owns the job or it is over; stop, and write nothing more. */
export type LeaseState = 'held' | 'cancelRequested' | 'lost';

export type ProgressUpdate = {
  stage?: 'fetching' | 'voicing' | 'rendering' | 'saving' | undefined;
  /** 0 to 100 of the whole job. */
  progress?: number | undefined;
  scene?: number | null | undefined;
  scenesTotal?: number | undefined;
  scenesReused?: number | null | undefined;
  etaSeconds?: number | null | undefined;
  /** Name of the storyboard sheet, once it is published: long before the film is. */
  sheet?: string | undefined;
};

export type Outcome =
  | { status: 'done'; result: JobResult }
  /** Queued again with a back-off if `error.retryable` and attempts are left, else final. */
  | { status: 'failed'; error: JobError }
  | { status: 'cancelled' };

/** Something to tell once a job is over; written in the same transaction as the state it tells of. */
export type AnnouncementChannel = 'webhook' | 'discord' | 'slack';
export type Announcement = {
  /** Stays the same over all tries: receivers can tell a repeat by it. */
  id: string;
  jobId: string;
  channel: AnnouncementChannel;
  event: AnnouncedEvent;
  /** The job as it was at that moment. */
  job: JobRecord;
  /** Tries begun, this one included. */
  attempts: number;
  createdAt: number;
};

export interface AnnouncementOutbox {
  /** Takes announcements that are due, oldest first; no one else gets them until the lease ends. */
  claim(
    channel: AnnouncementChannel,
    sender: string,
    options: { leaseMs: number; limit?: number },
  ): Promise<Announcement[]>;
  /** Delivered: it is never handed out again. False: the lease was lost, someone else has it. */
  ack(id: string, sender: string, delivery?: Delivery): Promise<boolean>;
  /** Not delivered: due again at `retryAt` (epoch ms), or given up for good with null. False as above. */
  release(
    id: string,
    sender: string,
    outcome: { retryAt: number | null; reason: string; delivery?: Delivery },
  ): Promise<boolean>;
  /** Resolves when something may be due, the time is up, or the signal aborts. Never rejects. */
  wait(channel: AnnouncementChannel, timeoutMs: number, signal: AbortSignal): Promise<void>;
}

export type UsageGrouping = 'day' | 'user' | 'channel' | 'platform' | 'owner';
export type UsageQuery = {
  from?: number | undefined;
  to?: number | undefined;
  by: UsageGrouping;
  owner?: string | undefined;
};
/** Sums over finished jobs; kept when the jobs themselves are removed. `key` of a day is YYYY-MM-DD, UTC. */
export type UsageRow = {
  key: string;
  jobs: number;
  done: number;
  failed: number;
  cancelled: number;
  filmSeconds: number;
  renderSeconds: number;
  scenes: number;
  scenesReused: number;
  bytes: number;
};

/** Who asked: a chat user by the platform's id, an API caller by the name of the key. */
export type Person = { platform: 'api' | 'discord' | 'slack'; user: string };
/** `unfinished`: jobs of theirs that are not over yet, and so still say whose they are. */
export type Forgotten = { jobs: number; usage: number; unfinished: number };

export type WorkerInfo = {
  id: string;
  host: string;
  pid: number;
  concurrency: number;
  busy: number;
  startedAt: number;
  seenAt: number;
};

export type JobStats = {
  queued: number;
  running: number;
  /** Records kept, by final status. */
  done: number;
  failed: number;
  cancelled: number;
  /** Age of the oldest job that could be claimed now, ms; null if none waits. */
  oldestWaitMs: number | null;
  /** Running jobs whose lease has ended and which no one has taken back yet. */
  stalled: number;
  lastHour: { done: number; failed: number; meanRenderSeconds: number | null };
  lastDone: { id: string; at: number } | null;
  lastFailed: { id: string; at: number; code: string } | null;
  /** Workers seen in the last minute. */
  workers: WorkerInfo[];
  /** How many there should be, for autoscalers: see scaling.ts. */
  wantedWorkers: number;
  announcementsPending: number;
  /** Segments ever rendered by others than their job's worker; absent where no one else could. */
  segmentsHelped?: number;
};

export type Reconciled = { requeued: string[]; failed: string[]; cancelled: string[] };
/** `warnings`: sentences about a store that works, but may lose jobs. */
export type BackendHealth = {
  ok: boolean;
  reason: string | null;
  latencyMs: number;
  warnings?: readonly string[];
};

export interface JobBackend {
  /** Name of the driver, for status pages. */
  readonly driver: string;

  /**
   * Takes a job on. After this resolves the job is known for good, whatever dies.
   * @throws {StudioError} conflict (same key, other body), not_ready (queue full), no_space
   */
  add(job: NewJob): Promise<{ job: JobRecord; created: boolean }>;
  /** What was asked for may be large: who only wants to know how a job stands asks for its record. */
  record(id: string): Promise<JobRecord | null>;
  get(id: string): Promise<JobWithRequest | null>;
  /** Newest first. @throws {StudioError} invalid_request for a cursor we did not make */
  list(query?: JobQuery): Promise<JobPage>;
  /** Place in the queue of those of `ids` that are queued; 1 is next. */
  queuePositions(ids: readonly string[]): Promise<Map<string, number>>;

  /**
   * Gives the next job to a worker: highest priority, then longest in the queue; null if none is due.
   * Counts the attempt. Jobs whose lease has ended are taken back first.
   * `workerId` must be new for each start of a process. `timeoutMs` sets the attempt's deadline.
   */
  claim(workerId: string, options: { leaseMs: number; timeoutMs: number }): Promise<ClaimedJob | null>;
  /** Resolves when there may be something to claim, the time is up, or the signal aborts. Never rejects. */
  waitForWork(timeoutMs: number, signal: AbortSignal): Promise<void>;
  /** Renews the lease for `leaseMs` from now. */
  heartbeat(claim: ClaimRef, leaseMs: number): Promise<LeaseState>;
  /** Watchers of this process see it at once; it is durable (and seen elsewhere) within about a second. */
  progress(claim: ClaimRef, update: ProgressUpdate): Promise<LeaseState>;
  /** Ends the attempt. @throws {StudioError} lease_lost, and then nothing was changed */
  finish(claim: ClaimRef, outcome: Outcome): Promise<JobRecord>;
  /** Puts the job back in its old place without costing an attempt. @throws {StudioError} lease_lost */
  park(claim: ClaimRef): Promise<JobRecord>;

  /**
   * Queued: cancelled at once. Running: its worker is told at its next heartbeat or report.
   * Cancelled already: no change. @throws {StudioError} not_found, conflict (done or failed)
   */
  cancel(id: string): Promise<JobRecord>;
  /** Queues a failed or cancelled job again under its id. @throws {StudioError} not_found, conflict */
  retry(id: string): Promise<JobRecord>;
  /** Adds to where the answer goes, e.g. the message that was posted. @throws {StudioError} not_found */
  setOrigin(id: string, patch: Partial<Omit<Origin, 'platform'>>): Promise<JobRecord>;

  /**
   * Events from the moment of the call. With `after`, first one event for each matching job that
   * changed since. Ends when the signal aborts or the backend closes. A slow reader gets the latest
   * event of each job, not all of them.
   */
  watch(
    filter: WatchFilter,
    signal: AbortSignal,
    options?: { after?: number | undefined },
  ): AsyncIterable<JobEvent>;

  readonly announcements: AnnouncementOutbox;
  /** How workers render one film together; null where one process is all there is. */
  readonly help: HelpBoard | null;
  usage(query: UsageQuery): Promise<UsageRow[]>;
  /** Takes a person out of jobs that are over and out of usage, whose sums stay. Repeat it once the rest is over. */
  forget(person: Person): Promise<Forgotten>;
  /** Removes usage of ends before a time (epoch ms). @returns rows removed */
  trimUsage(before: number): Promise<number>;
  stats(): Promise<JobStats>;
  /** Says that a worker lives; called with each heartbeat round. */
  reportWorker(worker: Omit<WorkerInfo, 'seenAt'>): Promise<void>;
  forgetWorker(id: string): Promise<void>;

  /** Final jobs past `expiresAt`, longest past first. */
  expired(limit: number): Promise<JobRecord[]>;
  /** Removes a final job's record; false if there is none. @throws {StudioError} conflict if it is not final */
  remove(id: string): Promise<boolean>;
  /**
   * Takes back jobs whose lease has ended: queued again, `failed` when no attempt is left,
   * `cancelled` when that was asked. Any process may call it at any time.
   */
  reconcile(): Promise<Reconciled>;
  /** Tries a write. Never rejects. */
  health(): Promise<BackendHealth>;
  /** Idempotent. Watchers end, waiters resolve; calls after it are `not_ready`. */
  close(): Promise<void>;
}
