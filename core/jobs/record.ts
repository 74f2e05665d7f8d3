/**
 * What is kept of a job: everything core/schema/job.ts shows, and the private parts behind it.
 * Times are epoch ms here; doors show ISO 8601. A record is plain data: it survives JSON.
 */
import type { Job, JobError, JobStatus } from '../schema/job.ts';
import type { TtsRequest } from '../schema/speech.ts';
import type { Storyboard } from '../schema/storyboard.ts';

export type JobKind = Job['kind'];

/** What was asked for, validated and with its defaults filled in. */
export type JobRequest = { kind: 'compose'; storyboard: Storyboard } | { kind: 'tts'; speech: TtsRequest };

export type Platform = 'cli' | 'api' | 'discord' | 'slack';

/** Where a job came from, and so where its answer goes. Saved, so that a restart loses neither. */
export type Origin = {
  platform: Platform;
  /** Name of the API key, never the key. */
  keyName?: string;
  user?: string;
  userName?: string;
  /** Discord guild or Slack workspace. */
  team?: string;
  channel?: string;
  thread?: string;
  /** The one status message of the job, once it is posted. */
  message?: string;
  /** BCP-47 tag of the asker. */
  locale?: string;
  /** Id of the request or press that asked for it, by which it is found in the log: Cloudflare's ray, where it came that way. */
  requestId?: string;
  address?: string;
};

/** File names within the job's own folder; addresses are made at the door. */
export type ResultFiles = {
  /** The film, or the speech of a tts job. */
  main: string;
  poster?: string;
  preview?: string;
  sheet?: string;
  srt?: string;
  vtt?: string;
};

/** What a finished job is: the answer of the renderer. */
export type JobResult = {
  files: ResultFiles;
  /** s */
  duration: number | null;
  /** px */
  width: number | null;
  /** px */
  height: number | null;
  /** Bytes of the main file. */
  size: number | null;
  loudness: { lufs: number | null; truePeakDb: number | null } | null;
  warnings: string[];
  scenesReused: number | null;
  /** Who spoke which scenes, and why. */
  voices?: NonNullable<Job['voices']>;
  /** Whatever the renderer measured, for benches and metrics. */
  metrics?: Record<string, number>;
};

/** A worker's right to a job. It ends when `expiresAt` passes without a heartbeat. */
export type Lease = { owner: string; attempt: number; expiresAt: number };

/** One claim of the job by one worker; `outcome` is null while it runs. */
export type AttemptEntry = {
  /** Number of the claim, from 1, never used twice for one job: the fencing token. */
  attempt: number;
  worker: string;
  startedAt: number;
  endedAt: number | null;
  outcome: 'done' | 'failed' | 'retried' | 'cancelled' | 'parked' | 'lost' | null;
  error: JobError | null;
};

/** One try to deliver a webhook. Answers are not kept, only how they began. */
export type Delivery = {
  at: number;
  event: AnnouncedEvent;
  /** Try number, from 1. */
  attempt: number;
  ok: boolean;
  /** HTTP status, or null when there was no answer. */
  status: number | null;
  error: string | null;
  durationMs: number;
  /** When the next try is due, or null if there will be none. */
  nextAt: number | null;
};

export type AnnouncedEvent = 'done' | 'failed' | 'cancelled';

/** Everything of a job but its request, which may be large and never changes. */
export type JobRecord = {
  id: string;
  kind: JobKind;
  /** Who may see it: the doors decide what goes in, e.g. `key:frontend` or `discord:1234`. */
  owner: string;
  origin: Origin;
  priority: number;
  title: string | null;
  metadata: Job['metadata'];
  webhookUrl: string | null;
  idempotency: Idempotency | null;

  status: JobStatus;
  /** 0 to 100; never goes back within an attempt. */
  progress: number;
  stage: string | null;
  scene: number | null;
  scenesTotal: number;
  scenesReused: number | null;
  etaSeconds: number | null;
  warnings: string[];
  /** Name of the storyboard sheet once it is published, while the film is still being made. */
  sheet: string | null;

  /** Attempts that count: claims, less those that were parked. */
  attempts: number;
  /** `attempts` at which a retryable failure becomes final; grows by a manual retry. */
  attemptsLimit: number;
  /** Claims ever made; the last one's number is the lease's `attempt`. */
  claims: number;
  lease: Lease | null;
  cancelRequested: boolean;
  /** When a job waiting out a back-off may be claimed, or null. */
  retryAt: number | null;
  /** When the running attempt must be over, or null. */
  deadline: number | null;

  result: JobResult | null;
  error: JobError | null;
  /** The last 20 claims. */
  attemptLog: AttemptEntry[];
  /** The last 50 webhook deliveries. */
  deliveries: Delivery[];
  /** Time workers spent on it since it was asked for (or retried by hand), ms. */
  workedMs: number;

  createdAt: number;
  /** When it last entered the queue as new work. */
  queuedAt: number;
  startedAt: number | null;
  finishedAt: number | null;
  updatedAt: number;
  /** When its files and record go, or null while it is not final. */
  expiresAt: number | null;
  /** Number of its latest event; `watch` resumes after it. */
  eventId: number;
};

/** `hash` is of the request's body (see requestHash), to tell a repeat from another wish. */
export type Idempotency = { key: string; hash: string };

export type JobWithRequest = JobRecord & { request: JobRequest };
export type ClaimedJob = JobWithRequest & { lease: Lease };
