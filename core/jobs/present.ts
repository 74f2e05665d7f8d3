/** The job as doors show it, made from its record. */
import { isFinal, type Job } from '../schema/job.ts';
import type { Delivery, JobRecord } from './record.ts';

type WebhookDelivery = NonNullable<Job['webhook']>['deliveries'][number];

export type PresentOptions = {
  /** Address of a file of the job, signed if files are. */
  fileUrl: (jobId: string, file: string) => string;
  /** From JobBackend.queuePositions; absent where it does not matter. */
  queuePosition?: number | null | undefined;
};

/** Files are shown only of a job that is done (what a failed attempt left is nobody's), and its sheet while it runs. */
export function toJob(record: JobRecord, { fileUrl, queuePosition }: PresentOptions): Job {
  const result = record.status === 'done' ? record.result : null;
  const url = (file: string | undefined): string | null =>
    file === undefined ? null : fileUrl(record.id, file);
  const files = result?.files;
  const earlySheet = isFinal(record.status) ? undefined : (record.sheet ?? undefined);
  return {
    id: record.id,
    kind: record.kind,
    title: record.title,
    status: record.status,
    progress: record.progress,
    stage: record.stage,
    scene: record.scene,
    scenesTotal: record.scenesTotal,
    scenesReused: record.scenesReused,
    etaSeconds: record.etaSeconds,
    queuePosition: record.status === 'queued' ? (queuePosition ?? null) : null,
    attempts: record.attempts,
    url: url(files?.main),
    posterUrl: url(files?.poster),
    previewUrl: url(files?.preview),
    sheetUrl: url(files?.sheet ?? earlySheet),
    captions: files && (files.srt || files.vtt) ? { srt: url(files.srt), vtt: url(files.vtt) } : null,
    duration: result?.duration ?? null,
    width: result?.width ?? null,
    height: result?.height ?? null,
    size: result?.size ?? null,
    loudness: result?.loudness ?? null,
    voices: result?.voices ?? null,
    warnings: record.warnings,
    error: record.error,
    metadata: record.metadata,
    webhook: record.webhookUrl === null ? null : { deliveries: record.deliveries.map(delivery) },
    createdAt: iso(record.createdAt),
    startedAt: iso(record.startedAt),
    finishedAt: iso(record.finishedAt),
    updatedAt: iso(record.updatedAt),
    expiresAt: iso(record.expiresAt),
  };
}

function delivery({ event, at, attempt, ok, status, error, nextAt }: Delivery): WebhookDelivery {
  return { event, at: iso(at), attempt, ok, status, error, nextAt: iso(nextAt) };
}

function iso(time: number): string;
function iso(time: number | null): string | null;
function iso(time: number | null): string | null {
  return time === null ? null : new Date(time).toISOString();
}
