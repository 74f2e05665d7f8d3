/** Cards and ends over the real job store: outages, lost answers, kills, hand-overs. */
import { describe, expect, test } from 'vitest';
import { createCards } from '../../bot/cards.ts';
import { createEditQueue } from '../../bot/edit-queue.ts';
import { MessengerError } from '../../bot/types.ts';
import type { Job } from '../../core/schema/job.ts';
import { failure, filmResult, keepingLog } from '../helpers/job-samples.ts';
import { openChat, testClock, type TestChat } from '../helpers/chat.ts';
import { asker, fakeMessenger, press, textOf, type Posted } from '../helpers/fake-messenger.ts';

const script = 'The river brings the morning.\n\nAnd the bridge connects us.';

async function ask(chat: TestChat, who = asker(), text = script) {
  const pressed = press(chat.fake, who);
  await chat.handlers.command(['video', 'new'], { script: text }, pressed);
  expect(pressed.whispers.map(textOf)).toEqual([]);
  return pressed;
}
const cards = (chat: TestChat): Posted[] =>
  chat.fake.posts.filter(({ states }) => states[0]!.key?.startsWith('card:'));
const closings = (chat: TestChat): Posted[] =>
  chat.fake.posts.filter(({ message }) => message.mention !== undefined);
const pending = async (chat: TestChat): Promise<number> => (await chat.jobs.stats()).announcementsPending;
const allTold = (chat: TestChat) => async (): Promise<boolean> => (await pending(chat)) === 0;

