/** Cards, texts and definitions: what people and platforms see of them. */
import { Readable } from 'node:stream';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodeAction, encodeAction } from '../../bot/actions.ts';
import { csvScenes } from '../../bot/csv-scenes.ts';
import { asDraft, asFilm, readDraft } from '../../bot/drafts.ts';
import { decodeFormId, encodeFormId } from '../../bot/forms.ts';
import { closingPost, jobCard, progressBar } from '../../bot/messages.ts';
import { optionSpecs } from '../../bot/options.ts';
import { scriptText } from '../../bot/script-text.ts';
import { clockTime, localeOf, sayDuration, saySize, wordsOf } from '../../bot/texts/index.ts';
import { en } from '../../bot/texts/en.ts';
import { es } from '../../bot/texts/es.ts';
import { parseStoryboardText } from '../../core/storyboard-file.ts';
import { jobStatuses, type Job } from '../../core/schema/job.ts';
import { storyboardSchema } from '../../core/schema/storyboard.ts';
import { openChat } from '../helpers/chat.ts';
import { textOf } from '../helpers/fake-messenger.ts';

const job: Job = {
  id: 'abcdefghijklmnopqrstuvwx',
  kind: 'compose',
  title: 'Our village',
  status: 'rendering',
  progress: 50,
  stage: 'rendering',
  scene: 3,
  scenesTotal: 7,
  scenesReused: null,
  etaSeconds: 61,
  queuePosition: null,
  attempts: 1,
  url: null,
  posterUrl: null,
  previewUrl: null,
  sheetUrl: null,
  webhook: null,
  voices: null,
  captions: null,
  duration: null,
  width: null,
  height: null,
  size: null,
  loudness: null,
  warnings: [],
  error: null,
  metadata: null,
  createdAt: '2031-05-06T07:08:09.000Z',
  startedAt: null,
  finishedAt: null,
  updatedAt: '2031-05-06T07:08:09.000Z',
  expiresAt: null,
};
const done: Job = {
  ...job,
  status: 'done',
  progress: 100,
  url: 'https://files.example/film.mp4',
  posterUrl: 'https://files.example/poster.jpg',
  captions: { srt: 'https://files.example/film.srt', vtt: null },
  duration: 65.4,
  width: 1080,
  height: 1920,
  size: 12_345_678,
};

