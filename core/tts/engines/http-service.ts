/**
 * Calls of speech services over HTTP: one time limit over all tries, another try where it may help,
 * and errors that say what happened without ever showing a key.
 */
import { StudioError, asStudioError } from '../../errors.ts';
import { pause } from '../../pause.ts';
import { linkSignals } from '../linked-signal.ts';
import type { EngineName } from '../types.ts';

export type ServiceCall = {
  engine: EngineName;
  url: string;
  headers: Record<string, string>;
  /** Sent as JSON. */
  body: unknown;
  signal: AbortSignal;
  /** For all tries together, ms. */
  timeoutMs: number;
  /** Never shown to anyone. */
  secrets: readonly (string | undefined)[];
  /** What to look at when the service refuses: the names of the settings. */
  settings: string;
  /** First wait before another try, ms; it doubles with each. */
  retryMs?: number;
};

export type ServiceAnswer = { body: Buffer; contentType: string };

const mostTries = 4;
/** Minutes of uncompressed speech; one sentence is far below. */
const mostBytes = 64 * 1024 ** 2;
const againStatuses = new Set([408, 425, 429, 500, 502, 503, 504, 529]);

/**
 * Posts JSON and returns the answer's body. Too many requests, faults of the server and broken
 * connections are tried again, as `Retry-After` says or after 0.5 s, 1 s, 2 s.
 * @throws {StudioError} speech_failed, voice_unknown, too_large, timeout, cancelled
 */
export function callService(call: ServiceCall): Promise<ServiceAnswer> {
  return withTries(call, (signal) => tryOnce(call, signal));
}

type TriedCall = Pick<ServiceCall, 'engine' | 'signal' | 'timeoutMs' | 'retryMs'>;
/** What came of one try: an answer, or an error and whether (and when) another try may help. */
export type Outcome<T> = { answer: T } | { error: StudioError; again: boolean; waitMs?: number };

/**
 * Tries until there is an answer, within one time limit. What a try throws itself ends it.
 * @throws {StudioError} of the last try; timeout, cancelled
 */
export async function withTries<T>(
  call: TriedCall,
  once: (signal: AbortSignal) => Promise<Outcome<T>>,
): Promise<T> {
  const { signal, abort, unlink } = linkSignals(call.signal);
  const endsAt = Date.now() + call.timeoutMs;
  const timer = setTimeout(() => abort(tooSlow(call)), call.timeoutMs);
  try {
    for (let tries = 1; ; tries++) {
      signal.throwIfAborted();
      const outcome = await once(signal);
      if ('answer' in outcome) return outcome.answer;
      const waitMs = outcome.waitMs ?? backoff(call, tries);
      if (!outcome.again || tries === mostTries || Date.now() + waitMs > endsAt) throw outcome.error;
      await pause(waitMs, signal);
    }
  } catch (error) {
    throw signal.aborted ? asStudioError(signal.reason, 'cancelled') : error;
  } finally {
    clearTimeout(timer);
    unlink();
  }
}

/** Takes secrets out of what a service or a library said. */
export function withoutSecrets(text: string, secrets: readonly (string | undefined)[]): string {
  let shown = text;
  for (const secret of secrets)
    if (secret) shown = shown.replaceAll(secret, '***').replaceAll(encodeURIComponent(secret), '***');
  return shown;
}

async function tryOnce(call: ServiceCall, signal: AbortSignal): Promise<Outcome<ServiceAnswer>> {
  let response: Response;
  let body: Buffer;
  try {
    response = await fetch(call.url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...call.headers },
      body: JSON.stringify(call.body),
      signal,
      // A key goes where it was set to go, and nowhere else.
      redirect: 'manual',
    });
    body = await readBody(call, response);
  } catch (error) {
    if (signal.aborted) throw error;
    if (error instanceof StudioError) return { error, again: false };
    return { error: unreachable(call, error), again: true };
  }
  const contentType = response.headers.get('content-type') ?? '';
  if (response.ok && !looksLikeHtml(body, contentType)) return { answer: { body, contentType } };
  const waitMs = retryAfterMs(response.headers.get('retry-after'));
  return {
    error: refusal(call, response.status, body, contentType),
    again: againStatuses.has(response.status) && !isOutOfCredit(body),
    ...(waitMs === null ? {} : { waitMs }),
  };
}