describe('one message from queued to done', () => {
  test('shows place, stage, scene and time left, then the film; and calls the asker once', async () => {
    const chat = await openChat();
    await ask(chat);
    expect(textOf(cards(chat)[0]!.message)).toMatch(/Waiting\nNext in the queue/);
    // The answer says it already: an edit would be a call for nothing.
    await chat.pass(6000);
    expect(chat.fake.calls.filter(({ kind }) => kind === 'edit')).toEqual([]);
    const { job, report, end } = await chat.work();
    await report({ stage: 'rendering', progress: 42, scene: 2, scenesTotal: 2, etaSeconds: 95 });
    await chat.pass(6000);
    const text = textOf(cards(chat)[0]!.message);
    expect(text).toContain('42 %');
    expect(text).toContain('Rendering\nScene 2 of 2 · about 2 min left');
    await end({ status: 'done', result: filmResult });
    await chat.until(allTold(chat));
    expect(cards(chat)).toHaveLength(1);
    expect(textOf(cards(chat)[0]!.message)).toMatch(/Length: 0:1[23]\nSize: 1.2 MB\nPicture: 1920 × 1080/);
    expect(closings(chat)).toHaveLength(1);
    expect(closings(chat)[0]!.message).toMatchObject({
      mention: 'u1',
      links: [{ url: `https://files.example/files/${job.id}/film.mp4` }, {}],
    });
    await chat.pass(30_000);
    expect(chat.fake.posts).toHaveLength(2);
  });

  test('in Spanish for those who speak it', async () => {
    const chat = await openChat();
    await ask(chat, asker({ locale: 'es' }));
    expect(textOf(cards(chat)[0]!.message)).toMatch(/En espera\nEl siguiente de la cola/);
    const { end } = await chat.work();
    await end({ status: 'failed', error: failure(false) });
    await chat.until(allTold(chat));
    expect(textOf(cards(chat)[0]!.message)).toMatch(
      /No se pudo componer el vídeo\.\nEn la escena 2\nPulsa Reintentar/,
    );
    expect(textOf(cards(chat)[0]!.message)).toContain('[Reintentar]');
    expect(textOf(closings(chat)[0]!.message)).toContain('No se pudo hacer tu vídeo');
  });

  test('those who wait see themselves move up', async () => {
    const chat = await openChat();
    await ask(chat);
    await ask(chat, asker({ user: 'u2', channel: 'c2' }));
    const second = (): string => textOf(cards(chat)[1]!.message);
    expect(second()).toContain('Place 2 in the queue');
    await chat.work();
    await chat.until(() => second().includes('Next in the queue'));
  });

  test('a retry goes on in the same card and is announced anew', async () => {
    const chat = await openChat();
    await ask(chat);
    await (await chat.work()).end({ status: 'failed', error: failure(false) });
    await chat.until(allTold(chat));
    const again = press(chat.fake, asker());
    // Where they are called is where they can act.
    const retry = closings(chat)[0]!.message.buttons!.find(({ label }) => label === 'Retry')!;
    expect(cards(chat)[0]!.message.buttons).toContainEqual(retry);
    await chat.handlers.action((retry as { action: string }).action, again);
    expect(textOf(again.whispers[0])).toBe('It is queued again.');
    await chat.until(() => textOf(cards(chat)[0]!.message).includes('Waiting'));
    await chat.makeFilm();
    await chat.until(allTold(chat));
    expect(cards(chat)).toHaveLength(1);
    expect(cards(chat)[0]!.message.tone).toBe('good');
    expect(closings(chat).map(({ message }) => message.tone)).toEqual(['bad', 'good']);
  });

  test('a failure that is retried before its turn to be told is not told', async () => {
    const chat = await openChat({ limits: { laneIntervalMs: 2000 } });
    await ask(chat);
    await ask(chat);
    const [first, second] = [await chat.work(), await chat.work()];
    await first.end({ status: 'failed', error: failure(false) });
    await second.end({ status: 'failed', error: failure(false) });
    await chat.until(() => closings(chat).length === 1, 100);
    const told = closings(chat)[0]!.message;
    const untold = [first, second].find(({ job }) => !JSON.stringify(told).includes(job.id))!.job.id;
    const again = press(chat.fake, asker());
    await chat.handlers.command(['video', 'retry'], { id: untold }, again);
    expect(textOf(again.whispers[0])).toBe('It is queued again.');
    await chat.until(allTold(chat));
    expect(closings(chat)).toHaveLength(1);
    await chat.makeFilm();
    await chat.until(allTold(chat));
    expect(closings(chat).map(({ message }) => message.tone)).toEqual(['bad', 'good']);
  });

  test('a job that is over before its answer is given has one card all the same', async () => {
    const chat = await openChat();
    let release!: () => void;
    const held = new Promise<void>((resolve) => (release = resolve));
    const pressed = press(chat.fake, asker());
    const { reply } = pressed;
    pressed.reply = (message) => held.then(() => reply(message));
    const asking = chat.handlers.command(['tts'], { text: 'Good morning.' }, pressed);
    await chat.until(async () => (await chat.jobs.stats()).queued === 1, 100);
    await chat.makeFilm();
    await chat.pass(5000);
    expect(chat.fake.posts).toHaveLength(0);
    release();
    await asking;
    await chat.until(allTold(chat));
    expect(chat.fake.posts).toHaveLength(1);
    expect(chat.fake.posts[0]!.message.tone).toBe('good');
  });

  test('a state that comes late does not undo a later one', async () => {
    const clock = testClock();
    const fake = fakeMessenger(clock.now);
    const chat = await openChat();
    const queue = createEditQueue({ editIntervalMs: 0, laneIntervalMs: 0, clock });
    const cardsOf = createCards({
      messenger: fake,
      store: chat.store,
      queue,
      clock,
      log: keepingLog().log,
      locale: 'en',
      earlyFiles: async () => [],
    });
    await ask(chat);
    const { id } = (await chat.jobs.list()).jobs[0]!;
    const { job: queued, origin } = (await chat.studio.details(id, {
      owner: 'x',
      sees: 'all',
      origin: { platform: 'discord' },
    }))!;
    const at = (seconds: number, changes: Partial<Job>): Job => ({
      ...queued,
      updatedAt: new Date(seconds * 1000).toISOString(),
      ...changes,
    });
    const ref = await fake.post({ channel: 'c1' }, { tone: 'neutral' }, new AbortController().signal);
    cardsOf.keep(id, ref, 'en');
    const early = at(1, { status: 'rendering', progress: 10 });
    const end = at(2, { status: 'done', progress: 100, finishedAt: 'then' });
    cardsOf.show(early, origin);
    expect(await cardsOf.finish(end, origin, async () => [])).toBe(true);
    for (const late of [early, at(2, { status: 'saving', progress: 99 })]) cardsOf.show(late, origin);
    await new Promise((resolve) => setImmediate(resolve));
    expect(fake.posts[0]!.message.tone).toBe('good');
    // Asked for again, it goes on.
    cardsOf.show(at(3, { status: 'queued', progress: 0 }), origin);
    await new Promise((resolve) => setImmediate(resolve));
    expect(fake.posts[0]!.message.tone).toBe('neutral');
    await queue.stop();
  });

  test('a cancelled film says so in its card and calls nobody', async () => {
    const chat = await openChat();
    await ask(chat);
    const { id } = (await chat.jobs.list()).jobs[0]!;
    await chat.jobs.cancel(id);
    await chat.until(allTold(chat));
    expect(textOf(cards(chat)[0]!.message)).toContain('Cancelled');
    expect(chat.fake.posts).toHaveLength(1);
  });

  test('a channel that hangs keeps neither jobs nor other channels', async () => {
    const chat = await openChat();
    await ask(chat);
    await ask(chat, asker({ user: 'u2', channel: 'c2' }));
    chat.fake.trouble = (_call, target) => (target.channel === 'c1' ? 'hang' : null);
    const { report, end } = await chat.work();
    for (let progress = 1; progress <= 50; progress++) await report({ stage: 'rendering', progress });
    await end({ status: 'done', result: filmResult });
    await chat.makeFilm();
    await chat.until(() => closings(chat).length === 1);
    expect(closings(chat)[0]!.message.mention).toBe('u2');
    expect(cards(chat)[1]!.message.tone).toBe('good');
    chat.kill();
  });
});

