/** Says in words what sharp found wrong with a picture. */
import { asStudioError, StudioError } from '../errors.ts';
import type { IngestLimits } from './limits.ts';
import type { MediaType } from './media-type.ts';
import { orRaise, unusable } from './refusal.ts';

const reasons: [RegExp, string, string][] = [
  [
    /premature end|truncated|unexpected end|not enough data|end of file|Read error|read error|incomplete|EOF/i,
    'The picture is cut short: a part of the file is missing.',
    'Export or upload it again.',
  ],
  [
    /timeout/i,
    'The picture took too long to read.',
    'Save it again as PNG or JPEG, without progressive scans.',
  ],
  [
    /unsupported image format|no decoder|compression format has not been built in|not a known|unknown file type/i,
    'This variant of the format cannot be read.',
    'Save it again as PNG or JPEG.',
  ],
];

/** sharp's own libvips decodes no HEVC, for its patents; one that a machine has of its own may. */
const NO_HEVC = /compression format has not been built in|no decod|unsupported codec|plugin/i;

/**
 * @param type what the file is, where that is known
 * @returns the error to throw: media_unusable with a reason, or the disk's or caller's own trouble
 */
export function pictureError(
  error: unknown,
  limits: IngestLimits,
  type?: Pick<MediaType, 'name'>,
): StudioError {
  if (error instanceof StudioError) return error;
  const words = error instanceof Error ? error.message : String(error);
  if (
    /exceeds pixel limit|dimensions? (too large|exceed)|image is too large|out of memory|allocat/i.test(words)
  ) {
    return unusable(
      `The picture has more than ${+(limits.picturePixels / 1e6).toFixed(1)} million px.`,
      orRaise('Scale it down, to about 4000 px on its long side.', 'picturePixels'),
      { cause: error },
    );
  }
  const known = asStudioError(error, 'media_unusable');
  if (known.code !== 'media_unusable') return known;
  if (type?.name === 'HEIC' && NO_HEVC.test(words))
    return unusable(
      'The file is a HEIC picture, which cannot be read here.',
      'Export it as JPEG (on an iPhone: Settings, Camera, Formats, "Most Compatible"), then use that.',
      { cause: error },
    );
  const [, message, hint] = reasons.find(([pattern]) => pattern.test(words)) ?? [
    null,
    'The picture is damaged and cannot be read.',
    'Save or upload it again.',
  ];
  return unusable(message, hint, { cause: error });
}
