/**
 * The studio as a service: what doors ask for, with the rules of who may see what and when work is
 * taken. It keeps no state but whether it still accepts; the jobs live in their backend.
 */
import type { AssetsStore } from '../assets-store.ts';
import type { DiskGuard } from '../disk-guard.ts';
import { StudioError } from '../errors.ts';
import { toJob } from '../jobs/present.ts';
import { requestHash } from '../jobs/request.ts';
import type { AnnouncementOutbox, JobBackend, JobRecord, JobRequest, JobWithRequest } from '../jobs/types.ts';
import type { Job } from '../schema/job.ts';
import { HIGHEST_PRIORITY } from '../schema/priority.ts';
import type { Storage } from '../storage/types.ts';
import type { Accepted, Caller, ChatOutbox, ServiceStatus, StudioService } from '../studio-service.ts';
import type { Studio } from '../studio.ts';
import { createQueueOutlook, type Outlook } from './queue-outlook.ts';
import { createReadiness, type ReadinessProbes } from './readiness.ts';
import { checkStoryboard, readCompose, readSpeech } from './requests.ts';

export type StudioServiceOptions = {
  jobs: JobBackend;
  storage: Storage;
  assets: AssetsStore;
  guard: DiskGuard;
  workshop: Pick<Studio, 'validate' | 'voices'>;
  probes: Pick<ReadinessProbes, 'ffmpeg' | 'speech'>;
  /** Whether media may be paths, in the folders that the workshop reads from. */
  pathsAllowed?: boolean;
  /** Of this program. */
  version: string;
};

export type RunningStudioService = StudioService & {
  /** Takes no more work from now on: `not_ready`. What is there can still be asked for. */
  refuseWork(): void;
  /** Ends everyone's watching. Idempotent. */
  endWatches(): void;
};

type IdempotencyOption = { idempotencyKey?: string } | undefined;

