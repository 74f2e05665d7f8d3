/** Core's sentences in Spanish: the table follows what core writes, and keeps every detail. */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { faultMessage } from '../../bot/refusals.ts';
import { englishSentences, spanishReason } from '../../bot/texts/es-reasons.ts';
import { StudioError } from '../../core/errors.ts';
import { validateStoryboard } from '../../core/validate.ts';

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
  const written = englishSentences.filter((sentence) => !/^(must|unknown field)/.test(sentence));
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
