/** What can go wrong, in one kind of error: the service's own answers, and not reaching it. */

export type Issue = { path: string; message: string };

export type GenSceneErrorDetails = {
  status?: number;
  hint?: string | undefined;
  issues?: Issue[] | undefined;
  retryAfterMs?: number | undefined;
  cause?: unknown;
};

export class GenSceneError extends Error {
  override readonly name = 'GenSceneError';
  /**
   * The service's code (`invalid_storyboard`, `unauthorized`, `not_found`, `conflict`, `rate_limited`,
   * `not_ready`, …), or ours: `network` (not reached), `timeout`, `bad_answer` (something else answered).
   */
  readonly code: string;
  /** HTTP status; 0 when there was no answer. */
  readonly status: number;
  /** What to do about it. */
  readonly hint: string | undefined;
  /** Every fault of what was sent. */
  readonly issues: Issue[];
  /** How long the service asks to wait, ms. */
  readonly retryAfterMs: number | undefined;

  constructor(code: string, message: string, details: GenSceneErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    this.status = details.status ?? 0;
    this.hint = details.hint;
    this.issues = details.issues ?? [];
    this.retryAfterMs = details.retryAfterMs;
  }

  /** Whether the same request may succeed a moment later. */
  get isPassing(): boolean {
    return this.code === 'network' || this.code === 'timeout' || [429, 502, 503, 504].includes(this.status);
  }
}

/** The error an answer that is no success stands for. */
export function errorOfAnswer(status: number, text: string, retryAfter: string | null): GenSceneError {
  const seconds = Number(retryAfter ?? NaN);
  const retryAfterMs = Number.isFinite(seconds) ? seconds * 1000 : undefined;
  try {
    const { code, message, hint, issues } = (JSON.parse(text) as { error: Record<string, unknown> }).error;
    if (typeof code === 'string' && typeof message === 'string')
      return new GenSceneError(code, message, {
        status,
        hint: typeof hint === 'string' ? hint : undefined,
        issues: Array.isArray(issues) ? (issues as Issue[]) : undefined,
        retryAfterMs,
      });
  } catch {
    // No answer of ours: a proxy before it, or another program.
  }
  return new GenSceneError('bad_answer', `Something else than the service answered (HTTP ${status}).`, {
    status,
    hint: 'Check the address: is it that of the service, without a path behind it?',
    retryAfterMs,
  });
}

/** @param cause what fetch threw, or undefined */
export function networkError(cause: unknown): GenSceneError {
  return new GenSceneError('network', 'The service cannot be reached.', {
    hint: 'Check its address and that it runs. In a web page, CORS_ORIGINS of the service must name the page’s origin.',
    cause,
  });
}
