/**
 * Signed addresses of files (FILES_ACCESS=signed): whoever has the address may read that one file
 * until it expires, and nothing else.
 */
import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import path from 'node:path';
import type { S3Config } from '../config/storage.ts';
import { keepSecret } from '../secrets.ts';
import type { FileSigner } from './types.ts';

const LIFETIME_MS = 24 * 3600_000;
/** Addresses made within this time are the same, so that players and caches keep what they have. */
const STEP_MS = 3600_000;

/** Everyone who knows an address may read: FILES_ACCESS=public. Job ids are unguessable. */
export const publicFiles: FileSigner = { sign: () => '', verify: () => true };

/** Signs with a secret kept in the data folder. @throws {StudioError} not_ready */
export async function openFileSigner(dataDir: string, now: () => number = Date.now): Promise<FileSigner> {
  return createFileSigner(await keepSecret(path.join(dataDir, 'link-secret')), now);
}

/** Signs with a secret that every host with the same S3 key makes the same, so that each knows the others' links. */
export function signerOfStore(
  s3: Pick<S3Config, 'secretAccessKey'>,
  now: () => number = Date.now,
): FileSigner {
  return createFileSigner(
    createHmac('sha256', s3.secretAccessKey).update('links to finished files').digest('hex'),
    now,
  );
}

/** @param now epoch ms */
export function createFileSigner(secret: string, now: () => number = Date.now): FileSigner {
  const kid = createHash('sha256').update(`kid ${secret}`).digest('hex').slice(0, 8);
  const signature = (methods: string, jobId: string, name: string, exp: string): string =>
    createHmac('sha256', secret)
      .update(['v1', kid, methods, jobId, name, exp].join('\n'))
      .digest('base64url');
  return {
    sign(jobId, name) {
      const exp = String((Math.floor((now() + LIFETIME_MS) / STEP_MS) * STEP_MS) / 1000);
      const sig = signature('read', jobId, name, exp);
      return new URLSearchParams({ exp, kid, sig }).toString();
    },
    verify(method, jobId, name, query) {
      const { exp, sig } = query;
      const methods = methodClass(method);
      if (!methods || query['kid'] !== kid || typeof exp !== 'string' || typeof sig !== 'string')
        return false;
      if (!/^\d{1,12}$/.test(exp) || Number(exp) * 1000 <= now()) return false;
      // Compared as written: decoders forgive, and would take several spellings for one signature.
      const given = Buffer.from(sig);
      const right = Buffer.from(signature(methods, jobId, name, exp));
      return given.length === right.length && timingSafeEqual(given, right);
    },
  };
}

/** GET and HEAD are one right; no other method has any. */
function methodClass(method: string): 'read' | null {
  return method === 'GET' || method === 'HEAD' ? 'read' : null;
}