describe('S16: the platform answers 500 three times, then is down for two minutes', () => {
  test('exactly one closing message, after it is back', async () => {
    const chat = await openChat();
    await ask(chat);
    await chat.pass(3000);
    let errors = 0;
    const backAt = chat.clock.now() + 120_000;
    chat.fake.trouble = () => {
      if (errors < 3 || chat.clock.now() < backAt) {
        errors++;
        return new MessengerError('unavailable', errors <= 3 ? 'HTTP 500' : 'ECONNREFUSED');
      }
      return null;
    };
    await chat.makeFilm();
    await chat.pass(110_000, 1000);
    expect(closings(chat)).toHaveLength(0);
    expect(errors).toBeGreaterThan(3);
    await chat.until(allTold(chat), 1000);
    expect(chat.clock.now()).toBeGreaterThanOrEqual(backAt);
    expect(closings(chat)).toHaveLength(1);
    expect(cards(chat)).toHaveLength(1);
    expect(cards(chat)[0]!.message.tone).toBe('good');
    await chat.pass(180_000, 5000);
    expect(chat.fake.posts).toHaveLength(2);
  });
});

describe('S17: the platform keeps a message but its answer is lost', () => {
  test('50 jobs, 50 closing messages, none twice', async () => {
    const chat = await openChat({ limits: { laneIntervalMs: 10, editIntervalMs: 10 } });
    for (let n = 0; n < 50; n++) await ask(chat, asker({ user: `u${n}`, channel: `c${n % 10}` }));
    expect(cards(chat)).toHaveLength(50);
    // Of every closing message the answer to its first post is lost.
    chat.fake.trouble = ({ kind }) => (kind === 'post' ? 'lost answer' : null);
    const before = chat.fake.calls.length;
    for (let n = 0; n < 50; n++) await chat.makeFilm();
    await chat.until(allTold(chat), 1000);
    const calls = chat.fake.calls.slice(before);
    expect(calls.filter(({ kind }) => kind === 'post')).toHaveLength(50);
    expect(calls.filter(({ kind }) => kind === 'find').length).toBeGreaterThanOrEqual(50);
    expect(closings(chat)).toHaveLength(50);
    expect(new Set(closings(chat).map(({ message }) => message.mention)).size).toBe(50);
    await chat.pass(120_000, 5000);
    expect(chat.fake.posts).toHaveLength(100);
  });
});

