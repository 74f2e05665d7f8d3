/** Redis's faults as StudioErrors that say what to do. */
import { StudioError } from '../../errors.ts';

/** @returns the same error if it is a StudioError already */
export function storeFault(error: unknown): StudioError {
  if (error instanceof StudioError) return error;
  const text = error instanceof Error ? error.message : String(error);
  const [word = ''] = text.split(' ', 1);
  if (word === 'ERR' || word === 'WRONGTYPE') return new StudioError('internal', text, { cause: error });
  const known = faults[word];
  if (!known) return unreachable(error);
  return new StudioError(known.code, known.message, { retryable: true, hint: known.hint, cause: error });
}

export function unreachable(cause: unknown): StudioError {
  if (cause instanceof StudioError) return cause;
  const reason = cause instanceof Error && cause.message ? `: ${cause.message}` : '';
  const { code } = (cause ?? {}) as { code?: string };
  return new StudioError(
    'not_ready',
    `The job store (Redis) cannot be reached${reason || (code ? `: ${code}` : '')}.`,
    {
      retryable: true,
      hint: 'Check that Redis runs and that REDIS_URL is right; nothing else needs to be done.',
      cause,
    },
  );
}

const faults: Record<string, { code: 'no_space' | 'not_ready'; message: string; hint: string }> = {
  OOM: {
    code: 'no_space',
    message: 'The memory of the job store (Redis) is full: no new jobs are taken.',
    hint: 'Raise maxmemory of Redis or lower RETENTION_DAYS; running jobs go on.',
  },
  MISCONF: {
    code: 'no_space',
    message: 'The job store (Redis) cannot write to its disk.',
    hint: 'Free some space on the disk of Redis, or look into its log.',
  },
  READONLY: {
    code: 'not_ready',
    message: 'The job store (Redis) is a replica that cannot be written.',
    hint: 'Point REDIS_URL at the primary, or wait until the failover is over.',
  },
  LOADING: {
    code: 'not_ready',
    message: 'The job store (Redis) is still reading its data.',
    hint: 'Wait a moment.',
  },
  NOAUTH: {
    code: 'not_ready',
    message: 'The job store (Redis) wants a password.',
    hint: 'Put it into REDIS_URL: redis://:password@host:6379.',
  },
  WRONGPASS: {
    code: 'not_ready',
    message: 'The job store (Redis) refuses the user or password.',
    hint: 'Correct them in REDIS_URL.',
  },
};
