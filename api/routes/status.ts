/** How a job stands (once, or as a stream of events), and how the service stands. */
import type { FastifyInstance, FastifyReply } from 'fastify';
import { once } from 'node:events';
import { setTimeout } from 'node:timers/promises';
import { z } from 'zod';
import type { Config } from '../../core/config.ts';
import { StudioError } from '../../core/errors.ts';
import { isFinal, jobSchema, type Job } from '../../core/schema/job.ts';
import type { Caller, ServiceStatus, StudioEvent, StudioService } from '../../core/studio-service.ts';
import { withLinks } from '../job-links.ts';
import { describeRoute } from '../plugins/docs.ts';
import { idParams, parseQuery } from '../query.ts';
import { serviceStatusSchema } from '../schema.ts';
import { callerOf } from '../types.ts';

/** A comment line this often keeps proxies from closing a quiet stream, ms. */
const COMMENT_MS = 15_000;
/** No eye needs more than ten states a second, and a hundred readers cost a hundred times that, ms. */
const PACE_MS = 100;
/** Streams one key may hold open. */
const STREAMS_PER_KEY = 1000;
const querySchema = z.object({
  job_id: z.string().max(100).optional(),
  jobId: z.string().max(100).optional(),
});
const resumeHeader = z.object({
  'last-event-id': z.string().optional().describe('Id of the last event seen; the stream goes on behind it'),
});

export function statusRoutes(api: FastifyInstance, studio: StudioService, config: Config): void {
  api.get(
    '/api/status',
    describeRoute('jobs', 'A job by ?job_id=, or the service', {
      query: querySchema,
      answers: { 200: z.union([jobSchema, serviceStatusSchema]) },
    }),
    async (request) => {
      const { job_id, jobId } = parseQuery(querySchema, request.query);
      const id = job_id ?? jobId;
      const caller = callerOf(request);
      if (id === undefined) return serviceStatus(await studio.status(), caller);
      return withLinks(await findJob(studio, id, caller), request, config);
    },
  );

  api.get<{ Params: { id: string } }>(
    '/api/status/:id',
    describeRoute('jobs', 'A job', { params: idParams, answers: { 200: jobSchema } }),
    async (request) =>
      withLinks(await findJob(studio, request.params.id, callerOf(request)), request, config),
  );

  const open = new Map<string, number>();
  api.get<{ Params: { id: string } }>(
    '/api/status/:id/events',
    describeRoute('jobs', 'A job as Server-Sent Events; Last-Event-ID resumes', {
      params: idParams,
      headers: resumeHeader,
      answers: {
        200: {
          'text/event-stream': 'Events `progress`, `done`, `failed` and `cancelled`, each carrying the job',
        },
        204: 'The job is over and you have seen its last event',
      },
    }),
    async (request, reply) => {
      const caller = callerOf(request);
      const { id } = request.params;
      const job = await findJob(studio, id, caller);
      if (request.method === 'HEAD') return reply.headers(streamHeaders).send();
      const after = lastEventId(request.headers['last-event-id']);
      const left = new AbortController();
      reply.raw.once('close', () => left.abort());
      if (isFinal(job.status) && (await hasSeenTheEnd(studio, id, caller, after, left.signal)))
        return reply.code(204).send();

      const streams = open.get(caller.owner) ?? 0;
      if (streams >= STREAMS_PER_KEY)
        throw Object.assign(new Error('Too many streams.'), { statusCode: 429, retryAfterS: 10 });
      open.set(caller.owner, streams + 1);
      const events = studio.watch({ id }, caller, left.signal, { after });
      reply.hijack();
      try {
        await writeEvents(events, (event) => withLinks(event, request, config), reply, left.signal);
      } catch (error) {
        request.log.warn({ id: request.id, err: error }, 'An event stream broke off');
        reply.raw.destroy();
      } finally {
        open.set(caller.owner, open.get(caller.owner)! - 1);
      }
      return reply;
    },
  );
}

/** @throws {StudioError} not_found, also for jobs of others */
async function findJob(studio: StudioService, id: string, caller: Caller): Promise<Job> {
  const job = await studio.job(id, caller);
  if (!job)
    throw new StudioError('not_found', 'There is no such job.', {
      hint: 'Check the id; finished jobs are removed after a while.',
    });
  return job;
}

/** Hosts are the operator's business, and so are other people's job ids: whoever has one may fetch its film. */
function serviceStatus(status: ServiceStatus, { sees }: Caller): z.infer<typeof serviceStatusSchema> {
  if (sees === 'all') return status;
  const { queue } = status;
  return {
    ...status,
    queue: {
      ...queue,
      lastDone: queue.lastDone && { at: queue.lastDone.at },
      lastFailed: queue.lastFailed && { at: queue.lastFailed.at, code: queue.lastFailed.code },
      workers: queue.workers.map(({ concurrency, busy, seenAt }) => ({ concurrency, busy, seenAt })),
    },
  };
}

function lastEventId(header: string | string[] | undefined): number {
  const id = Number(header);
  return Number.isSafeInteger(id) && id > 0 ? id : 0;
}

/** Of a job that is over, whose only event to come is its last one. */
async function hasSeenTheEnd(
  studio: StudioService,
  id: string,
  caller: Caller,
  after: number,
  signal: AbortSignal,
): Promise<boolean> {
  if (after === 0) return false;
  for await (const event of studio.watch({ id }, caller, signal, { after: 0 }))
    return isFinal(event.job.status) && event.id <= after;
  return false;
}

const streamHeaders = {
  'content-type': 'text/event-stream; charset=utf-8',
  'cache-control': 'no-store, no-transform',
  'x-accel-buffering': 'no',
};

/**
 * Writes events until the job is over or the reader has gone. A reader that resumes gets the state it
 * missed; a slow one gets the newest state instead of every step.
 */
async function writeEvents(
  events: AsyncIterable<StudioEvent>,
  show: (job: Job) => Job,
  reply: FastifyReply,
  signal: AbortSignal,
): Promise<void> {
  const { raw } = reply;
  raw.writeHead(200, { ...(reply.getHeaders() as Record<string, string>), ...streamHeaders });
  raw.write('retry: 2000\n\n');
  const comments = setInterval(() => {
    if (!raw.writableNeedDrain) raw.write(': still here\n\n');
  }, COMMENT_MS);
  try {
    for await (const { id, job } of events) {
      const name = isFinal(job.status) ? job.status : 'progress';
      const data = JSON.stringify(show(job));
      const isTaken = raw.write(`id: ${id}\nevent: ${name}\ndata: ${data}\n\n`);
      if (isFinal(job.status)) break;
      if (!isTaken) await once(raw, 'drain', { signal }).catch(() => undefined);
      // Meanwhile newer states replace older ones.
      await setTimeout(PACE_MS, undefined, { signal }).catch(() => undefined);
    }
  } finally {
    clearInterval(comments);
    raw.end();
  }
}
