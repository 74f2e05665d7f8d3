/** Every command as people use it, and as it is refused, in both languages. */
import { describe, expect, test } from 'vitest';
import type { Invocation, Locale } from '../../bot/types.ts';
import type { Storyboard } from '../../core/schema/storyboard.ts';
import { failure, filmResult } from '../helpers/job-samples.ts';
import { openChat, type TestChat } from '../helpers/chat.ts';
import { asker, buttonOf, fieldOf, incoming, press, textOf, type Press } from '../helpers/fake-messenger.ts';
import { quarters } from '../helpers/samples.ts';

const script = 'The river brings the morning.\n\nAnd the bridge connects us.';
const operator = asker({ user: 'boss', isAdmin: true });
const locales: Locale[] = ['en', 'es'];

async function run(
  chat: TestChat,
  line: string,
  options: Record<string, unknown> = {},
  who = asker(),
  changes: Partial<Invocation> = {},
): Promise<Press> {
  const pressed = press(chat.fake, who, changes);
  await chat.handlers.command(line.split(' '), options, pressed);
  return pressed;
}
async function push(chat: TestChat, action: string, who = asker()): Promise<Press> {
  const pressed = press(chat.fake, who);
  await chat.handlers.action(action, pressed);
  return pressed;
}
const said = (pressed: Press): string => pressed.whispers.map(textOf).join('\n');
async function newest(
  chat: TestChat,
): Promise<{ id: string; storyboard: Storyboard; record: Awaited<ReturnType<TestChat['jobs']['get']>> }> {
  const { id } = (await chat.jobs.list({ limit: 1 })).jobs[0]!;
  const record = await chat.jobs.get(id);
  const { request } = record!;
  if (request.kind !== 'compose') throw new Error('no film');
  return { id, storyboard: request.storyboard, record };
}
const count = async (chat: TestChat): Promise<number> => (await chat.jobs.list()).jobs.length;

