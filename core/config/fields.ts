/** The kinds of value a setting can be. An unset variable and an empty one mean the same: the default. */
import { z } from 'zod';

export const optionalText = z.string().trim().min(1).optional();
/** Parts between commas. */
export const list = z.string().transform((text) =>
  text
    .split(',')
    .map((item) => item.trim())
    .filter(Boolean),
);
/** An http(s) address without slashes at its end. */
export const httpAddress = z
  .url({ protocol: /^https?$/ })
  .transform((address) => address.replace(/\/+$/, ''));
export const wholeNumber = (least: number, most: number) => z.coerce.number().int().min(least).max(most);

/** What an area's settings are once parsed. */
export type Parsed<Shape extends z.core.$ZodShape> = z.output<z.ZodObject<Shape>>;
