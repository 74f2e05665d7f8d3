/** What the API answers besides jobs: one schema each for OpenAPI, the routes and the typed client. */
import { z } from 'zod';
import { jobSchema, jobStatuses } from '../core/schema/job.ts';

export const issueSchema = z.object({
  path: z.string().describe('As people write it, e.g. scenes[3].media.src'),
  message: z.string(),
});

export const errorSchema = z.object({
  error: z.object({
    code: z.string(),
    message: z.string(),
    hint: z.string().optional().describe('What to do about it'),
    issues: z.array(issueSchema).optional(),
  }),
});

export const acceptedSchema = z.object({
  id: z.string(),
  status: z.enum(jobStatuses),
  queuePosition: z.number().nullable(),
  statusUrl: z.string(),
  eventsUrl: z.string(),
});

export const validationSchema = z.object({
  ok: z.boolean(),
  estimatedSeconds: z.number().optional(),
  warnings: z.array(z.string()).optional(),
  issues: z.array(issueSchema),
});

export const jobPageSchema = z.object({ jobs: z.array(jobSchema), nextCursor: z.string().nullable() });

export const voiceSchema = z.object({
  engine: z.string(),
  name: z.string(),
  language: z.string(),
  gender: z.string(),
  timing: z.string(),
  local: z.boolean(),
  licence: z.string(),
});

export const assetSchema = z.object({
  id: z.string(),
  src: z.string().describe('To be written as `src` in a storyboard'),
  type: z.enum(['image', 'video', 'audio']),
  width: z.number().nullable(),
  height: z.number().nullable(),
  duration: z.number().nullable().describe('Seconds'),
  size: z.number().describe('Bytes'),
});

export const usageGroupings = ['day', 'user', 'channel', 'platform'] as const;

export const usageSchema = z.object({
  by: z.enum(usageGroupings),
  rows: z.array(
    z.object({
      key: z.string(),
      jobs: z.number(),
      done: z.number(),
      failed: z.number(),
      cancelled: z.number(),
      filmSeconds: z.number(),
      renderSeconds: z.number(),
      scenes: z.number(),
      scenesReused: z.number(),
      bytes: z.number(),
    }),
  ),
});

const moment = z.number().describe('Epoch ms');

/** Ids, hosts and processes are shown to operators only. */
export const serviceStatusSchema = z.object({
  accepting: z.boolean(),
  version: z.string(),
  uptimeSeconds: z.number(),
  queue: z.object({
    queued: z.number(),
    running: z.number(),
    done: z.number(),
    failed: z.number(),
    cancelled: z.number(),
    oldestWaitMs: z.number().nullable(),
    stalled: z.number(),
    lastHour: z.object({ done: z.number(), failed: z.number(), meanRenderSeconds: z.number().nullable() }),
    lastDone: z.object({ id: z.string().optional(), at: moment }).nullable(),
    lastFailed: z.object({ id: z.string().optional(), at: moment, code: z.string() }).nullable(),
    workers: z.array(
      z.object({
        id: z.string().optional(),
        host: z.string().optional(),
        pid: z.number().optional(),
        concurrency: z.number(),
        busy: z.number(),
        startedAt: moment.optional(),
        seenAt: moment,
      }),
    ),
    announcementsPending: z.number(),
  }),
  disk: z.object({ freeBytes: z.number(), totalBytes: z.number() }).nullable(),
  versions: z.object({ node: z.string(), ffmpeg: z.string().nullable() }),
});

export const aliveSchema = z.object({ status: z.literal('ok') });

export const readySchema = z.object({
  ready: z.boolean(),
  checks: z.array(z.object({ name: z.string(), ok: z.boolean(), detail: z.string().optional() })),
});
