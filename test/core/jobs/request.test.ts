import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { backoffMs } from '../../../core/jobs/backoff.ts';
import { toJob } from '../../../core/jobs/present.ts';
import { queueNew } from '../../../core/jobs/lifecycle.ts';
import { requestFacts, requestHash } from '../../../core/jobs/request.ts';
import { jobSchema } from '../../../core/schema/job.ts';
import { composeJob, filmResult, speechJob } from '../../helpers/job-samples.ts';

const policy = { maxAttempts: 3, retryBaseMs: 1000, retryCapMs: 10_000, retentionMs: 1000 };

/** The same value with the keys of every object in reverse. */
function reversed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reversed);
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([key, item]) => [key, reversed(item)]),
  );
}

test('the hash does not depend on the order of keys, and is of the value', () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.jsonValue(), (a, b) => {
      expect(requestHash(reversed(a))).toBe(requestHash(a));
      const equal = isDeepStrictEqual(JSON.parse(JSON.stringify(a)), JSON.parse(JSON.stringify(b)));
      expect(requestHash(a) === requestHash(b)).toBe(equal);
    }),
  );
  expect(requestHash({ a: 1, b: undefined })).toBe(requestHash({ a: 1 }));
  expect(requestHash({ a: '1' })).not.toBe(requestHash({ a: 1 }));
  expect(requestHash([])).not.toBe(requestHash({}));
});

/** Half a surrogate pair does not survive UTF-8. */
function isWellFormed(text: string): boolean {
  return Buffer.from(text).toString() === text;
}

test('titles of speech are never cut inside a character', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 300 }), (text) => {
      const { title } = requestFacts(speechJob(`x${text}`).request);
      expect(isWellFormed(title!)).toBe(isWellFormed(text));
      expect([...new Intl.Segmenter().segment(title!)].length).toBeLessThanOrEqual(80);
    }),
  );
});

test('back-off doubles up to its cap', () => {
  expect([1, 2, 3, 4, 5, 100].map((failures) => backoffMs(failures, 1000, 10_000))).toEqual([
    1000, 2000, 4000, 8000, 10_000, 10_000,
  ]);
});

test('a job is shown as the schema says, queued and done; files only once it is done', () => {
  const fileUrl = (id: string, file: string): string => `/files/${id}/${file}`;
  const queued = queueNew(composeJob(), 'abc', Date.UTC(2030, 0, 1), policy);
  expect(jobSchema.parse(toJob(queued, { fileUrl, queuePosition: 3 }))).toMatchObject({
    status: 'queued',
    queuePosition: 3,
    url: null,
    createdAt: '2030-01-01T00:00:00.000Z',
  });
  const done = { ...queued, status: 'done' as const, result: filmResult };
  expect(jobSchema.parse(toJob(done, { fileUrl, queuePosition: 3 }))).toMatchObject({
    url: '/files/abc/film.mp4',
    posterUrl: '/files/abc/poster.jpg',
    previewUrl: null,
    captions: { srt: '/files/abc/film.srt' },
    queuePosition: null,
    loudness: { lufs: -14 },
  });
  expect(toJob({ ...done, status: 'failed' }, { fileUrl })).toMatchObject({
    url: null,
    duration: null,
    captions: null,
  });
  expect(Object.keys(toJob(done, { fileUrl })).sort()).toEqual(Object.keys(jobSchema.shape).sort());
});
