/** How the command line says that something went wrong, and with which exit code. */
import type { ErrorCode, StudioError } from '../core/errors.ts';
import type { Terminal } from './terminal.ts';

/** Exit codes, as the README lists them. */
export const EXIT = {
  ok: 0,
  failed: 1,
  'wrong usage or invalid input': 2,
  'a tool is missing': 3,
  cancelled: 130,
} as const;

const codes: Partial<Record<ErrorCode, number>> = {
  invalid_storyboard: EXIT['wrong usage or invalid input'],
  invalid_request: EXIT['wrong usage or invalid input'],
  voice_unknown: EXIT['wrong usage or invalid input'],
  not_found: EXIT['wrong usage or invalid input'],
  too_large: EXIT['wrong usage or invalid input'],
  missing_tool: EXIT['a tool is missing'],
  cancelled: EXIT.cancelled,
};

export function exitCodeOf(error: StudioError): number {
  return codes[error.code] ?? EXIT.failed;
}

/** Writes an error for people. */
export function describeFailure(error: StudioError, terminal: Terminal): void {
  if (error.code === 'cancelled') return terminal.note('Cancelled.');
  const place = [error.stage, error.scene === undefined ? null : `scene ${error.scene}`]
    .filter(Boolean)
    .join(', ');
  terminal.note(
    `${terminal.paintNote(['red', 'bold'], 'Error')}${place ? ` (${place})` : ''}: ${error.message}`,
  );
  // Some messages name their issues themselves, for those who show nothing else.
  const unsaid = (error.issues ?? []).filter(({ message }) => !error.message.includes(message));
  for (const issue of unsaid)
    terminal.note(`  ${terminal.paintNote('bold', issue.path || '(whole file)')}: ${issue.message}`);
  // An issue on its own ends with the hint already.
  const { hint } = error;
  if (hint && !unsaid.some(({ message }) => message.endsWith(hint))) terminal.note(hint);
  if (error.code === 'internal')
    terminal.note(`This should not happen; please report it with this:\n${causeOf(error).stack ?? ''}`);
  else terminal.note(terminal.paintNote('dim', `[${error.code}]`));
}

/** A failure as one line of JSON: what a job object has when there is no result. */
export function failureJson(error: StudioError): string {
  return JSON.stringify({
    status: error.code === 'cancelled' ? 'cancelled' : 'failed',
    error: {
      code: error.code,
      stage: error.stage ?? null,
      scene: error.scene ?? null,
      retryable: error.retryable,
      message: error.message,
      hint: error.hint ?? null,
      ...(error.issues ? { issues: error.issues } : {}),
    },
  });
}

function causeOf(error: Error): Error {
  return error.cause instanceof Error ? error.cause : error;
}
