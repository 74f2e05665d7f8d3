/** What is attached to the message of a finished job: the best that fits. */
import { Readable } from 'node:stream';
import { expect, test } from 'vitest';
import { closingPost, jobCard } from '../../bot/messages.ts';
import { earlySheet, resultFiles } from '../../bot/result-files.ts';
import { en } from '../../bot/texts/en.ts';
import type { Job } from '../../core/schema/job.ts';
import type { StudioService } from '../../core/studio-service.ts';
import { textOf } from '../helpers/fake-messenger.ts';

const MB = 1024 ** 2;
const sizes: Record<string, number> = {
  'film.mp4': 40 * MB,
  'preview.mp4': 6 * MB,
  'poster.jpg': MB,
  'sheet.png': MB,
};
const types: Record<string, string> = { mp4: 'video/mp4', jpg: 'image/jpeg', png: 'image/png' };
const studio = {
  openFile: async (_job: string, name: string) =>
    name in sizes
      ? {
          name,
          size: sizes[name]!,
          contentType: types[name.split('.').at(-1)!]!,
          stream: () => Readable.from([]),
        }
      : null,
} as unknown as Pick<StudioService, 'openFile'>;

const at = (base: string) => ({
  url: `${base}/film.mp4`,
  previewUrl: `${base}/preview.mp4`,
  posterUrl: `${base}/poster.jpg`,
  sheetUrl: `${base}/sheet.png`,
});
const job = (changes: Partial<Job> = {}): Job =>
  ({
    id: 'abcdefghijklmnopqrstuvwx',
    kind: 'compose',
    status: 'done',
    title: 'Film',
    progress: 100,
    warnings: [],
    metadata: null,
    error: null,
    captions: null,
    duration: 60,
    size: 40 * MB,
    width: 1920,
    height: 1080,
    ...at('https://files.example/files/abcdefghijklmnopqrstuvwx'),
    ...changes,
  }) as Job;
const namesOf = (files: { name: string }[]): string[] => files.map(({ name }) => name);

test.each([
  ['the film where it fits', 100 * MB, {}, ['film.mp4']],
  ['else its preview', 10 * MB, {}, ['preview.mp4']],
  ['else nothing: the link and the poster are there', 5 * MB, {}, []],
  ['no preview twice, where a film is its own', 10 * MB, { previewUrl: job().url }, []],
  [
    'the poster too where its address is not public',
    5 * MB,
    at('http://localhost:8000/files/x'),
    ['poster.jpg'],
  ],
  ['nothing of a failed one', 100 * MB, { status: 'failed' as const }, []],
])('%s', async (_what, limit, changes, expected) => {
  expect(namesOf(await resultFiles(job(changes), studio, limit))).toEqual(expected);
});

test('a preview is said to be one, in the card and in the closing post', async () => {
  const files = await resultFiles(job(), studio, 10 * MB);
  expect(textOf(jobCard(job(), { locale: 'en', files }))).toContain(en.card.previewOnly);
  const post = closingPost(job(), {}, { locale: 'en', key: 'k', files, cardLink: null });
  expect(textOf(post!)).toContain(en.card.previewOnly);
  const whole = await resultFiles(job(), studio, 100 * MB);
  expect(textOf(jobCard(job(), { locale: 'en', files: whole }))).not.toContain(en.card.previewOnly);
  const own = job({ previewUrl: job().url });
  expect(textOf(jobCard(own, { locale: 'en', files: whole }))).not.toContain(en.card.previewOnly);
});

test('the sheet of a draft under way goes along only where its address is not public', async () => {
  const draft = { status: 'rendering' as const, metadata: { chatDraft: '1080 standard' } };
  expect(
    namesOf(await earlySheet(job({ ...draft, ...at('http://localhost:8000/files/x') }), studio)),
  ).toEqual(['sheet.png']);
  expect(await earlySheet(job(draft), studio)).toEqual([]);
  expect(await earlySheet(job({ ...draft, sheetUrl: null }), studio)).toEqual([]);
  expect(await earlySheet(job({ status: 'rendering' }), studio)).toEqual([]);
});