describe('/video new', () => {
  test('a script with options starts at once, from the channel’s settings', async () => {
    const chat = await openChat();
    await run(chat, 'settings', { format: 'square', captions: 'off', language: 'es' }, operator);
    const pressed = await run(chat, 'video new', {
      script: `# Our village\n\n${script}`,
      format: 'vertical',
    });
    expect(said(pressed)).toBe('');
    expect(textOf(pressed.replies[0])).toMatch(/^Our village\nWaiting/);
    const { storyboard, record } = await newest(chat);
    expect(storyboard).toMatchObject({
      title: 'Our village',
      language: 'es',
      output: { aspectRatio: '9:16', resolution: '1080' },
      captions: { mode: 'off' },
    });
    expect(storyboard.scenes).toHaveLength(3);
    expect(record).toMatchObject({
      owner: 'discord:u1',
      origin: { platform: 'discord', user: 'u1', userName: 'U1', team: 't1', channel: 'c1', locale: 'en' },
    });
  });

  test('with nothing it is a form, which makes the same film', async () => {
    const chat = await openChat();
    for (const locale of locales) {
      const who = asker({ locale });
      const form = await chat.handlers.formFor(
        { kind: 'command', path: ['video', 'new'], options: { format: 'square' } },
        who,
      );
      expect(form).toMatchObject({ title: locale === 'en' ? 'Make a video' : 'Hacer un vídeo' });
      expect(fieldOf(form, 'format')).toBe('square');
      const pressed = press(chat.fake, who);
      await chat.handlers.submit(
        form!.id,
        { script, voice: ' ', format: 'square', captions: 'karaoke' },
        pressed,
      );
      expect(textOf(pressed.replies[0])).toContain(locale === 'en' ? 'Waiting' : 'En espera');
      expect((await newest(chat)).storyboard).toMatchObject({
        language: locale,
        output: { aspectRatio: '1:1' },
        captions: { style: 'karaoke' },
      });
    }
    expect(
      await chat.handlers.formFor({ kind: 'command', path: ['video', 'new'], options: { script } }, asker()),
    ).toBeNull();
  });

  test('pictures go to the scenes in order; those left over become scenes', async () => {
    const chat = await openChat();
    const picture = async (size: number) =>
      incoming(`p${size}.png`, await quarters(size, size).png().toBuffer(), 'image/png');
    const images = { image1: await picture(32), image2: await picture(34), image3: await picture(36) };
    await run(chat, 'video new', { script, ...images, url: 'https://example.com/clip.mp4' });
    const { scenes } = (await newest(chat)).storyboard;
    expect(scenes.map(({ text, media }) => [Boolean(text), media?.type])).toEqual([
      [true, 'image'],
      [true, 'image'],
      [false, 'image'],
      [false, 'video'],
    ]);
    expect(new Set(scenes.map(({ media }) => media && 'src' in media && media.src)).size).toBe(4);
    await run(chat, 'video new', { image1: images.image1 });
    expect((await newest(chat)).storyboard.scenes).toMatchObject([{ duration: 4 }]);
  });

  test('a file is a script, a storyboard or a table', async () => {
    const chat = await openChat();
    const files: [string, string][] = [
      ['a.txt', script],
      ['a.json', JSON.stringify({ scenes: [{ text: 'One.' }, { text: 'Two.' }] })],
      ['a.yaml', 'scenes:\n  - text: One.\n  - text: Two.\n'],
      ['a.csv', 'text,title,duration\n"One, and ""more""",First,4\nTwo.,,\n'],
      ['b.csv', 'text;duration\nUno;2,5\nDos;\n'],
    ];
    for (const [name, content] of files) {
      const pressed = await run(chat, 'video new', { file: incoming(name, content) });
      expect(said(pressed), name).toBe('');
      expect((await newest(chat)).storyboard.scenes).toHaveLength(2);
    }
    const { jobs } = await chat.jobs.list();
    const csv = (await chat.jobs.get(jobs[1]!.id))!.request;
    expect(csv).toMatchObject({
      storyboard: {
        scenes: [{ text: 'One, and "more"', title: { text: 'First' }, duration: 4 }, { text: 'Two.' }],
      },
    });
  });

  test('what is wrong is told privately, with what was typed, and can be corrected', async () => {
    const chat = await openChat();
    const typed = 'A line.\n\n[duration: never]\nAnother.';
    for (const [locale, words] of [
      ['en', 'The script has a fault.'],
      ['es', 'El guion tiene un fallo.'],
    ] as const) {
      const pressed = await run(chat, 'video new', { script: typed }, asker({ locale }));
      expect(pressed.replies).toEqual([]);
      expect(said(pressed)).toContain(words);
      expect(said(pressed)).toContain(locale === 'en' ? 'line 3' : 'línea 3');
      expect(pressed.whispers[0]!.files).toMatchObject([{ name: 'script.md', size: typed.length }]);
      const label = locale === 'en' ? 'Edit and try again' : 'Corregir y reintentar';
      const form = await chat.handlers.formFor(
        { kind: 'action', action: buttonOf(pressed.whispers[0], label) },
        asker({ locale }),
      );
      expect(fieldOf(form, 'script')).toBe(typed);
      const again = press(chat.fake, asker({ locale }));
      await chat.handlers.submit(form!.id, { script }, again);
      expect(again.replies).toHaveLength(1);
    }
    expect(await count(chat)).toBe(2);
  });

  test('nothing, too much, and files that are nothing', async () => {
    const chat = await openChat();
    expect(said(await run(chat, 'video new', {}))).toContain('Write a script, or attach');
    expect(said(await run(chat, 'video new', { script, file: incoming('a.md', script) }))).toContain(
      'given twice',
    );
    const odd = await run(chat, 'video new', { script, image1: incoming('a.png', 'no picture') });
    expect(said(odd)).toContain('A picture, clip or sound cannot be used.');
    expect(said(odd)).toContain('a.png:');
    expect(said(await run(chat, 'video new', { file: incoming('a.csv', 'text,colour\na,b\n') }))).toContain(
      'column "colour"',
    );
    const round = await run(chat, 'video new', { script, format: 'round' });
    expect(said(round)).toContain(
      'format: must be one of landscape, vertical, square, portrait; got "round"',
    );
    expect(round.whispers[0]!.files).toMatchObject([{ name: 'script.md', size: Buffer.byteLength(script) }]);
    expect(buttonOf(round.whispers[0], 'Edit and try again')).toMatch(/^gs1:edit:typed-/);
    expect(said(await run(chat, 'video new', { url: 'no address' }, asker({ locale: 'es' })))).toContain(
      'url: debe ser una dirección http(s)',
    );
    expect(chat.lines.filter(({ level }) => level === 'error')).toEqual([]);
    expect(said(await run(chat, 'video new', { script, voice: 'nobody' }))).toContain('voice');
    expect(await count(chat)).toBe(0);
  });

  test('a press that is delivered twice makes one film and one card', async () => {
    const chat = await openChat();
    const id = 'same-press';
    await Promise.all([
      run(chat, 'video new', { script }, asker(), { id }),
      run(chat, 'video new', { script }, asker(), { id }),
    ]);
    expect(await count(chat)).toBe(1);
    expect(chat.fake.posts).toHaveLength(1);
    // Even to a bot that has started anew in between.
    const next = await chat.restart();
    const late = await run(next, 'video new', { script }, asker(), { id });
    expect(await count(next)).toBe(1);
    expect(next.fake.posts).toHaveLength(1);
    expect(said(late)).toContain('Started.');
  });

  test('a message of someone, and a mention', async () => {
    const chat = await openChat();
    const source = {
      text: script,
      files: [incoming('p.png', await quarters(32, 32).png().toBuffer())],
      author: 'u9',
    };
    const pressed = press(chat.fake, asker());
    await chat.handlers.shortcut(source, pressed);
    expect(pressed.replies).toHaveLength(1);
    expect((await newest(chat)).storyboard.scenes[0]).toMatchObject({ media: { type: 'image' } });
    const mentioned = press(chat.fake, asker());
    await chat.handlers.mention({ text: ' ', files: [], author: 'u1' }, mentioned);
    expect(said(mentioned)).toContain('/video new');
  });
});

