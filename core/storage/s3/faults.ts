/** What a store answers when it will not, in words that help; never with what it was asked by whom. */
import { isCancelled, StudioError, type ErrorDetails } from '../../errors.ts';

type Told = { message: string; hint: string };

const told: Readonly<Record<string, Told>> = {
  NoSuchBucket: { message: 'There is no such bucket.', hint: 'Check S3_BUCKET, or make the bucket.' },
  InvalidAccessKeyId: { message: 'The access key is not known there.', hint: 'Check S3_ACCESS_KEY_ID.' },
  SignatureDoesNotMatch: {
    message: 'The secret key is not the one of the access key.',
    hint: 'Check S3_SECRET_ACCESS_KEY, and S3_REGION (R2: auto).',
  },
  AuthorizationHeaderMalformed: {
    message: 'The bucket is in another region.',
    hint: 'Set S3_REGION to that of the bucket.',
  },
  PermanentRedirect: {
    message: 'The bucket is at another address.',
    hint: 'Set S3_ENDPOINT and S3_REGION to those of the bucket.',
  },
  AccessDenied: {
    message: 'The key may not do this.',
    hint: 'Give it the right to list, read, write and delete objects of the bucket.',
  },
  RequestTimeTooSkewed: { message: 'This machine’s clock is wrong.', hint: 'Set the clock (NTP).' },
};

const unreachable = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ETIMEDOUT',
  'EPIPE',
  'EPROTO',
  'TimeoutError',
]);

/** HTTP status of a refusal; undefined for faults of the network. */
export function statusOf(error: unknown): number | undefined {
  return (error as { $metadata?: { httpStatusCode?: number } } | null)?.$metadata?.httpStatusCode;
}

export function isAbsent(error: unknown): boolean {
  const name = (error as Error | null)?.name;
  return name === 'NoSuchKey' || name === 'NotFound';
}

/** A conditional write that came second. */
export function isTaken(error: unknown): boolean {
  return statusOf(error) === 412;
}

/** A fault of a file here, not of the store. */
export function isFaultOfDisk(error: unknown): boolean {
  return (
    (['open', 'read', 'write', 'stat'].includes((error as NodeJS.ErrnoException | null)?.syscall ?? '') &&
      typeof (error as { path?: unknown }).path === 'string') ||
    ['ENOSPC', 'EDQUOT'].includes((error as NodeJS.ErrnoException | null)?.code ?? '')
  );
}

/**
 * The library's errors carry access keys and what was signed: nothing of them is kept but name and status.
 * @param doing what could not be done, e.g. `read a file`
 */
export function s3Fault(error: unknown, doing: string): StudioError {
  if (error instanceof StudioError) return error;
  if (isCancelled(error)) return new StudioError('cancelled', 'Cancelled.');
  const { name, code } = (error ?? new Error('unknown')) as Error & { code?: string };
  const status = statusOf(error);
  const what = status === undefined ? (code ?? name) : `${name}, HTTP ${status}`;
  const details = (hint: string, retryable: boolean): ErrorDetails => ({
    hint,
    retryable,
    cause: new Error(what),
  });
  const known = Object.hasOwn(told, name) ? told[name] : undefined;
  if (known)
    return new StudioError('not_ready', `The S3 store refused to ${doing}: ${known.message} (${what})`, details(known.hint, false)); // prettier-ignore
  if (unreachable.has(code ?? '') || unreachable.has(name))
    return new StudioError('not_ready', `The S3 store cannot be reached to ${doing} (${what}).`, details('Check S3_ENDPOINT and the network.', true)); // prettier-ignore
  const mayPass = status === undefined || status >= 500 || status === 429 || status === 409;
  return new StudioError('not_ready', `The S3 store could not ${doing} (${what}).`, details('Check the S3_… settings and the store’s own messages.', mayPass)); // prettier-ignore
}
