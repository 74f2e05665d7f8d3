/**
 * What the doors (REST, chat, monitoring) ask of the core: jobs taken on, watched and steered, files and
 * assets, service status. Doors translate; rules live here.
 */
import type { Readable } from 'node:stream';
import type { UsageChart } from './drawing/usage-chart.ts';
import type {
  AnnouncedEvent,
  AnnouncementOutbox,
  JobFilter,
  JobRequest,
  JobStats,
  Origin,
  Platform,
  UsageQuery,
  UsageRow,
} from './jobs/types.ts';
import type { Job } from './schema/job.ts';
import type { StoredFile } from './storage/types.ts';
import type { Voice } from './tts/types.ts';
import type { Validation } from './validate.ts';

export type { UsageChart } from './drawing/usage-chart.ts';

/** Who asks. */
export type Caller = {
  /** Owner of what they make, e.g. `key:frontend` or `discord:1234`. */
  owner: string;
  /** `own`: other owners' jobs do not exist for them; `all`: an operator. */
  sees: 'own' | 'all';
  /** The highest priority they may ask for; absent: 0, which is everyone's. */
  mostPriority?: number;
  origin: Origin;
};

export type Accepted = { job: Job; created: boolean };
export type StudioEvent = {
  id: number;
  type: 'queued' | 'progress' | 'done' | 'failed' | 'cancelled';
  job: Job;
  origin: Origin;
};
/** A job with what only those see who may steer it. */
export type JobDetails = { job: Job; request: JobRequest; origin: Origin; owner: string };
/** A job's end that is to be told in chat; its `id` stays the same over all tries. */
export type ChatAnnouncement = {
  id: string;
  event: AnnouncedEvent;
  job: Job;
  origin: Origin;
  /** Tries begun, this one included. */
  attempts: number;
  /** Epoch ms. */
  createdAt: number;
};
/** The outbox of jobs/types.ts for chat platforms, its jobs as doors show them. */
export type ChatOutbox = Pick<AnnouncementOutbox, 'ack' | 'release' | 'wait'> & {
  claim(
    channel: 'discord' | 'slack',
    sender: string,
    options: { leaseMs: number; limit?: number },
  ): Promise<ChatAnnouncement[]>;
};
export type Asset = {
  id: string;
  src: string;
  type: 'image' | 'video' | 'audio';
  width: number | null;
  height: number | null;
  duration: number | null;
  size: number;
};

export type ServiceStatus = {
  /** False while stopping or while a dependency is down. */
  accepting: boolean;
  version: string;
  uptimeSeconds: number;
  queue: JobStats;
  disk: { freeBytes: number; totalBytes: number } | null;
  versions: { node: string; ffmpeg: string | null };
};
export type Readiness = {
  ready: boolean;
  checks: { name: 'jobs' | 'disk' | 'ffmpeg' | 'speech'; ok: boolean; detail: string }[];
};

export type StudioService = {
  /**
   * Takes a film on: validated, durable, then queued.
   * @throws {StudioError} invalid_storyboard (all issues), forbidden (a priority they may not ask for), conflict, no_space, not_ready (stopping, disk nearly full, queue full)
   */
  compose(input: unknown, caller: Caller, options?: { idempotencyKey?: string }): Promise<Accepted>;
  /** Takes a speech job on; errors as compose(). */
  speak(input: unknown, caller: Caller, options?: { idempotencyKey?: string }): Promise<Accepted>;
  /** Every fault and, when there is none, the estimated length; nothing is kept. */
  validate(input: unknown, caller: Caller): Validation;
  /** Null for unknown ids and for jobs the caller may not see. */
  job(id: string, caller: Caller): Promise<Job | null>;
  jobs(
    query: JobFilter & { limit?: number; cursor?: string },
    caller: Caller,
  ): Promise<{ jobs: Job[]; nextCursor: string | null }>;
  /** @throws {StudioError} not_found, conflict */
  cancel(id: string, caller: Caller): Promise<Job>;
  /** @throws {StudioError} not_found, conflict, not_ready */
  retry(id: string, caller: Caller): Promise<Job>;
  /** Events of one job (or all the caller sees) until the signal aborts; `after` resumes behind an event id. */
  watch(
    filter: { id?: string; platform?: Platform },
    caller: Caller,
    signal: AbortSignal,
    options?: { after?: number },
  ): AsyncIterable<StudioEvent>;
  voices(language?: string): Voice[];
  /** As job(), with what was asked for and where it came from. */
  details(id: string, caller: Caller): Promise<JobDetails | null>;
  /** What chat must still tell; no one else tells it while its lease is held. */
  readonly announcements: ChatOutbox;
  /**
   * Keeps an upload: streamed to disk under a byte limit, vetted by the ingest, named by its content.
   * @throws {StudioError} too_large, media_unusable, no_space, cancelled
   */
  saveAsset(bytes: Readable, caller: Caller, signal: AbortSignal): Promise<Asset>;
  /** A published file of a job, for serving. */
  openFile(jobId: string, name: string): Promise<StoredFile | null>;
  usage(query: UsageQuery, caller: Caller): Promise<UsageRow[]>;
  /** Draws figures, such as those of usage(), as a PNG. */
  usagePicture(chart: UsageChart): Promise<Buffer>;
  status(): Promise<ServiceStatus>;
  ready(): Promise<Readiness>;
};