async function readBody(call: ServiceCall, response: Response): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of response.body ?? []) {
    bytes += chunk.length;
    if (bytes > mostBytes) {
      await response.body?.cancel().catch(() => {});
      throw new StudioError('speech_failed', `The ${call.engine} service answered more than 64 MB.`);
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function backoff({ retryMs = 500 }: TriedCall, tries: number): number {
  // Up to a quarter more, so that many who were refused together do not come back together.
  return retryMs * 2 ** (tries - 1) * (1 + Math.random() / 4);
}

/** RFC 9110, 10.2.3: seconds, or a date. */
function retryAfterMs(header: string | null): number | null {
  if (header === null) return null;
  if (/^\s*\d+(\.\d+)?\s*$/.test(header)) return Number(header) * 1000;
  const date = Date.parse(header);
  return Number.isNaN(date) ? null : Math.max(0, date - Date.now());
}

function looksLikeHtml(body: Buffer, contentType: string): boolean {
  return /text\/html/i.test(contentType) || /^\s*<(!doctype|html|head|body)\b/i.test(body.toString('latin1', 0, 200)); // prettier-ignore
}

/** OpenAI answers 429 also when an account is empty, which no waiting changes. */
function isOutOfCredit(body: Buffer): boolean {
  return /insufficient_quota|quota_exceeded|billing_hard_limit/.test(body.toString('latin1', 0, 4000));
}

function refusal(call: ServiceCall, status: number, body: Buffer, contentType: string): StudioError {
  const service = `The ${call.engine} service`;
  if (looksLikeHtml(body, contentType))
    return new StudioError('speech_failed', `${service} answered a web page instead of speech (${status}).`, {
      retryable: status >= 500,
      hint: `Check the address in ${call.settings}.`,
    });
  const said = spokenReason(body, call.secrets);
  const message = `${service} refused: ${status}${said ? `, ${said}` : ''}.`;
  if (isOutOfCredit(body))
    return new StudioError('speech_failed', message, { hint: 'The account has no credit left: top it up.' });
  if (status === 401 || status === 403)
    return new StudioError('speech_failed', message, { hint: `Check the key in ${call.settings}.` });
  if (status === 413 || (status < 500 && /too long|too_long|max(imum)? (length|char)|string_too/i.test(said)))
    return new StudioError('too_large', `The text is too long for the ${call.engine} service: ${said || status}.`, { hint: 'Use shorter sentences.' }); // prettier-ignore
  if (status < 500 && /voice/i.test(said))
    return new StudioError('voice_unknown', message, { hint: '`genscene voices` lists the voices.' });
  if (status >= 300 && status < 400)
    return new StudioError('speech_failed', `${service} sends us elsewhere (${status}).`, { hint: `Put the final address into ${call.settings}.` }); // prettier-ignore
  return new StudioError('speech_failed', message, {
    retryable: againStatuses.has(status),
    hint: againStatuses.has(status)
      ? 'Try again later, or set TTS_FALLBACK=true to let another engine speak.'
      : `Check ${call.settings}.`,
  });
}

/** The reason in the JSON or text of a refusal, short and on one line. */
function spokenReason(body: Buffer, secrets: ServiceCall['secrets']): string {
  const text = body.toString('utf8', 0, 4000);
  let said: unknown = text;
  try {
    const { error, detail, message } = JSON.parse(text) as Record<string, unknown>;
    const inner = error ?? detail ?? message;
    said = (inner as { message?: unknown } | undefined)?.message ?? inner ?? text;
  } catch {
    // Not JSON: the text itself.
  }
  const line = typeof said === 'string' ? said : JSON.stringify(said);
  return withoutSecrets(line, secrets).replace(/\s+/g, ' ').trim().replace(/\.$/, '').slice(0, 200);
}

function unreachable(call: ServiceCall, error: unknown): StudioError {
  const cause = (error as { cause?: { code?: string; message?: string } }).cause;
  const reason = cause?.code ?? cause?.message ?? (error as Error).message;
  return new StudioError(
    'speech_failed',
    `The ${call.engine} service was not reached, or broke off: ${withoutSecrets(reason, call.secrets)}.`,
    { retryable: true, hint: `Check the network and ${call.settings}.` },
  );
}

function tooSlow({ engine, timeoutMs }: Pick<ServiceCall, 'engine' | 'timeoutMs'>): StudioError {
  const seconds = Math.round(timeoutMs / 100) / 10;
  return new StudioError('timeout', `The ${engine} engine took longer than ${seconds} s for one sentence.`, {
    retryable: true,
    hint: 'Try again, use shorter sentences, or raise TTS_TIMEOUT_S.',
  });
}
