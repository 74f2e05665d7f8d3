/** What a job's request says about the job: title, scenes, priority; and the hash that tells requests apart. */
import { createHash } from 'node:crypto';
import type { Job } from '../schema/job.ts';
import type { JobRequest } from './record.ts';

const SHOWN_TEXT_LENGTH = 80;

export type RequestFacts = {
  title: string | null;
  scenesTotal: number;
  priority: number;
  webhookUrl: string | null;
  metadata: Job['metadata'];
};

export function requestFacts(request: JobRequest): RequestFacts {
  const body = request.kind === 'compose' ? request.storyboard : request.speech;
  const common = {
    priority: body.priority,
    webhookUrl: body.webhookUrl ?? null,
    metadata: body.metadata ?? null,
  };
  if (request.kind === 'compose') {
    return {
      ...common,
      title: request.storyboard.title ?? null,
      scenesTotal: request.storyboard.scenes.length,
    };
  }
  return { ...common, title: shorten(request.speech.text), scenesTotal: 0 };
}

/** The beginning of a text, cut between characters as people count them. */
function shorten(text: string): string {
  const line = text.replaceAll(/\s+/g, ' ').trim();
  if (line.length <= SHOWN_TEXT_LENGTH) return line;
  const characters = [...new Intl.Segmenter().segment(line.slice(0, SHOWN_TEXT_LENGTH * 4))].map(
    (part) => part.segment,
  );
  return characters.length <= SHOWN_TEXT_LENGTH
    ? characters.join('')
    : `${characters.slice(0, SHOWN_TEXT_LENGTH - 1).join('')}…`;
}

/**
 * SHA-256, hex, of a JSON value that does not depend on the order of keys: two bodies that mean the
 * same hash the same. Hash what was validated, so that a default left out equals one written down.
 */
export function requestHash(body: unknown): string {
  return createHash('sha256').update(canonicalJson(body)).digest('hex');
}

function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map((item) => canonicalJson(item ?? null)).join(',')}]`;
  if (value === null || typeof value !== 'object') return JSON.stringify(value) ?? 'null';
  const entries = Object.entries(value)
    .filter(([, item]) => item !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  return `{${entries.map(([key, item]) => `${JSON.stringify(key)}:${canonicalJson(item)}`).join(',')}}`;
}
