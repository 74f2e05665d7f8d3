/** How urgent a job is: higher goes first. Above 0 it overtakes others, which only some callers may ask for. */
import { z } from 'zod';

export const HIGHEST_PRIORITY = 10;

export const prioritySchema = z
  .number()
  .int()
  .min(-10)
  .max(HIGHEST_PRIORITY)
  .default(0)
  .describe('Higher goes first; above 0 only with a key that may');

/** The highest priority someone may ask for: 0 is everyone's. */
export const mostPrioritySchema = z.number().int().min(0).max(HIGHEST_PRIORITY);