describe('rights and quotas', () => {
  test('roles decide who may use it', async () => {
    const chat = await openChat({ env: { DISCORD_ALLOWED_ROLES: 'film', DISCORD_OPS_ROLES: 'ops' } });
    for (const [locale, words] of [
      ['en', 'You may not use this here.'],
      ['es', 'No puedes usar esto aquí.'],
    ] as const)
      expect(said(await run(chat, 'video new', { script }, asker({ locale })))).toContain(words);
    expect(
      await chat.handlers.formFor({ kind: 'command', path: ['video', 'new'], options: {} }, asker()),
    ).toBeNull();
    expect(await chat.handlers.complete(['tts'], 'voice', 'e', asker())).toEqual([]);
    for (const roles of [['film'], ['ops']])
      expect((await run(chat, 'video new', { script }, asker({ roles }))).replies).toHaveLength(1);
  });

  test('so many at once, by role, with what was typed; operators as many as they like', async () => {
    const chat = await openChat({ env: { CHAT_JOBS_AT_ONCE: '2', DISCORD_ROLE_QUOTAS: 'vip=3/50,old=1/1' } });
    const ask = (who = asker()) => run(chat, 'video new', { script }, who);
    const all = await Promise.all([ask(), ask(), ask(), ask()]);
    expect(all.filter(({ replies }) => replies.length === 1)).toHaveLength(2);
    const refused = all.find(({ whispers }) => whispers.length === 1)!;
    expect(said(refused)).toContain('You have 2 films waiting or under way.');
    expect(buttonOf(refused.whispers[0], 'Edit and try again')).toMatch(/^gs1:edit:typed-/);
    expect(said(await ask(asker({ locale: 'es' })))).toContain('Tienes 2 vídeos');
    const vip = asker({ user: 'v', roles: ['vip', 'old'] });
    for (let n = 0; n < 3; n++) expect((await ask(vip)).replies).toHaveLength(1);
    expect(said(await ask(vip))).toContain('You have 3 films');
    for (let n = 0; n < 4; n++) expect((await ask(operator)).replies).toHaveLength(1);
    // What was to be spoken is no script of a film.
    const speech = (await run(chat, 'tts', { text: 'Good morning.' })).whispers[0]!;
    expect(textOf(speech)).toContain('What you typed is in the attached file.');
    expect([speech.files![0]!.name, speech.buttons]).toEqual(['text.txt', []]);
    await chat.makeFilm();
    expect((await ask()).replies).toHaveLength(1);
  });

  test('who may overtake others: operators; everyone else is told which field it is', async () => {
    const chat = await openChat();
    const urgent = Buffer.from('priority: 3\nscenes:\n  - text: Quick.\n');
    const ask = (who = asker()) => run(chat, 'video new', { file: incoming('urgent.yaml', urgent) }, who);
    expect(said(await ask())).toContain('priority: may be 0 at most for you; got 3');
    expect(said(await ask(asker({ locale: 'es' })))).toContain('puede ser 0 como mucho para ti; es 3');
    expect(await count(chat)).toBe(0);
    expect((await ask(operator)).replies).toHaveLength(1);
    expect((await newest(chat)).storyboard.priority).toBe(3);
  });

  test('so many a day; it says when the next may come', async () => {
    const chat = await openChat({ env: { CHAT_JOBS_PER_DAY: '2' } });
    for (let n = 0; n < 2; n++) {
      await run(chat, 'video new', { script });
      await chat.makeFilm();
    }
    // Jobs are dated by the store's clock, which is far ahead of the day of this test.
    for (const [locale, words] of [
      ['en', 'in the last 24 hours, which is your limit. Try again in 24 h.'],
      ['es', 'Has pedido 2 vídeos'],
    ] as const)
      expect(said(await run(chat, 'video new', { script }, asker({ locale })))).toContain(words);
    chat.clock.advance(24 * 3600_000 + 1);
    expect((await run(chat, 'video new', { script })).replies).toHaveLength(1);
  });

  test('others’ films are seen in their workspace, steered by their owners and operators', async () => {
    const chat = await openChat();
    await run(chat, 'video new', { script });
    const { id } = await newest(chat);
    const stranger = asker({ user: 'u2' });
    const outsider = asker({ user: 'u3', team: 't2', isAdmin: true });
    expect(said(await run(chat, 'video status', { id }, stranger))).toContain('Waiting');
    for (const command of ['video cancel', 'video retry']) {
      expect(said(await run(chat, command, { id }, stranger))).toContain('Only who asked for this film');
      expect(said(await run(chat, command, { id }, asker({ user: 'u2', locale: 'es' })))).toContain(
        'Solo quien pidió',
      );
    }
    for (const command of ['video status', 'video cancel', 'video retry', 'video rerender'])
      expect(said(await run(chat, command, { id }, outsider))).toContain('I know no film with this id');
    expect(said(await run(chat, 'video cancel', { id }, asker({ user: 'u2', isAdmin: true })))).toContain(
      'Cancelled.',
    );
  });
});