describe('the card', () => {
  test('of each state, in each language', () => {
    for (const locale of ['en', 'es'] as const) {
      for (const status of jobStatuses) {
        const text = textOf(jobCard({ ...job, status }, { locale }));
        expect(text).not.toMatch(/undefined|null|NaN|\[object/);
        expect(text).toContain(job.id);
      }
    }
    expect(textOf(jobCard(job, { locale: 'en' }))).toBe(
      'Our village\n▰▰▰▰▰▰▰▰▱▱▱▱▱▱▱▱ 50 %\nRendering\nScene 3 of 7 · about 1 min left\nJob abcdefghijklmnopqrstuvwx\n[Cancel]',
    );
  });

  test('of a finished film has its facts, and buttons for other shapes only', () => {
    const card = jobCard(done, { locale: 'es' });
    expect(textOf(card)).toContain('Duración: 1:05\nTamaño: 11,8 MB\nImagen: 1080 × 1920');
    expect(card.buttons!.map(({ label }) => label)).toEqual([
      'Editar y rehacer',
      'Versión cuadrada',
      'Subtítulos',
    ]);
    expect(card.picture).toEqual({ url: 'https://files.example/poster.jpg', alt: 'Cartel de «Our village»' });
    // A platform cannot fetch from this machine.
    expect(
      jobCard({ ...done, posterUrl: 'http://localhost:8000/poster.jpg' }, { locale: 'es' }).picture,
    ).toBeUndefined();
  });

  test('of a draft shows its sheet while its film is still being made', () => {
    const sheetUrl = 'https://files.example/sheet.png';
    const metadata = { chatDraft: '1080 standard' };
    const early = jobCard({ ...job, metadata, sheetUrl }, { locale: 'en' });
    expect(early.picture).toEqual({ url: sheetUrl, alt: 'All scenes of “Our village”' });
    expect(early.links).toEqual([{ label: en.card.sheet, url: sheetUrl }]);
    expect(textOf(early)).toContain('50 %');
    for (const other of [
      { ...job, sheetUrl },
      { ...job, metadata },
      { ...job, metadata, sheetUrl, status: 'queued' as const },
    ])
      expect(jobCard(other, { locale: 'en' })).toMatchObject({ links: [] });
    // Where its address is for this host only, the file goes along.
    const files = [
      { name: 'sheet.png', contentType: 'image/png', size: 3, open: () => Readable.from(['png']) },
    ];
    const local = { ...job, metadata, sheetUrl: 'http://localhost:8000/files/x/sheet.png' };
    expect(jobCard(local, { locale: 'en' }).picture).toBeUndefined();
    expect(jobCard(local, { locale: 'en', files }).picture).toMatchObject({ file: 'sheet.png' });
  });

  test('says why a film failed and what to do, in the reader’s language', () => {
    const error = {
      code: 'fetch_failed',
      stage: 'fetching',
      scene: 2,
      retryable: true,
      message: 'example.com answered 404.',
      hint: 'Check the address.',
    };
    const failed: Job = { ...job, status: 'failed', error };
    expect(textOf(jobCard(failed, { locale: 'en' }))).toContain(
      'In scene 2\nexample.com answered 404. Check the address.',
    );
    expect(textOf(jobCard(failed, { locale: 'es' }))).toContain(
      'Comprueba la dirección o adjunta el archivo',
    );
    const odd: Job = { ...failed, error: { ...error, code: 'brand_new', hint: null } };
    expect(textOf(jobCard(odd, { locale: 'en' }))).toContain(en.faults['internal']![0]);
  });

  test('says how long it will take where that is known, and no more than is known', () => {
    const smallPrint = (state: Partial<Job>, locale: 'en' | 'es'): string | undefined =>
      jobCard({ ...job, attempts: 1, scene: null, queuePosition: null, ...state }, { locale }).lines?.find(
        ({ style }) => style === 'small',
      )?.text;
    expect(smallPrint({ etaSeconds: 61 }, 'en')).toBe('about 1 min left');
    expect(smallPrint({ etaSeconds: 61 }, 'es')).toBe('tiempo restante: ~1 min');
    expect(smallPrint({ etaSeconds: 1 }, 'en')).toBe('almost there');
    expect(smallPrint({ etaSeconds: 0 }, 'es')).toBe('ya casi está');
    expect(smallPrint({ etaSeconds: null }, 'en')).toBeUndefined();
    // The queue counts in films: a sentence is spoken long before.
    expect(smallPrint({ kind: 'tts', status: 'queued', etaSeconds: 40 }, 'en')).toBeUndefined();
  });

  test('says all that is wrong with the media of a film, each with its place', () => {
    const issues = [
      { path: 'scenes[0].media.src', message: 'The file is empty. Export or upload it again.' },
      { path: 'scenes[2].audio', message: 'The sound is longer than 600 s.' },
    ];
    const error = {
      ...{ code: 'media_unusable', stage: 'fetching', scene: null, retryable: false, issues },
      message: 'Scene 1: The file is empty. (and 1 more fault)',
      hint: 'Mend each of the listed media and try again.',
    };
    const failed: Job = { ...job, status: 'failed', error };
    const text = textOf(jobCard(failed, { locale: 'en' }));
    expect(text).toContain('The file is empty. Export or upload it again.');
    expect(text).toContain('The sound is longer than 600 s.');
    expect(textOf(jobCard(failed, { locale: 'es' }))).toContain('El sonido dura más de 600 s.');
  });

  test('S35: what people write goes nowhere but into plain text, and the only mention is the asker', () => {
    const title = '@everyone <!channel> <@U1> [x](http://e)';
    for (const state of [
      { ...done, title },
      { ...job, title },
      { ...job, title, status: 'failed' as const },
    ]) {
      const card = jobCard(state, { locale: 'en' });
      expect(card.mention).toBeUndefined();
      expect(
        card.links!.map(({ url }) => url).filter((url) => !url.startsWith('https://files.example/')),
      ).toEqual([]);
      expect(card.buttons!.filter(({ kind }) => kind === 'link')).toEqual([]);
    }
    const closing = closingPost(
      { ...done, title },
      { user: 'u1' },
      { locale: 'en', key: 'k', cardLink: null },
    )!;
    expect(closing.mention).toBe('u1');
    expect(closing.links).toHaveLength(1);
    expect(closing.lines![0]!.text).toContain(title);
  });

  test('the bar grows, never past its end, full only at 100', () => {
    const percent = fc.double({ min: -50, max: 150, noNaN: true });
    fc.assert(
      fc.property(percent, percent, (a, b) => {
        const [low, high] = a <= b ? [a, b] : [b, a];
        const filled = (percent: number): number =>
          [...progressBar(percent)].filter((char) => char === '▰').length;
        expect(filled(low)).toBeLessThanOrEqual(filled(high));
        expect([...progressBar(a)].filter((char) => '▰▱'.includes(char))).toHaveLength(16);
        if (a < 100) expect(filled(a)).toBeLessThan(16);
      }),
    );
  });
});

describe('words', () => {
  test('times and sizes', () => {
    expect([0, 59.4, 60, 3570, 3600, 5000].map(sayDuration)).toEqual([
      '0 s',
      '59 s',
      '1 min',
      '1 h',
      '1 h',
      '1 h 23 min',
    ]);
    expect([0, 59.6, 61, 3605].map(clockTime)).toEqual(['0:00', '1:00', '1:01', '1:00:05']);
    expect([0, 900, 1536, 5 * 1024 ** 3].map((bytes) => saySize(bytes, en))).toEqual([
      '0 B',
      '900 B',
      '1.5 KB',
      '5 GB',
    ]);
    expect(saySize(1536, es)).toBe('1,5 KB');
  });

  test('languages', () => {
    expect(['es-MX', 'es-419', 'EN_us', 'fr', null].map((tag) => localeOf(tag, 'en'))).toEqual([
      'es',
      'es',
      'en',
      'en',
      'en',
    ]);
  });

  test('both languages say everything, and not the same', () => {
    const texts = (value: unknown, path = ''): [string, string][] =>
      typeof value === 'string'
        ? [[path, value]]
        : typeof value === 'object' && value !== null
          ? Object.entries(value).flatMap(([key, inner]) => texts(inner, `${path}.${key}`))
          : [];
    const spanish = new Map(texts(es));
    const same = texts(en).filter(([path, text]) => spanish.get(path) === text && text.length > 3);
    expect(texts(en).map(([path]) => path)).toEqual([...spanish.keys()]);
    // The word is the same in both.
    expect(same).toEqual([['.formats.vertical', 'Vertical 9:16']]);
    expect(wordsOf('es').tag).toBe('es');
  });
});

describe('ids in buttons and forms', () => {
  test('come back as they were, within a platform’s limits; anything else is nothing', () => {
    fc.assert(
      fc.property(
        fc.stringMatching(/^[a-z0-9-]{1,64}$/),
        fc.constantFrom('cancel', 'edit', 'approve'),
        (jobId, name) => {
          const action = { name, jobId } as const;
          expect(encodeAction(action).length).toBeLessThanOrEqual(100);
          expect(decodeAction(encodeAction(action))).toEqual(action);
          expect(decodeFormId(encodeFormId({ kind: 'edit', jobId }))).toEqual({ kind: 'edit', jobId });
        },
      ),
    );
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect([decodeAction(text), decodeFormId(text)]).toEqual([null, null]);
      }),
    );
    for (const text of ['gs1:cancel:', 'gs1:toString:x', 'gs1:cancel:a:b', 'gs1f:new:x', 'gs1f:edit:'])
      expect([decodeAction(text), decodeFormId(text)]).toEqual([null, null]);
  });
});

