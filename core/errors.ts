/**
 * The one kind of error that leaves core/. Doors translate it once: the API into its error shape,
 * the CLI into a line and an exit code, chat into a sentence with a Retry button.
 */

/** Steps of a job, in order; also the `status` values of a running job. */
export type Stage = 'fetching' | 'voicing' | 'rendering' | 'saving';

export type ErrorCode =
  | 'invalid_storyboard' // the request itself is wrong: `issues` lists every fault
  | 'invalid_request' // a parameter outside a storyboard is wrong
  | 'media_unusable' // a picture, clip or track that cannot be read, or over a limit
  | 'url_not_allowed' // an address we must not fetch from
  | 'fetch_failed' // the other side did not deliver
  | 'speech_failed' // an engine died, hung or answered nonsense
  | 'voice_unknown' // no such voice, engine or language
  | 'render_failed' // compositing, encoding or joining failed
  | 'not_found'
  | 'conflict' // same Idempotency-Key, other body; or a state that does not allow the action
  | 'forbidden'
  | 'too_large'
  | 'no_space' // the disk is full or nearly so
  | 'not_ready' // a dependency is down, or the service is stopping
  | 'timeout'
  | 'cancelled'
  | 'lease_lost' // another worker owns the job now
  | 'missing_tool' // ffmpeg or one of its parts is not here
  | 'internal';

/** One fault of an input: `path` as people write it, e.g. `scenes[3].media.src`. */
export type Issue = { path: string; message: string };

export type ErrorDetails = {
  stage?: Stage;
  /** Number of the scene at fault, counted from 1 as people count. */
  scene?: number;
  /** Whether the same request may succeed if tried again later. */
  retryable?: boolean;
  /** What the reader can do about it, in one sentence. */
  hint?: string;
  issues?: Issue[];
  cause?: unknown;
};

export class StudioError extends Error {
  override readonly name = 'StudioError';
  readonly code: ErrorCode;
  readonly stage: Stage | undefined;
  readonly scene: number | undefined;
  readonly retryable: boolean;
  readonly hint: string | undefined;
  readonly issues: Issue[] | undefined;

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    this.stage = details.stage;
    this.scene = details.scene;
    this.retryable = details.retryable ?? false;
    this.hint = details.hint;
    this.issues = details.issues;
  }

  /** The same error with the stage or scene filled in by a caller who knows it; what is set stays. */
  at(place: { stage?: Stage; scene?: number }): StudioError {
    return new StudioError(this.code, this.message, {
      stage: this.stage ?? place.stage,
      scene: this.scene ?? place.scene,
      retryable: this.retryable,
      hint: this.hint,
      issues: this.issues,
      cause: this.cause,
    });
  }
}

/** Whether an error means "the caller asked us to stop", whichever layer raised it. */
export function isCancelled(error: unknown): boolean {
  if (error instanceof StudioError) return error.code === 'cancelled';
  return error instanceof Error && error.name === 'AbortError';
}

/**
 * Turns anything thrown into a StudioError: a full disk and an abort are recognised by their
 * system codes, everything else keeps its cause under `fallback`.
 */
export function asStudioError(error: unknown, fallback: ErrorCode, message?: string): StudioError {
  if (error instanceof StudioError) return error;
  if (isCancelled(error)) return new StudioError('cancelled', 'Cancelled.', { cause: error });
  const code = (error as NodeJS.ErrnoException | null)?.code;
  if (code === 'ENOSPC' || code === 'EDQUOT' || /No space left on device/i.test(String(error))) {
    return new StudioError('no_space', 'The disk is full.', {
      retryable: true,
      hint: 'Free some space on the disk of the output and data folders, then try again.',
      cause: error,
    });
  }
  const reason = error instanceof Error ? error.message : String(error);
  return new StudioError(fallback, message ?? reason, { cause: error });
}