export function createStudioService(options: StudioServiceOptions): RunningStudioService {
  const { jobs, storage, assets, guard, workshop, pathsAllowed } = options;
  const startedAt = performance.now();
  const outlook = createQueueOutlook(jobs);
  const readiness = createReadiness({ jobs, guard, ...options.probes });
  const watching = new AbortController();
  let accepting = true;

  async function take(request: JobRequest, caller: Caller, given: IdempotencyOption): Promise<Accepted> {
    await checkAccepting();
    const { idempotencyKey } = given ?? {};
    const idempotency =
      idempotencyKey === undefined
        ? undefined
        : { key: checkedKey(idempotencyKey), hash: requestHash(request) };
    const { job, created } = await jobs.add({
      request,
      owner: caller.owner,
      origin: caller.origin,
      idempotency,
    });
    return { job: await present(job), created };
  }

  async function checkAccepting(): Promise<void> {
    if (!accepting) throw stopping();
    await guard.check();
  }

  async function findOrFail(id: string, caller: Caller): Promise<JobWithRequest> {
    const record = await jobs.get(id);
    if (record && maySee(caller, record)) return record;
    throw new StudioError('not_found', 'There is no such job.', {
      hint: 'Check its id; finished jobs are removed after a while.',
    });
  }

  async function present(record: JobRecord): Promise<Job> {
    if (record.status !== 'queued') return show(record);
    return (await presentAll([record]))[0]!;
  }

  async function presentAll(records: readonly JobRecord[]): Promise<Job[]> {
    const waiting = await outlook.of(records.filter(({ status }) => status === 'queued').map(({ id }) => id));
    return records.map((record) => show(record, waiting.get(record.id)));
  }

  function show(record: JobRecord, waits?: Outlook): Job {
    const job = toJob(record, {
      fileUrl: (id, name) => storage.url(id, name),
      queuePosition: waits?.queuePosition,
    });
    return job.status === 'queued' ? { ...job, etaSeconds: waits?.etaSeconds ?? null } : job;
  }

  return {
    async compose(input, caller, given) {
      if (!accepting) throw stopping();
      return take(
        await readCompose(input, { workshop, assets, pathsAllowed, mostPriority: caller.mostPriority }),
        caller,
        given,
      );
    },
    async speak(input, caller, given) {
      if (!accepting) throw stopping();
      return take(readSpeech(input, { workshop, mostPriority: caller.mostPriority }), caller, given);
    },
    validate: (input, { mostPriority }) => checkStoryboard(input, { workshop, pathsAllowed, mostPriority }),
    async job(id, caller) {
      const record = await jobs.record(id);
      return record && maySee(caller, record) ? present(record) : null;
    },
    async jobs(query, caller) {
      const { jobs: records, nextCursor } = await jobs.list({ ...query, ...ownOnly(caller) });
      return { jobs: await presentAll(records), nextCursor };
    },
    async cancel(id, caller) {
      await findOrFail(id, caller);
      return present(await jobs.cancel(id));
    },
    async retry(id, caller) {
      const { request } = await findOrFail(id, caller);
      await checkAccepting();
      // Its uploads may have been removed since; those that are left count as used. Its place it has already.
      if (request.kind === 'compose')
        await readCompose(request.storyboard, {
          workshop,
          assets,
          pathsAllowed,
          mostPriority: HIGHEST_PRIORITY,
        });
      return present(await jobs.retry(id));
    },
    async *watch(filter, caller, signal, resume) {
      const until = AbortSignal.any([signal, watching.signal]);
      for await (const event of jobs.watch({ ...filter, ...ownOnly(caller) }, until, resume)) {
        yield {
          id: event.id,
          type: event.type,
          job: event.type === 'queued' ? await present(event.job) : show(event.job),
          origin: event.job.origin,
        };
      }
    },
    async details(id, caller) {
      const record = await jobs.get(id);
      if (!record || !maySee(caller, record)) return null;
      const { request, origin, owner } = record;
      return { job: await present(record), request, origin, owner };
    },
    announcements: chatOutbox(jobs.announcements, (record) => show(record)),
    voices: (language) => workshop.voices(language),
    async saveAsset(bytes, _caller, signal) {
      if (!accepting) {
        bytes.destroy();
        throw stopping();
      }
      return assets.save(bytes, signal);
    },
    openFile: (jobId, name) => storage.open(jobId, name),
    usage: (query, caller) => jobs.usage({ ...query, ...ownOnly(caller) }),
    async usagePicture(chart) {
      // Fonts take memory that a service without charts need not spend.
      const [{ drawUsageChart }, { openFonts }] = await Promise.all([
        import('../drawing/usage-chart.ts'),
        import('../drawing/fonts.ts'),
      ]);
      return drawUsageChart(chart, openFonts());
    },
    async status(): Promise<ServiceStatus> {
      const [queue, disk, isLow] = await Promise.all([outlook.stats(), guard.space(), guard.isLow()]);
      const ffmpeg = readiness.last('ffmpeg');
      return {
        accepting: accepting && !isLow,
        version: options.version,
        uptimeSeconds: Math.floor((performance.now() - startedAt) / 1000),
        queue,
        disk,
        versions: { node: process.versions.node, ffmpeg: ffmpeg?.ok ? ffmpeg.detail : null },
      };
    },
    async ready() {
      const now = await readiness.ready();
      return accepting ? now : { ...now, ready: false };
    },
    refuseWork() {
      accepting = false;
    },
    endWatches() {
      watching.abort();
    },
  };
}

function chatOutbox(outbox: AnnouncementOutbox, show: (record: JobRecord) => Job): ChatOutbox {
  return {
    async claim(channel, sender, options) {
      const due = await outbox.claim(channel, sender, options);
      return due.map(({ id, event, job, attempts, createdAt }) => ({
        id,
        event,
        job: show(job),
        origin: job.origin,
        attempts,
        createdAt,
      }));
    },
    ack: (id, sender) => outbox.ack(id, sender),
    release: (id, sender, outcome) => outbox.release(id, sender, outcome),
    wait: (channel, timeoutMs, signal) => outbox.wait(channel, timeoutMs, signal),
  };
}

function maySee(caller: Caller, record: JobRecord): boolean {
  return caller.sees === 'all' || record.owner === caller.owner;
}

function ownOnly(caller: Caller): { owner?: string } {
  return caller.sees === 'all' ? {} : { owner: caller.owner };
}

/** @throws {StudioError} invalid_request */
function checkedKey(key: string): string {
  if (/^[\x21-\x7e]{1,255}$/.test(key)) return key;
  throw new StudioError('invalid_request', 'The Idempotency-Key is not usable.', {
    hint: 'Send 1 to 255 visible ASCII characters without spaces, such as a UUID made for this request.',
  });
}

function stopping(): StudioError {
  return new StudioError('not_ready', 'The service is stopping and takes no new work.', {
    retryable: true,
    hint: 'Send it again in a moment, with the same Idempotency-Key.',
  });
}
