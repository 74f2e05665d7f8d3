/** Core's sentences in Spanish: the table follows what core writes, and keeps every detail. */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import { Readable } from 'node:stream';
import { expect, test } from 'vitest';
import { faultMessage } from '../../bot/refusals.ts';
import { englishSentences, spanishReason } from '../../bot/texts/es-reasons.ts';
import { StudioError } from '../../core/errors.ts';
import { validateStoryboard } from '../../core/validate.ts';
import { openChat } from '../helpers/chat.ts';
import { asker, press, textOf } from '../helpers/fake-messenger.ts';

const root = path.resolve(import.meta.dirname, '../..');
const sources = ['core', 'bot']
  .flatMap((folder) =>
    readdirSync(path.join(root, folder), { recursive: true, encoding: 'utf8' }).map((name) =>
      path.join(root, folder, name),
    ),
  )
  .filter((file) => file.endsWith('.ts') && !file.includes('texts'))
  .map((file) => readFileSync(file, 'utf8'))
  .join('\n')
  .replaceAll('\\`', '`');

test('the table follows what core writes', () => {
  // Those of the schema are put together from pieces; they are tried below.
  const written = englishSentences.filter(
    (sentence) => !/^(must|unknown|"…" is no|The file is an? )/.test(sentence),
  );
  const stale = written.filter((sentence) =>
    sentence
      .split('…')
      .map((piece) => piece.replace(/^["\s]+|["\s.;]+$/g, ''))
      .some((piece) => piece.length > 3 && !sources.includes(piece)),
  );
  // A few may lag behind: what core says anew is then said in general words, never in English.
  expect(stale.length, stale.join('\n')).toBeLessThan(6);
});

test('scenes, names and numbers stay', () => {
  expect(spanishReason('Scene 12: There is nothing at this address (404).')).toBe(
    'Escena 12: No hay nada en esa dirección (404).',
  );
  expect(spanishReason('Scene 3: The sound is longer than 600 s. (and 2 more faults)')).toBe(
    'Escena 3: El sonido dura más de 600 s. (y 2 fallos más)',
  );
  expect(
    spanishReason('There is no voice "Ana". Voices for es: es+f2, es. `genscene voices` lists all.'),
  ).toBe('No existe la voz «Ana». Voces para es: es+f2, es. /voices las muestra todas.');
  expect(spanishReason('Something nobody has translated.')).toBeNull();
});

test('whatever the text is, it is answered in Spanish or not at all', () => {
  fc.assert(
    fc.property(fc.constantFrom(...englishSentences), fc.string({ minLength: 1 }), (sentence, word) => {
      const said = spanishReason(sentence.replaceAll('…', word));
      expect(said === null || !/\{\d\}/.test(said.replaceAll(word, ''))).toBe(true);
    }),
  );
});

test('a refusal in Spanish names the place as people count, and has no English left', () => {
  const found = validateStoryboard({
    scenes: [{ text: 'Hola.' }, { text: 'x'.repeat(200_000) }, { duration: -1 }],
  });
  expect(found.ok).toBe(false);
  const issues = found.ok ? [] : found.issues;
  const lines = faultMessage(new StudioError('invalid_storyboard', 'x', { issues }), 'es').lines!;
  const text = lines.map((line) => line.text).join('\n');
  expect(text).toContain('Escena 2 texto: ');
  expect(text).toContain('Escena 3 duración: ');
  expect(text).not.toMatch(/\b(must|is missing|unknown|the|scene)\b/);
});

test.each([
  ['[image: photo.jpg]\nHola', 'Escena 1 imagen: debe ser una dirección https://'],
  ['[transition: wipeout]\nHola', 'línea 1: «wipeout» no es una transición ni una dirección; hay fade, '],
  [
    '[transition: fadeblak]\nHola',
    'línea 1: «fadeblak» no es una transición ni una dirección; ¿querías decir «fadeblack»?',
  ],
  ['[imgae: a.jpg]\nHola', 'línea 1: etiqueta desconocida [imgae: …]; ¿querías decir «image»?'],
  ['Hola\n\n[image: a.jpg', 'línea 3: [image: … no está cerrada'],
  [
    '[duration: nunca]\nHola',
    'línea 1: [duration: …] debe decir segundos, como 5 o 2.5, o auto; dice «nunca»',
  ],
  ['{"scenes": [{"text": 1}]}', 'Escena 1 texto: debe ser un texto; ponlo entre comillas: "1"'],
  ['{"scenes": [{"duration": "x"}]}', 'Escena 1 duración: debe ser'],
  ['{"scenes": [{"text": "a", "efect": "zoomIn"}]}', '¿querías decir'],
  ['{"scenes": {}}', 'scenes: debe ser una lista'],
])('what people get wrong is said in Spanish: %s', async (script, words) => {
  const chat = await openChat();
  const pressed = press(chat.fake, asker({ locale: 'es' }));
  const file = { name: script.startsWith('{') ? 'film.json' : 'film.md', contentType: null, size: null };
  const open = (): Promise<Readable> => Promise.resolve(Readable.from([Buffer.from(script)]));
  await chat.handlers.command(['video', 'new'], { file: { ...file, open } }, pressed);
  expect(textOf(pressed.whispers[0])).toContain(words);
  expect(textOf(pressed.whispers[0])).not.toContain('no es como debe ser');
});
