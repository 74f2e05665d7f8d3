/** Which files of a finished job are attached to a message: what fits, the best first. */
import type { Job } from '../core/schema/job.ts';
import type { StudioService } from '../core/studio-service.ts';
import { readDraft } from './drafts.ts';
import { showsSheetEarly } from './messages.ts';
import type { Attachment } from './types.ts';

/** The film or speech, else a small preview; and a picture where its address is not public. */
export async function resultFiles(
  job: Job,
  studio: Pick<StudioService, 'openFile'>,
  limitBytes: number,
): Promise<Attachment[]> {
  if (job.status !== 'done') return [];
  const files: Attachment[] = [];
  let room = limitBytes;
  const attach = async (url: string | null): Promise<boolean> => {
    const file = url === null ? null : await attachmentOf(job.id, url, studio);
    if (!file || file.size > room) return false;
    room -= file.size;
    files.push(file);
    return true;
  };
  const isPlayable = (await attach(job.url)) || (await attach(job.previewUrl));
  const pictureUrl = readDraft(job.metadata)
    ? (job.sheetUrl ?? job.posterUrl)
    : isPlayable
      ? null
      : job.posterUrl;
  if (pictureUrl && !isPublic(pictureUrl)) await attach(pictureUrl);
  return files;
}

/** The sheet of a draft that is still being made, where its address is not public. */
export async function earlySheet(job: Job, studio: Pick<StudioService, 'openFile'>): Promise<Attachment[]> {
  if (!showsSheetEarly(job) || isPublic(job.sheetUrl!)) return [];
  const file = await attachmentOf(job.id, job.sheetUrl!, studio);
  return file ? [file] : [];
}

/** Platforms fetch pictures from public addresses only. */
function isPublic(url: string): boolean {
  return url.startsWith('https://');
}

/** The captions of a job, each file that there is. */
export async function captionFiles(job: Job, studio: Pick<StudioService, 'openFile'>): Promise<Attachment[]> {
  const urls = [job.captions?.srt, job.captions?.vtt].filter((url) => url !== null && url !== undefined);
  const files = await Promise.all(urls.map((url) => attachmentOf(job.id, url, studio)));
  return files.filter((file) => file !== null);
}

async function attachmentOf(
  jobId: string,
  url: string,
  studio: Pick<StudioService, 'openFile'>,
): Promise<Attachment | null> {
  const name = decodeURIComponent(new URL(url).pathname.split('/').at(-1) ?? '');
  const file = await studio.openFile(jobId, name);
  if (!file) return null;
  return {
    name: file.name,
    contentType: file.contentType,
    size: file.size,
    open: async () => {
      const again = await studio.openFile(jobId, name);
      if (!again) throw new Error(`${name} of job ${jobId} is gone`);
      return again.stream();
    },
  };
}
