/** What went wrong with a download, as errors that say what to do. */
import { asStudioError, StudioError } from '../errors.ts';
import { orRaise } from './refusal.ts';

const LATER = 'Try again later, or upload the file and use its asset:… id.';

export function failed(message: string, hint: string, retryable = false, cause?: unknown): StudioError {
  return new StudioError('fetch_failed', message, { hint, retryable, cause });
}

export function timedOut(message: string, cause?: unknown): StudioError {
  return new StudioError('timeout', message, { retryable: true, hint: LATER, cause });
}

/** @param ms what one download may take */
export function tookTooLong(ms: number): StudioError {
  return new StudioError('timeout', `The download took longer than ${ms / 1000} s.`, {
    retryable: true,
    hint: orRaise(LATER, 'fetchMs'),
  });
}

/** Names what went wrong on the wire; addresses behind names stay out of the message. */
export function fetchError(error: unknown): StudioError {
  if (error instanceof StudioError) return error;
  const code = String((error as { code?: unknown } | null)?.code ?? '');
  if (/TIMEOUT|ETIMEDOUT/.test(code)) return timedOut('The other side stayed silent too long.', error);
  if (code === 'ENOTFOUND' || code === 'EAI_NODATA')
    return failed('There is no host of this name.', 'Check the address.', false, error);
  if (code === 'EAI_AGAIN')
    return failed('The name of the host could not be looked up.', 'Try again later.', true, error);
  if (/CERT|SELF_SIGNED|ALTNAME|VERIFY_LEAF/.test(code))
    return failed(
      'The certificate of the other side is not valid.',
      'Use another address, or upload the file.',
      false,
      error,
    );
  if (/^(ECONN|EPIPE|EHOSTUNREACH|ENETUNREACH|UND_ERR_SOCKET|UND_ERR_RES_CONTENT)/.test(code))
    return failed(
      'The connection to the other side failed.',
      'Check the address, or try again later.',
      true,
      error,
    );
  const known = asStudioError(error, 'fetch_failed', 'The file could not be fetched.');
  return known.code === 'fetch_failed'
    ? failed(known.message, 'Check the address in a browser.', false, error)
    : known;
}
