/** Format and captions by the names people choose from. */
import { z } from 'zod';
import { en } from './texts/en.ts';
import { es } from './texts/es.ts';
import type { Texts } from './types.ts';

export const formatNames = ['landscape', 'vertical', 'square', 'portrait'] as const;
export type Format = (typeof formatNames)[number];
export const formats = { landscape: '16:9', vertical: '9:16', square: '1:1', portrait: '4:5' } as const;

export const captionNames = ['burned', 'file', 'karaoke', 'off'] as const;
export type CaptionMode = (typeof captionNames)[number];
export const captionModes = {
  burned: { mode: 'both' },
  file: { mode: 'sidecar' },
  karaoke: { mode: 'both', style: 'karaoke' },
  off: { mode: 'off' },
} as const;

export const formatSchema = z.enum(formatNames);
export const captionsSchema = z.enum(captionNames);

export const formatLabels = labels(formatNames, en.formats, es.formats);
export const captionLabels = labels(captionNames, en.captionModes, es.captionModes);

function labels<N extends string>(
  names: readonly N[],
  english: Record<N, string>,
  spanish: Record<N, string>,
): Record<string, Texts> {
  return Object.fromEntries(names.map((name) => [name, { en: english[name], es: spanish[name] }]));
}