describe('restarts', () => {
  test('killed between taking a job on and answering: the new one posts its card, once', async () => {
    const chat = await openChat();
    chat.fake.trouble = ({ kind }) => (kind === 'post' ? 'hang' : null);
    const pressed = press(chat.fake, asker());
    void chat.handlers.command(['video', 'new'], { script }, pressed);
    await chat.until(() => chat.fake.posts.length === 1);
    chat.kill();
    const next = await chat.restart();
    await next.pass(20_000);
    expect(cards(next)).toHaveLength(1);
    await next.makeFilm();
    await next.until(allTold(next));
    expect(cards(next)).toHaveLength(1);
    expect(cards(next)[0]!.message.tone).toBe('good');
    expect(closings(next)).toHaveLength(1);
  });

  test('killed with the closing message posted but not acknowledged: it is not posted again', async () => {
    const chat = await openChat();
    await ask(chat);
    await chat.pass(3000);
    chat.fake.trouble = ({ kind }) => (kind === 'post' ? 'hang' : null);
    await chat.makeFilm();
    await chat.until(() => closings(chat).length === 1);
    chat.kill();
    const next = await chat.restart();
    expect(await pending(next)).toBe(1);
    await next.until(allTold(next), 1000);
    await next.pass(60_000, 2000);
    expect(closings(next)).toHaveLength(1);
    expect(cards(next)).toHaveLength(1);
  });

  test('killed before anything was told: the new one tells it, in the same card', async () => {
    const chat = await openChat();
    await ask(chat);
    chat.kill();
    await chat.makeFilm();
    const next = await chat.restart();
    await next.until(allTold(next), 1000);
    expect(cards(next)).toHaveLength(1);
    expect(cards(next)[0]!.message.tone).toBe('good');
    expect(closings(next)).toHaveLength(1);
  });

  test('stopped before an end was shown: it is shown after', async () => {
    const chat = await openChat();
    await ask(chat);
    // Keeps the lane busy, so that the end has to wait.
    const { job, report } = await chat.work();
    await report({ stage: 'rendering', progress: 10 });
    await chat.until(() => cards(chat)[0]!.states.length === 2, 100);
    await chat.jobs.park({ id: job.id, owner: job.lease.owner, attempt: job.lease.attempt });
    await chat.jobs.cancel(job.id);
    await chat.pass(20, 5);
    const next = await chat.restart();
    await next.until(allTold(next));
    await next.pass(5000);
    expect(textOf(cards(next)[0]!.message)).toContain('Cancelled');
    expect(cards(next)).toHaveLength(1);
  });

  test('progress goes on in the same message, and old buttons work', async () => {
    const chat = await openChat();
    await ask(chat);
    const next = await chat.restart();
    const { report } = await next.work();
    await report({ stage: 'voicing', progress: 20 });
    await next.until(() => textOf(cards(next)[0]!.message).includes('Speaking the narration'));
    expect(next.fake.posts).toHaveLength(1);
    const again = press(next.fake, asker());
    const [cancel] = cards(next)[0]!.states[0]!.buttons!;
    await next.handlers.action((cancel as { action: string }).action, again);
    expect(textOf(again.whispers[0])).toBe('It is being cancelled.');
  });
});