describe('command definitions', () => {
  test('fit the limits of both platforms', async () => {
    const { handlers } = await openChat();
    const lines = handlers.commands.map(({ path }) => path.join(' '));
    expect(lines).toEqual(
      expect.arrayContaining([
        'video new',
        'video list',
        'video status',
        'video cancel',
        'video retry',
        'video rerender',
        'video storyboard',
        'tts',
        'voices',
        'queue',
        'stats',
        'settings',
        'help',
      ]),
    );
    expect(new Set(lines).size).toBe(lines.length);
    for (const command of handlers.commands) {
      const specs = optionSpecs(command);
      for (const word of [...command.path, ...specs.map(({ name }) => name)])
        expect(word).toMatch(/^[a-z0-9_-]{1,32}$/);
      for (const { en: english, es: spanish } of [
        command.description,
        ...specs.map(({ description }) => description),
      ])
        for (const text of [english, spanish]) expect(text.length, text).toBeLessThanOrEqual(100);
      expect(specs.length).toBeLessThanOrEqual(25);
      // Required ones come first.
      expect(specs.map(({ required }) => required)).toEqual(
        specs.map(({ required }) => required).toSorted((a, b) => Number(b) - Number(a)),
      );
      for (const { choices = [], maxLength = 0, autocomplete, kind } of specs) {
        expect(choices.length).toBeLessThanOrEqual(25);
        expect(maxLength).toBeLessThanOrEqual(6000);
        expect(autocomplete && kind === 'choice').toBe(false);
      }
      if (command.textOption) expect(Object.keys(command.options)).toContain(command.textOption);
    }
    const [video] = handlers.commands;
    expect(optionSpecs(video!).find(({ name }) => name === 'format')).toMatchObject({
      kind: 'choice',
      required: false,
      choices: [{ value: 'landscape', label: { es: 'Horizontal 16:9' } }, {}, {}, {}],
    });
    expect(optionSpecs(video!).find(({ name }) => name === 'image1')).toMatchObject({
      kind: 'file',
      required: false,
    });
  });
});

