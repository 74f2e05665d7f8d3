/** Redis's faults as StudioErrors that say what to do. */
import { StudioError } from '../../errors.ts';

/** @returns the same error if it is a StudioError already */
export function storeFault(error: unknown): StudioError {
  if (error instanceof StudioError) return error;
  const text = error instanceof Error ? error.message : String(error);
  const [word = ''] = text.split(' ', 1);
  if (word === 'ERR' || word === 'WRONGTYPE') return new StudioError('internal', text, { cause: error });
  const known = faults[word] ?? faultOfTls(error);
  if (!known) return unreachable(error);
  return new StudioError(known.code, known.message, { retryable: true, hint: known.hint, cause: error });
}

function unreachable(cause: unknown): StudioError {
  if (cause instanceof StudioError) return cause;
  const reason = cause instanceof Error && cause.message ? `: ${cause.message.replace(/\.+$/, '')}` : '';
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

type Known = { code: 'no_space' | 'not_ready'; message: string; hint: string };

const TLS_CODE = /^(SELF_SIGNED|DEPTH_ZERO|UNABLE_TO_|CERT_|ERR_TLS_|ERR_SSL_)/;

function faultOfTls(error: unknown): Known | null {
  const { code = '', message = '' } = (error ?? {}) as { code?: string; message?: string };
  if (!TLS_CODE.test(code)) return null;
  return {
    code: 'not_ready',
    message: `The job store (Redis) has no certificate that is trusted here: ${message}`,
    hint: 'Give the file of its CA in the environment variable NODE_EXTRA_CA_CERTS, and name Redis in REDIS_URL as its certificate does.',
  };
}

const faults: Record<string, Known> = {
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
  NOPERM: {
    code: 'not_ready',
    message: 'The job store (Redis) does not allow its user what is needed.',
    hint: 'Allow the user of REDIS_URL all keys and channels that begin with genscene: (~genscene:* &genscene:*) and +@all -@admin -@dangerous +info.',
  },
};
