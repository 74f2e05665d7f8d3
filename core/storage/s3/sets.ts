/**
 * Which files of a job are published. S3 shows one object at a time, so a set of files becomes visible
 * by one small object that names them all, written last and only if nobody else wrote it (`If-None-Match`).
 * Sets are numbered; each adds what earlier ones lack, and none is ever changed.
 */
import { z } from 'zod';
import type { Bucket } from './bucket.ts';

const setSchema = z.object({
  /** Under which name its files were sent. */
  id: z.uuid(),
  at: z.iso.datetime().transform((text) => new Date(text)),
  /** Bytes of each file. */
  files: z.record(z.string(), z.number().int().min(0)),
});
export type FileSet = z.output<typeof setSchema>;

export type Sets = {
  /** Of a job, in order; known ones are not asked for again. */
  of(jobId: string): Promise<readonly FileSet[]>;
  /** The set that a file is in, as far as known; else the store is asked. */
  holding(jobId: string, name: string): Promise<FileSet | null>;
  /** Adds what is not published yet, in one step. Whoever comes second adds less, or nothing. */
  add(jobId: string, id: string, files: Readonly<Record<string, number>>): Promise<void>;
  /** Jobs that have sets. */
  jobIds(): AsyncIterable<string>;
  /** From then on nobody finds a file of the job. */
  remove(jobId: string): Promise<void>;
  /** Another process may have removed and published since. */
  forget(jobId: string): void;
};

/** Jobs whose sets are remembered. */
const REMEMBERED = 1000;

export function openSets(bucket: Bucket): Sets {
  const known = new Map<string, FileSet[]>();

  async function of(jobId: string): Promise<FileSet[]> {
    const sets = [...(known.get(jobId) ?? [])];
    for (;;) {
      const text = await bucket.readText(setKey(jobId, sets.length));
      if (text === null) break;
      sets.push(setSchema.parse(JSON.parse(text)));
    }
    known.delete(jobId);
    if (sets.length > 0) known.set(jobId, sets);
    const oldest = known.size > REMEMBERED ? known.keys().next().value : undefined;
    if (oldest !== undefined) known.delete(oldest);
    return sets;
  }

  const withName = (sets: readonly FileSet[], name: string): FileSet | undefined =>
    sets.find(({ files }) => Object.hasOwn(files, name));

  return {
    of,
    async holding(jobId, name) {
      return withName(known.get(jobId) ?? [], name) ?? withName(await of(jobId), name) ?? null;
    },
    async add(jobId, id, files) {
      for (;;) {
        known.delete(jobId);
        const sets = await of(jobId);
        const lacking = Object.entries(files).filter(([name]) => !withName(sets, name));
        if (lacking.length === 0) return;
        const set = { id, at: new Date().toISOString(), files: Object.fromEntries(lacking) };
        const isFirst = await bucket.write(setKey(jobId, sets.length), JSON.stringify(set), {
          onlyNew: true,
        });
        if (isFirst) return;
      }
    },
    jobIds: () => bucket.folders('sets/'),
    async remove(jobId) {
      known.delete(jobId);
      const keys: string[] = [];
      for await (const { key } of bucket.list(`sets/${jobId}/`)) keys.push(key);
      // The first set last: whoever dies midway is found again by it.
      for (const key of keys.reverse()) await bucket.remove(key);
    },
    forget: (jobId) => void known.delete(jobId),
  };
}

function setKey(jobId: string, number: number): string {
  return `sets/${jobId}/${String(number).padStart(4, '0')}.json`;
}
