/** Files that workers on other hosts need, as objects below `shared/`. */
import { createWriteStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import type { SharedFiles } from '../types.ts';
import type { Bucket } from './bucket.ts';
import { isFaultOfDisk, s3Fault } from './faults.ts';

export function shareFiles(bucket: Bucket): SharedFiles {
  const keyOf = (name: string): string => `shared/${name}`;
  return {
    put: (name, file, signal) =>
      bucket.upload(file, keyOf(name), { contentType: 'application/octet-stream', signal }),
    putText: async (name, text) => void (await bucket.write(keyOf(name), text)),
    readText: (name) => bucket.readText(keyOf(name)),
    async has(name) {
      return (await bucket.facts(keyOf(name))) !== null;
    },
    async fetch(name, target, signal) {
      const found = await bucket.read(keyOf(name), { signal });
      if (!found) return false;
      const written = createWriteStream(target, { flags: 'wx' });
      try {
        await pipeline(found.body, written, { signal });
        if (written.bytesWritten !== found.bytes) throw new Error('CutShort');
        return true;
      } catch (error) {
        await rm(target, { force: true });
        throw isFaultOfDisk(error) ? error : s3Fault(error, 'read a file');
      }
    },
    async *list(prefix) {
      for await (const { key, ...facts } of bucket.list(keyOf(prefix)))
        yield { name: key.slice('shared/'.length), ...facts };
    },
    remove: (name) => bucket.remove(keyOf(name)),
  };
}