describe('when a message can no longer be edited', () => {
  test('after an hour a new card takes over, linked both ways', async () => {
    const chat = await openChat();
    await ask(chat);
    const { report, end } = await chat.work();
    await report({ stage: 'rendering', progress: 10 });
    await chat.pass(3000);
    await chat.pass(3540_000, 300_000);
    await report({ stage: 'rendering', progress: 60 });
    await chat.until(() => cards(chat).length === 2);
    await chat.pass(5000);
    expect(cards(chat)[1]!.message.links).toContainEqual(
      expect.objectContaining({ url: 'https://chat.example/c1/m1' }),
    );
    await end({ status: 'done', result: filmResult });
    await chat.until(allTold(chat));
    expect(cards(chat)).toHaveLength(2);
    expect(cards(chat)[1]!.message.tone).toBe('good');
    expect(closings(chat)).toHaveLength(1);
  });

  test('a deleted card comes back a few times, not for ever; its end is told', async () => {
    const chat = await openChat();
    await ask(chat);
    const { report, end } = await chat.work();
    for (let progress = 10; progress < 80; progress += 10) {
      for (const { ref } of cards(chat)) chat.fake.delete(ref.id);
      await report({ stage: 'rendering', progress });
      await chat.pass(10_000);
    }
    expect(cards(chat)).toHaveLength(4);
    await end({ status: 'done', result: filmResult });
    await chat.until(allTold(chat));
    expect(closings(chat)).toHaveLength(1);
  });

  test('a channel that is closed to the bot: the asker is told directly', async () => {
    const chat = await openChat();
    await ask(chat);
    chat.fake.trouble = (_call, target) =>
      target.channel === 'c1' ? new MessengerError('no_access', 'Missing Access') : null;
    await chat.makeFilm();
    await chat.until(allTold(chat));
    const direct = chat.fake.posts.filter(({ target }) => target.user === 'u1');
    expect(direct.length).toBeGreaterThan(0);
    expect(textOf(direct[0]!.message)).toContain('I may not write in the channel');
    expect(direct.some(({ message }) => textOf(message).includes('Watch the film'))).toBe(true);
  });

  test('a rate limit is kept to', async () => {
    const chat = await openChat();
    await ask(chat);
    await chat.pass(3000);
    const freeAt = chat.clock.now() + 20_000;
    chat.fake.trouble = () =>
      chat.clock.now() < freeAt
        ? new MessengerError('rate_limited', '429', { retryAfterMs: freeAt - chat.clock.now() })
        : null;
    const from = chat.fake.calls.length;
    await chat.makeFilm();
    await chat.until(allTold(chat));
    const early = chat.fake.calls.slice(from).filter(({ at }) => at < freeAt);
    expect(early).toHaveLength(1);
    expect(closings(chat)).toHaveLength(1);
  });

  test('an end that waits for longer than its lease is told once, and told', async () => {
    const chat = await openChat();
    for (const user of ['u1', 'u2', 'u3']) await ask(chat, asker({ user }));
    await chat.pass(8000);
    const freeAt = chat.clock.now() + 130_000;
    chat.fake.trouble = () =>
      chat.clock.now() < freeAt
        ? new MessengerError('rate_limited', '429', { retryAfterMs: freeAt - chat.clock.now() })
        : null;
    for (let n = 0; n < 3; n++) await chat.makeFilm();
    await chat.until(allTold(chat), 1000);
    await chat.pass(100_000, 5000);
    expect(
      closings(chat)
        .map(({ message }) => String(message.mention))
        .toSorted(),
    ).toEqual(['u1', 'u2', 'u3']);
    expect(cards(chat).map(({ message }) => message.tone)).toEqual(['good', 'good', 'good']);
  });

  test('files the platform will not take: the link goes without them', async () => {
    const chat = await openChat();
    await ask(chat);
    const edit = chat.fake.edit;
    chat.fake.edit = (ref, message, signal) =>
      message.files?.length
        ? Promise.reject(new MessengerError('refused', '413'))
        : edit(ref, message, signal);
    const { job, end } = await chat.work();
    await publish(chat, job.id);
    await end({ status: 'done', result: filmResult });
    await chat.until(allTold(chat));
    expect(cards(chat)[0]!.message.files ?? []).toEqual([]);
    expect(textOf(cards(chat)[0]!.message)).toContain('Watch the film');
  });
});

describe('the film itself', () => {
  test('is attached where it fits, and only linked where not', async () => {
    for (const [uploadBytes, names] of [
      [10_000, ['film.mp4']],
      [100, []],
    ] as const) {
      const chat = await openChat({ limits: { uploadBytes } });
      await ask(chat);
      const { job, end } = await chat.work();
      await publish(chat, job.id);
      await end({ status: 'done', result: filmResult });
      await chat.until(allTold(chat));
      const { files = [] } = cards(chat)[0]!.message;
      expect(files.map(({ name }) => name)).toEqual(names);
      for (const file of files) {
        const parts: Buffer[] = [];
        for await (const part of await file.open()) parts.push(part as Buffer);
        expect(Buffer.concat(parts)).toHaveLength(file.size);
      }
    }
  });
});

async function publish(chat: TestChat, jobId: string): Promise<void> {
  const { mkdtemp, writeFile } = await import('node:fs/promises');
  const folder = await mkdtemp(`${chat.config.dataDir}/made-`);
  const names = ['film.mp4', 'poster.jpg', 'film.srt', 'film.vtt'];
  for (const name of names)
    await writeFile(`${folder}/${name}`, Buffer.alloc(name === 'film.mp4' ? 5000 : 50, 7));
  await chat.storage.publish(jobId, Object.fromEntries(names.map((name) => [name, `${folder}/${name}`])));
}
