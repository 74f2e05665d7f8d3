/** The errors of the ingest: what is wrong with a medium, and what to do about it. */
import { StudioError, type Issue } from '../errors.ts';
import { limitSettings } from './limits.ts';

/** The medium cannot be used, now or later. `issues` say which option of it is at fault. */
export function unusable(
  message: string,
  hint: string,
  details: { cause?: unknown; issues?: Issue[] } = {},
): StudioError {
  return new StudioError('media_unusable', message, { hint, ...details });
}

/** The address or path must not be opened. */
export function notAllowed(message: string, hint: string): StudioError {
  return new StudioError('url_not_allowed', message, { hint });
}

/** @param limit the one that was passed, if a setting changes it */
export function tooLarge(maxBytes: number, limit?: keyof typeof limitSettings): StudioError {
  const advice = 'Make it smaller: fewer pixels, a shorter part, or a stronger compression.';
  return new StudioError('too_large', `The file is larger than ${sizeText(maxBytes)}.`, {
    hint: limit ? orRaise(advice, limit) : advice,
  });
}

/** What to do about a limit: obey it, or have whoever runs the service change its setting. */
export function orRaise(advice: string, limit: keyof typeof limitSettings): string {
  return `${advice} The limit is the setting ${limitSettings[limit]}.`;
}

function sizeText(bytes: number): string {
  if (bytes >= 1024 ** 2) return `${Math.round(bytes / 1024 ** 2)} MB`;
  return bytes >= 1024 ? `${Math.round(bytes / 1024)} kB` : `${bytes} bytes`;
}