describe('drafts and scripts', () => {
  test('a draft remembers what it is to become', () => {
    const film = storyboardSchema.parse({
      scenes: [{ text: 'One.' }],
      output: { resolution: '4k', quality: 'high' },
      metadata: { mine: 1 },
    });
    const draft = storyboardSchema.parse(asDraft(film));
    expect(draft.output).toMatchObject({ resolution: 'preview', quality: 'draft' });
    expect(readDraft(draft.metadata ?? null)).toEqual({ resolution: '4k', quality: 'high' });
    expect(asFilm(draft)).toEqual(film);
    expect(readDraft({ mine: 1 })).toBeNull();
  });

  test('a storyboard written as a script reads as the same scenes', () => {
    const film = storyboardSchema.parse({
      scenes: [
        { text: 'One [not a tag].', media: { type: 'image', src: 'https://example.com/a.jpg' } },
        { title: { text: 'Two' }, media: { type: 'color', color: '#123456' }, duration: 3 },
        { text: '# not a heading', media: { type: 'gradient', colors: ['#111111', '#222222'] } },
      ],
    });
    const { input } = parseStoryboardText(scriptText(film), 'script.md');
    const again = storyboardSchema.parse(input);
    const facts = ({ text, title, media, duration }: (typeof film.scenes)[number]) => ({
      text,
      title,
      media,
      duration,
    });
    expect(again.scenes.map(facts)).toEqual(film.scenes.map(facts));
  });

  test('any table comes back from its CSV', () => {
    const cell = fc
      .string({ minLength: 1 })
      .filter((text) => text.trim() === text && text !== '' && !text.includes('\r'));
    fc.assert(
      fc.property(fc.array(cell, { minLength: 1, maxLength: 8 }), (texts) => {
        const csv = ['text', ...texts.map((text) => `"${text.replaceAll('"', '""')}"`)].join('\r\n');
        expect(csvScenes(csv).map(({ text }) => text)).toEqual(texts);
      }),
    );
  });
});