describe('one film', () => {
  test.each(locales)('status, cancel, retry, list, by id (%s)', async (locale) => {
    const chat = await openChat();
    const who = asker({ locale });
    const [waiting, cancelled, over, unknown, empty] =
      locale === 'en'
        ? ['Waiting', 'Cancelled.', 'This is over already (Cancelled)', 'I know no film', 'No films yet']
        : [
            'En espera',
            'Cancelado.',
            'Esto ya terminó (Cancelado)',
            'No conozco ningún vídeo',
            'Aún no hay vídeos',
          ];
    expect(said(await run(chat, 'video list', {}, who))).toContain(empty);
    await run(chat, 'video new', { script: `# Our film\n\n${script}` }, who);
    const { id } = await newest(chat);
    expect(said(await run(chat, 'video status', { id }, who))).toContain(waiting);
    expect(said(await run(chat, 'video status', { id: 'nothing' }, who))).toContain(unknown);
    expect(said(await run(chat, 'video list', {}, who))).toContain(`Our film\n${waiting} · ${id}`);
    expect(said(await run(chat, 'video list', { status: 'done' }, who))).toContain(
      locale === 'en' ? 'None of your films is in this state' : 'Ninguno de tus vídeos está en este estado',
    );
    expect(said(await run(chat, 'video list', {}, asker({ user: 'u2', locale })))).toContain(empty);
    expect(await chat.handlers.complete(['video', 'cancel'], 'id', 'our', who)).toEqual([
      { value: id, label: `Our film · ${waiting}` },
    ]);
    expect(said(await run(chat, 'video cancel', { id }, who))).toContain(cancelled);
    expect(said(await run(chat, 'video cancel', { id }, who))).toContain(over);
    expect(said(await run(chat, 'video retry', { id }, who))).toContain(
      locale === 'en' ? 'queued again' : 'en la cola',
    );
    expect(said(await run(chat, 'video retry', { id }, who))).toContain(
      locale === 'en' ? 'still being made' : 'aún se está haciendo',
    );
    expect(said(await run(chat, 'video cancel', {}, who))).toContain(
      locale === 'en' ? 'id: is missing' : 'id: falta',
    );
  });

  test('a finished film again: other shape, other captions, edited', async () => {
    const chat = await openChat();
    await run(chat, 'video new', {
      script,
      image1: incoming('p.png', await quarters(32, 32).png().toBuffer()),
    });
    const { id, storyboard } = await newest(chat);
    await chat.makeFilm();
    const done = await run(chat, 'video status', { id });
    const vertical = await push(chat, buttonOf(done.whispers[0], 'Vertical version'), asker({ user: 'u2' }));
    expect(vertical.replies).toHaveLength(1);
    expect((await newest(chat)).storyboard).toMatchObject({
      output: { aspectRatio: '9:16' },
      scenes: storyboard.scenes,
    });
    expect((await newest(chat)).record!.owner).toBe('discord:u2');
    await run(chat, 'video rerender', { id, captions: 'karaoke', format: 'square' });
    expect((await newest(chat)).storyboard).toMatchObject({
      output: { aspectRatio: '1:1' },
      captions: { style: 'karaoke' },
    });
    const form = await chat.handlers.formFor(
      { kind: 'action', action: buttonOf(done.whispers[0], 'Edit and re-render') },
      asker(),
    );
    expect(fieldOf(form, 'script')).toBe(script);
    expect(fieldOf(form, 'format')).toBe('landscape');
    await chat.handlers.submit(
      form!.id,
      { script: 'Other words.\n\nAnd the bridge connects us.', format: 'landscape' },
      press(chat.fake, asker()),
    );
    const edited = (await newest(chat)).storyboard;
    expect(edited.scenes.map(({ text }) => text)).toEqual(['Other words.', 'And the bridge connects us.']);
    expect(edited.scenes[0]!.media).toEqual(storyboard.scenes[0]!.media);
  });

  test('captions come as files; a film without any says so', async () => {
    const chat = await openChat();
    await run(chat, 'video new', { script });
    const { id } = await newest(chat);
    await chat.makeFilm();
    const pressed = await push(chat, `gs1:captions:${id}`);
    // Nothing was published here: what is not there is not promised.
    expect(said(pressed)).toContain('no captions file');
  });

  test('buttons of other versions and of films that are gone say so', async () => {
    const chat = await openChat();
    expect(said(await push(chat, 'old:thing'))).toContain('another version of me');
    expect(said(await push(chat, 'gs1:retry:nothing', asker({ locale: 'es' })))).toContain(
      'No conozco ningún vídeo',
    );
    const odd = press(chat.fake, asker());
    await chat.handlers.submit('gs0:x', {}, odd);
    expect(said(odd)).toContain('another version');
  });
});

