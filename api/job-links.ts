/**
 * Addresses of files in answers. Where no public address is set the service knows itself as
 * `localhost` only, which is nothing to someone elsewhere: they get the address they asked at.
 */
import type { FastifyRequest } from 'fastify';
import { filesAddress, type Config } from '../core/config.ts';
import type { Job } from '../core/schema/job.ts';

const HOST = /^(\[[0-9a-f:.]+\]|[a-z0-9]([a-z0-9.-]*[a-z0-9])?)(:\d{1,5})?$/i;

/** The job with addresses that the asker can reach. */
export function withLinks(job: Job, request: FastifyRequest, config: Config): Job {
  const isKnown = filesAddress(config) !== null;
  if (isKnown || (job.url ?? job.sheetUrl) === null || !HOST.test(request.host ?? '')) return job;
  const origin = `${request.protocol}://${request.host}`;
  const link = (url: string | null): string | null => url && url.replace(/^https?:\/\/[^/]+/, origin);
  return {
    ...job,
    url: link(job.url),
    posterUrl: link(job.posterUrl),
    previewUrl: link(job.previewUrl),
    sheetUrl: link(job.sheetUrl),
    captions: job.captions && { srt: link(job.captions.srt), vtt: link(job.captions.vtt) },
  };
}
