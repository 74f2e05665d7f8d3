/** The job as every door shows it: the object of the REST contract, of webhooks and of `--json`. */
import { z } from 'zod';
import { metadataSchema } from './storyboard.ts';

export const jobStatuses = [
  'queued',
  'fetching',
  'voicing',
  'rendering',
  'saving',
  'done',
  'failed',
  'cancelled',
] as const;
export const finalStatuses = ['done', 'failed', 'cancelled'] as const;

const isoTime = z.string().describe('ISO 8601, UTC');

export const jobErrorSchema = z.object({
  code: z.string(),
  stage: z.string().nullable(),
  scene: z.number().int().nullable().describe('Scene at fault, counted from 1'),
  retryable: z.boolean(),
  message: z.string(),
  hint: z.string().nullable(),
  issues: z
    .array(z.object({ path: z.string(), message: z.string() }))
    .optional()
    .describe('Each fault with its field, such as scenes[3].media.src, where fields are at fault'),
});

const webhookDeliverySchema = z.object({
  event: z.enum(finalStatuses),
  at: isoTime,
  attempt: z.number().int(),
  ok: z.boolean(),
  status: z.number().int().nullable().describe('HTTP status; null when there was no answer'),
  error: z.string().nullable(),
  nextAt: isoTime.nullable().describe('When it is tried again; null if it is not'),
});

const jobVoiceSchema = z.object({
  engine: z.string(),
  voice: z.string(),
  why: z.string().describe('Why this engine and voice, in a few words'),
  scenes: z.array(z.number().int()).describe('Scenes it speaks, counted from 1; empty for speech alone'),
});

export const jobSchema = z.object({
  id: z.string(),
  kind: z.enum(['compose', 'tts']),
  title: z.string().nullable(),
  status: z.enum(jobStatuses),
  progress: z.number().min(0).max(100),
  stage: z.string().nullable(),
  scene: z.number().int().nullable().describe('Scene being worked on, counted from 1'),
  scenesTotal: z.number().int(),
  scenesReused: z.number().int().nullable(),
  etaSeconds: z.number().nullable(),
  queuePosition: z.number().int().nullable().describe('1 is next'),
  attempts: z.number().int(),
  url: z.string().nullable(),
  posterUrl: z.string().nullable(),
  previewUrl: z
    .string()
    .nullable()
    .describe('A copy of at most 8 MiB; of a film over 3 minutes, its beginning'),
  sheetUrl: z
    .string()
    .nullable()
    .describe('A picture a scene; there seconds after the speech, before the film'),
  captions: z.object({ srt: z.string().nullable(), vtt: z.string().nullable() }).nullable(),
  duration: z.number().nullable().describe('Seconds'),
  width: z.number().int().nullable().describe('px'),
  height: z.number().int().nullable().describe('px'),
  size: z.number().int().nullable().describe('Bytes'),
  loudness: z.object({ lufs: z.number().nullable(), truePeakDb: z.number().nullable() }).nullable(),
  voices: z.array(jobVoiceSchema).nullable().describe('Who spoke, once it is done'),
  warnings: z.array(z.string()),
  error: jobErrorSchema.nullable(),
  metadata: metadataSchema.nullable(),
  webhook: z
    .object({
      deliveries: z.array(webhookDeliverySchema).describe('The latest, oldest first'),
    })
    .nullable()
    .describe('How the webhook was told; null if none was asked for'),
  createdAt: isoTime,
  startedAt: isoTime.nullable(),
  finishedAt: isoTime.nullable(),
  updatedAt: isoTime,
  expiresAt: isoTime.nullable(),
});

export type Job = z.infer<typeof jobSchema>;
export type JobStatus = (typeof jobStatuses)[number];
export type JobError = z.infer<typeof jobErrorSchema>;

/** Whether nothing more will happen to the job unless someone asks for a retry. */
export function isFinal(status: JobStatus): boolean {
  return (finalStatuses as readonly string[]).includes(status);
}