describe('/video storyboard', () => {
  test('a draft at 360 px, then the film as it was meant, once', async () => {
    const chat = await openChat();
    await run(chat, 'video storyboard', { script });
    const draft = await newest(chat);
    expect(draft.storyboard.output).toMatchObject({ resolution: 'preview', quality: 'draft' });
    const { end } = await chat.work();
    await end({
      status: 'done',
      result: { ...filmResult, files: { ...filmResult.files, sheet: 'sheet.png' } },
    });
    await chat.until(async () => (await chat.jobs.stats()).announcementsPending === 0);
    const card = chat.fake.posts[0]!.message;
    expect(textOf(card)).toContain('Shall I make the film like this?');
    expect(card.picture).toMatchObject({ url: expect.stringMatching(/sheet\.png$/) });
    const approve = buttonOf(card, 'Approve');
    expect(said(await push(chat, approve, asker({ user: 'u2' })))).toContain('Only who asked');
    const approved = await push(chat, approve);
    expect(approved.replies).toHaveLength(1);
    expect((await newest(chat)).storyboard.output).toMatchObject({ resolution: '1080', quality: 'standard' });
    expect((await newest(chat)).storyboard.metadata).toEqual({});
    expect(said(await push(chat, approve))).toContain('Started.');
    expect(await count(chat)).toBe(2);
    const form = await chat.handlers.formFor({ kind: 'action', action: buttonOf(card, 'Edit') }, asker());
    await chat.handlers.submit(form!.id, { script: 'New.' }, press(chat.fake, asker()));
    expect((await newest(chat)).storyboard.output.resolution).toBe('preview');
    const discarded = await push(chat, buttonOf(card, 'Cancel'));
    expect(textOf(discarded.updates[0])).toContain('Discarded.');
    expect(discarded.updates[0]!.buttons).toBeUndefined();
  });
});

