/**
 * A stream of an object that outlives broken connections: a player that pauses for minutes keeps its
 * stream, and what is read on is asked for from where it stopped. Objects never change, so the parts fit.
 */
import { PassThrough, pipeline, type Readable } from 'node:stream';
import { StudioError } from '../../errors.ts';
import type { Bucket } from './bucket.ts';
import { s3Fault } from './faults.ts';

/** Connections that bring not a byte before the reader is told. */
const FRUITLESS = 3;

/** @param range bytes, both ends included */
export function readObject(bucket: Bucket, key: string, range: { start: number; end: number }): Readable {
  const abort = new AbortController();
  const stream = new PassThrough();
  // Also ends a request that has not been answered yet, which a generator would wait for.
  stream.once('close', () => abort.abort());
  // Faults reach whoever reads the stream.
  pipeline(bytesOf(bucket, key, range, abort.signal), stream, () => undefined);
  return stream;
}

async function* bytesOf(
  bucket: Bucket,
  key: string,
  { start, end }: { start: number; end: number },
  signal: AbortSignal,
): AsyncGenerator<Buffer> {
  let next = start;
  let fruitless = 0;
  while (next <= end) {
    const from = next;
    let broken: unknown = new Error('nothing came');
    const found = await bucket.read(key, { start: next, end, signal });
    if (!found) throw new StudioError('not_found', 'The file was removed.');
    // Some stores answer with more than was asked for, and then from the start.
    let skip = next - found.start;
    try {
      for await (const chunk of found.body as AsyncIterable<Buffer>) {
        const part = chunk.subarray(Math.max(0, skip), Math.max(0, skip) + end - next + 1);
        skip -= chunk.length;
        next += part.length;
        if (part.length > 0) yield part;
        if (next > end) break;
      }
    } catch (error) {
      broken = error;
    }
    fruitless = next > from ? 0 : fruitless + 1;
    if (signal.aborted || fruitless >= FRUITLESS) throw s3Fault(broken, 'read a file');
  }
}
