/** From what someone typed and attached to a storyboard: which picture goes where, what an untitled film is called. */
import { Readable } from 'node:stream';
import { expect, test } from 'vitest';
import { filmRequest, type FilmWish } from '../../bot/film-request.ts';
import type { StudioService } from '../../core/studio-service.ts';

const caller = { owner: 'discord:1', sees: 'own' as const, origin: { platform: 'discord' as const } };
const file = (name: string) => ({
  name,
  contentType: 'image/jpeg',
  size: name.length,
  open: async () => Readable.from([name]),
});

async function scenesOf(wish: FilmWish) {
  const studio: Pick<StudioService, 'saveAsset'> = {
    async saveAsset(bytes) {
      const name = String((await bytes.toArray())[0]);
      return { id: name, src: `asset:${name}`, type: 'image', width: 1, height: 1, duration: null, size: 1 };
    },
  };
  const { storyboard } = await filmRequest(wish, { studio, caller, settings: {}, locale: 'en' });
  return {
    title: storyboard.title,
    pictures: storyboard.scenes.map(({ media }) => (media && 'src' in media ? media.src : null)),
  };
}

const script = '# Morning\n\nOne.\n\nTwo.\n\nThree.';

test('three pictures for three told scenes: the title shares the first, none is left bare', async () => {
  const { pictures } = await scenesOf({ text: script, files: ['a', 'b', 'c'].map(file) });
  expect(pictures).toEqual(['asset:a', 'asset:a', 'asset:b', 'asset:c']);
});

test('with a picture for every scene the title has its own, and more become scenes', async () => {
  const four = await scenesOf({ text: script, files: ['a', 'b', 'c', 'd'].map(file) });
  expect(four.pictures).toEqual(['asset:a', 'asset:b', 'asset:c', 'asset:d']);
  const five = await scenesOf({ text: script, files: ['a', 'b', 'c', 'd', 'e'].map(file) });
  expect(five.pictures).toEqual(['asset:a', 'asset:b', 'asset:c', 'asset:d', 'asset:e']);
});

test('a picture the script names stays where it is', async () => {
  const { pictures } = await scenesOf({
    text: '# Morning\n\nOne.\n[image: https://example.com/one.jpg]\n\nTwo.',
    files: [file('a')],
  });
  expect(pictures).toEqual(['https://example.com/one.jpg', 'https://example.com/one.jpg', 'asset:a']);
});

test('without attachments a script stays as it is written', async () => {
  const { pictures } = await scenesOf({ text: '# Morning\n\nOne.\n[image: https://example.com/one.jpg]' });
  expect(pictures).toEqual([null, 'https://example.com/one.jpg']);
});

test('an untitled film is called by its first words, a titled one by its title', async () => {
  expect((await scenesOf({ text: 'The pier has seen a hundred winters. And more.' })).title).toBe(
    'The pier has seen a hundred winters',
  );
  const long = `${'word '.repeat(40)}end.`;
  const { title } = await scenesOf({ text: long });
  expect(title!.length).toBeLessThanOrEqual(61);
  expect(title).toMatch(/word…$/);
  expect((await scenesOf({ text: script })).title).toBe('Morning');
  expect((await scenesOf({ files: [file('a')] })).title).toBeUndefined();
});