describe('speech, voices, numbers, settings, help', () => {
  test.each(locales)('/tts and /voices (%s)', async (locale) => {
    const chat = await openChat();
    const who = asker({ locale });
    const text = locale === 'en' ? 'Good morning.' : 'Buenos días.';
    const pressed = await run(chat, 'tts', { text, format: 'ogg' }, who);
    expect(textOf(pressed.replies[0])).toContain(text);
    const { id } = (await chat.jobs.list()).jobs[0]!;
    expect((await chat.jobs.get(id))!.request).toMatchObject({
      kind: 'tts',
      speech: { text, language: locale, format: 'ogg' },
    });
    const wrong = await run(chat, 'tts', { text, voice: 'nobody' }, who);
    expect(said(wrong)).toContain(locale === 'en' ? 'That cannot be read.' : 'No puedo leer eso.');
    expect(wrong.whispers[0]!.files).toHaveLength(1);
    expect(said(await run(chat, 'tts', {}, who))).toContain(
      locale === 'en' ? 'text: is missing' : 'text: falta',
    );
    expect(said(await run(chat, 'voices', {}, who))).toMatch(
      locale === 'en' ? /^\d+ voices\nen/ : /^\d+ voces\nes/,
    );
    expect(said(await run(chat, 'voices', { language: 'xx' }, who))).toContain(
      '«xx»'.replaceAll(/[«»]/g, locale === 'en' ? '' : '$&'),
    );
    const suggestions = await chat.handlers.complete(['tts'], 'voice', '', who);
    expect(suggestions.length).toBeGreaterThan(0);
    expect(suggestions.length).toBeLessThanOrEqual(25);
  });

  test.each(locales)('/queue, /stats, /help (%s)', async (locale) => {
    const chat = await openChat();
    const who = asker({ locale });
    await run(chat, 'video new', { script }, who);
    const [waiting, workers, films] =
      locale === 'en'
        ? ['Waiting: 1', 'No worker is running', 'Films made: 0']
        : ['En espera: 1', 'No hay ningún proceso', 'Vídeos hechos: 0'];
    expect(said(await run(chat, 'queue', {}, who))).toContain(waiting);
    expect(said(await run(chat, 'queue', {}, who))).toContain(workers);
    expect(said(await run(chat, 'stats', {}, who))).toContain(films);
    expect(said(await run(chat, 'stats', {}, who))).not.toMatch(/Free disk|Disco libre/);
    expect(said(await run(chat, 'stats', {}, { ...operator, locale }))).toMatch(/Free disk|Disco libre/);
    await chat.makeFilm();
    const [answer] = (await run(chat, 'stats', {}, { ...operator, locale })).whispers;
    expect(answer!.picture).toMatchObject({ file: 'usage.png' });
    const png = Buffer.concat(await (await answer!.files![0]!.open()).toArray());
    expect(png.subarray(1, 4).toString()).toBe('PNG');
    expect(png.length).toBe(answer!.files![0]!.size);
    expect(textOf(answer!)).toContain(
      locale === 'en' ? 'Where films come from\nDiscord: 1 film' : 'De dónde vienen\nDiscord: 1 vídeo',
    );
    const help = said(await run(chat, 'help', {}, who));
    for (const { path, description, access } of chat.handlers.commands)
      if (access === 'everyone') expect(help).toContain(`/${path.join(' ')} — ${description[locale]}`);
  });

  test.each(locales)('/settings are for operators to change, and stay (%s)', async (locale) => {
    const chat = await openChat();
    const who = asker({ locale });
    expect(said(await run(chat, 'settings', {}, who))).toContain(
      locale === 'en' ? 'Voice: not set' : 'Voz: sin definir',
    );
    expect(said(await run(chat, 'settings', { format: 'square' }, who))).toContain(
      locale === 'en' ? 'Only operators' : 'Solo los operadores',
    );
    const boss = { ...operator, locale };
    expect(said(await run(chat, 'settings', { voice: 'nobody' }, boss))).toContain('nobody');
    expect(said(await run(chat, 'settings', { format: 'square' }, boss))).toContain(
      locale === 'en' ? 'Saved.' : 'Guardado.',
    );
    await run(chat, 'settings', { captions: 'off' }, boss);
    const next = await chat.restart();
    expect(next.store.settings('t1', 'c1')).toEqual({ format: 'square', captions: 'off' });
    expect(next.store.settings('t1', 'c2')).toEqual({});
    await run(next, 'settings', { reset: true }, boss);
    expect(next.store.settings('t1', 'c1')).toEqual({});
    expect(
      said(await run(next, 'settings', { format: 'square' }, asker({ isDirect: true, channel: 'd1' }))),
    ).toMatch(/Saved/);
  });
});

