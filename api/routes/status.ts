/** How a job stands (once, or as a stream of events), and how the service stands. */
import type { FastifyInstance, FastifyReply } from 'fastify';
import { once } from 'node:events';
import { z } from 'zod';
import { StudioError } from '../../core/errors.ts';
import { isFinal, jobSchema, type Job } from '../../core/schema/job.ts';
import type { Caller, StudioService } from '../../core/studio-service.ts';
import { describeRoute } from '../plugins/docs.ts';
import { idParams, parseQuery } from '../query.ts';
import { callerOf } from '../types.ts';

/** A comment line this often keeps proxies from closing a quiet stream, ms. */
const COMMENT_MS = 15_000;
const querySchema = z.object({
  job_id: z.string().max(100).optional(),
  jobId: z.string().max(100).optional(),
});

export function statusRoutes(api: FastifyInstance, studio: StudioService): void {
  api.get(
    '/api/status',
    describeRoute('jobs', 'A job by ?job_id=, or the service', {
      query: querySchema,
      answers: { 200: jobSchema },
    }),
    async (request) => {
      const { job_id, jobId } = parseQuery(querySchema, request.query);
      const id = job_id ?? jobId;
      return id === undefined ? studio.status() : findJob(studio, id, callerOf(request));
    },
  );

  api.get<{ Params: { id: string } }>(
    '/api/status/:id',
    describeRoute('jobs', 'A job', { params: idParams, answers: { 200: jobSchema } }),
    (request) => findJob(studio, request.params.id, callerOf(request)),
  );

  api.get<{ Params: { id: string } }>(
    '/api/status/:id/events',
    describeRoute('jobs', 'A job as Server-Sent Events; Last-Event-ID resumes', {
      params: idParams,
      answers: { 200: 'text/event-stream' },
    }),
    async (request, reply) => {
      const caller = callerOf(request);
      await findJob(studio, request.params.id, caller);
      const closed = new AbortController();
      request.raw.on('close', () => closed.abort());
      reply.raw.on('close', () => closed.abort());
      await streamEvents(
        studio,
        request.params.id,
        caller,
        lastEventId(request.headers['last-event-id']),
        reply,
        closed.signal,
      );
    },
  );
}

/** @throws {StudioError} not_found, also for jobs of others */
export async function findJob(studio: StudioService, id: string, caller: Caller): Promise<Job> {
  const job = await studio.job(id, caller);
  if (!job)
    throw new StudioError('not_found', 'There is no such job.', {
      hint: 'Check the id; finished jobs are removed after a while.',
    });
  return job;
}

function lastEventId(header: string | string[] | undefined): number {
  const id = Number(header);
  return Number.isSafeInteger(id) && id > 0 ? id : 0;
}

/**
 * Writes events until the job is over or the reader has gone. A reader that resumes gets the state it missed;
 * a slow one gets the newest state instead of every step.
 */
async function streamEvents(
  studio: StudioService,
  id: string,
  caller: Caller,
  after: number,
  reply: FastifyReply,
  signal: AbortSignal,
): Promise<void> {
  reply.hijack();
  const { raw } = reply;
  raw.writeHead(200, {
    ...(reply.getHeaders() as Record<string, string>),
    'content-type': 'text/event-stream; charset=utf-8',
    'cache-control': 'no-store, no-transform',
    'x-accel-buffering': 'no',
  });
  raw.write('retry: 2000\n\n');
  const comments = setInterval(() => raw.write(': still here\n\n'), COMMENT_MS);
  try {
    for await (const event of studio.watch({ id }, caller, signal, { after })) {
      const name = isFinal(event.job.status) ? event.job.status : 'progress';
      const written = raw.write(`id: ${event.id}\nevent: ${name}\ndata: ${JSON.stringify(event.job)}\n\n`);
      if (!written) await once(raw, 'drain', { signal }).catch(() => undefined);
      if (isFinal(event.job.status)) break;
    }
    if (after > 0 && !signal.aborted) await sayHowItEnded(studio, id, caller, after, raw);
  } finally {
    clearInterval(comments);
    raw.end();
  }
}

/** Resumed behind the last event of a job that is over: say so again rather than nothing. */
async function sayHowItEnded(
  studio: StudioService,
  id: string,
  caller: Caller,
  after: number,
  raw: FastifyReply['raw'],
): Promise<void> {
  const job = await studio.job(id, caller);
  if (job && isFinal(job.status))
    raw.write(`id: ${after}\nevent: ${job.status}\ndata: ${JSON.stringify(job)}\n\n`);
}
