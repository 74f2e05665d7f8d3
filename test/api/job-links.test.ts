/** Addresses in answers: where no setting names one, the one that was asked at; else what the setting says. */
import type { FastifyRequest } from 'fastify';
import { expect, test } from 'vitest';
import { withLinks } from '../../api/job-links.ts';
import { loadConfig } from '../../core/config.ts';
import type { Job } from '../../core/schema/job.ts';

const job = {
  url: 'http://localhost:8000/files/a/film.mp4?expires=1&signature=x',
  posterUrl: 'http://localhost:8000/files/a/poster.jpg',
  previewUrl: null,
  sheetUrl: null,
  captions: { srt: 'http://localhost:8000/files/a/film.srt', vtt: null },
} as Job;
const asked = { protocol: 'https', host: 'films.example:8443' } as FastifyRequest;
const bucket = {
  STORAGE: 's3',
  S3_REGION: 'eu-west-1',
  S3_BUCKET: 'films',
  S3_ACCESS_KEY_ID: 'id',
  S3_SECRET_ACCESS_KEY: 'secret',
};

test.each<[string, Record<string, string>]>([
  ['films on this disk', {}],
  ['films in a bucket that are read through us', bucket],
])('%s, no address set: the one that was asked at', (_, env) => {
  expect(withLinks(job, asked, loadConfig(env))).toEqual({
    ...job,
    url: 'https://films.example:8443/files/a/film.mp4?expires=1&signature=x',
    posterUrl: 'https://films.example:8443/files/a/poster.jpg',
    captions: { srt: 'https://films.example:8443/files/a/film.srt', vtt: null },
  });
});

test.each<[string, Record<string, string>]>([
  ['PUBLIC_BASE_URL', { PUBLIC_BASE_URL: 'https://api.example.com' }],
  ['FILES_BASE_URL', { FILES_BASE_URL: 'https://files.example.com' }],
  ['S3_PUBLIC_BASE_URL', { ...bucket, S3_PUBLIC_BASE_URL: 'https://bucket.example.com' }],
])('%s set: as the store gave them', (_, env) => {
  expect(withLinks(job, asked, loadConfig(env))).toEqual(job);
});

test('a Host header that is no host changes nothing', () => {
  const odd = { protocol: 'https', host: 'evil.example/path?' } as FastifyRequest;
  expect(withLinks(job, odd, loadConfig({}))).toEqual(job);
});
