/** Jobs to put into backends under test. */
import type { JobError } from '../../core/schema/job.ts';
import { storyboardSchema } from '../../core/schema/storyboard.ts';
import { ttsRequestSchema } from '../../core/schema/speech.ts';
import type { ClaimedJob, ClaimRef, JobResult, NewJob } from '../../core/jobs/types.ts';
import type { Logger } from '../../core/log.ts';

export function composeJob(
  changes: Partial<NewJob> & { title?: string; webhookUrl?: string; scenes?: number } = {},
): NewJob {
  const { title = 'A film', webhookUrl, scenes = 2, ...rest } = changes;
  const storyboard = storyboardSchema.parse({
    title,
    webhookUrl,
    metadata: { order: 7 },
    scenes: Array.from({ length: scenes }, (_, index) => ({ text: `Scene ${index + 1}` })),
  });
  return {
    request: { kind: 'compose', storyboard },
    owner: 'key:test',
    origin: { platform: 'api', keyName: 'test' },
    ...rest,
  };
}

export function speechJob(text: string, changes: Partial<NewJob> = {}): NewJob {
  return {
    request: { kind: 'tts', speech: ttsRequestSchema.parse({ text }) },
    owner: 'key:test',
    origin: { platform: 'api' },
    ...changes,
  };
}

export const filmResult: JobResult = {
  files: { main: 'film.mp4', poster: 'poster.jpg', srt: 'film.srt', vtt: 'film.vtt' },
  duration: 12.5,
  width: 1920,
  height: 1080,
  size: 1_234_567,
  loudness: { lufs: -14, truePeakDb: -1.2 },
  warnings: ['scene 2: the clip was short'],
  scenesReused: 1,
};

export function failure(retryable: boolean, message = 'It broke.'): JobError {
  return { code: 'render_failed', stage: 'rendering', scene: 2, retryable, message, hint: 'Try again.' };
}

export function refOf(job: ClaimedJob): ClaimRef {
  return { id: job.id, owner: job.lease.owner, attempt: job.lease.attempt };
}

/** A logger that keeps its lines. */
export function keepingLog(): { log: Logger; lines: { level: string; message: string; facts: object }[] } {
  const lines: { level: string; message: string; facts: object }[] = [];
  const at = (level: string) => (facts: object, message: string) =>
    void lines.push({ level, message, facts });
  return { log: { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') }, lines };
}