describe('what goes wrong inside', () => {
  test('is said without its details, and logged', async () => {
    const chat = await openChat();
    await chat.jobs.close();
    const pressed = await run(chat, 'video list');
    expect(said(pressed)).toContain('I cannot take work at the moment.');
    chat.store.close();
    const typed = await run(chat, 'video new', { script });
    expect(typed.replies).toEqual([]);
    expect(said(typed)).not.toBe('');
    expect(await chat.handlers.complete(['video', 'cancel'], 'id', '', asker())).toEqual([]);
    chat.kill();
  });

  test('an unknown command says so', async () => {
    const chat = await openChat();
    expect(said(await run(chat, 'dance'))).toContain('/help');
    expect(
      await chat.handlers.formFor({ kind: 'command', path: ['dance'], options: {} }, asker()),
    ).toBeNull();
  });

  test('a job whose answer cannot be given gets its card in the channel', async () => {
    const chat = await openChat();
    const { MessengerError } = await import('../../bot/types.ts');
    await run(chat, 'video new', { script }, asker(), {
      reply: () => Promise.reject(new MessengerError('gone', '10062')),
    });
    await chat.until(() => chat.fake.posts.length === 1);
    const { end } = await chat.work();
    await end({ status: 'failed', error: failure(false) });
    await chat.until(() => chat.fake.posts[0]!.message.tone === 'bad');
    expect(await count(chat)).toBe(1);
  });
});
