/**
 * What every Storage must do. A driver runs it by
 *   describeStorage('local', openForTest)
 * with an empty store and a folder for files to publish.
 */
import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Storage, StoredFile } from '../../core/storage/types.ts';

export type StorageUnderTest = {
  storage: Storage;
  /** Where addresses of files start. */
  baseUrl: string;
  /** Folder, on the same disk, for unpublished files. */
  workDir: string;
  dispose: () => Promise<void>;
};

const JOB = 'a1b2c3d4e5f6a7b8c9d0e1f2';

export function describeStorage(name: string, open: () => Promise<StorageUnderTest>): void {
  describe(`Storage: ${name}`, () => {
    let fixture: StorageUnderTest;
    let storage: Storage;

    beforeEach(async () => {
      fixture = await open();
      storage = fixture.storage;
    });
    afterEach(() => fixture.dispose());

    const make = async (content: string | Buffer): Promise<string> => {
      const file = path.join(fixture.workDir, randomBytes(6).toString('hex'));
      await writeFile(file, content);
      return file;
    };
    const read = async (file: StoredFile | null, range?: { start: number; end: number }): Promise<string> => {
      if (!file) throw new Error('There is no such file.');
      return Buffer.concat(await file.stream(range).toArray()).toString();
    };
    const ids = async (): Promise<string[]> => {
      const found: string[] = [];
      for await (const id of storage.jobIds()) found.push(id);
      return found.sort();
    };

    test('files are published under their names, with facts and content', async () => {
      await storage.publish(JOB, { 'film.mp4': await make('moving'), 'captions.vtt': await make('WEBVTT') });
      const film = await storage.open(JOB, 'film.mp4');
      expect(film).toMatchObject({ name: 'film.mp4', size: 6, contentType: 'video/mp4' });
      expect(film!.etag).toMatch(/^"[^"]+"$/);
      expect(Date.now() - film!.modifiedAt.getTime()).toBeLessThan(60_000);
      expect(await read(film)).toBe('moving');
      expect((await storage.open(JOB, 'captions.vtt'))?.contentType).toBe('text/vtt; charset=utf-8');
    });

    test('ranges are inclusive at both ends, and may be read side by side', async () => {
      await storage.publish(JOB, { 'film.mp4': await make('0123456789') });
      const film = await storage.open(JOB, 'film.mp4');
      const parts = [
        { start: 0, end: 0 },
        { start: 2, end: 5 },
        { start: 9, end: 9 },
      ].map((range) => read(film, range));
      expect(await Promise.all(parts)).toEqual(['0', '2345', '9']);
    });

    test('the ETag of a file stays, and differs from that of another', async () => {
      await storage.publish(JOB, { 'film.mp4': await make('one'), 'speech.mp3': await make('two, longer') });
      const [first, again, other] = await Promise.all(
        ['film.mp4', 'film.mp4', 'speech.mp3'].map((file) => storage.open(JOB, file)),
      );
      expect(first!.etag).toBe(again!.etag);
      expect(first!.etag).not.toBe(other!.etag);
    });

    test('what is there is never overwritten; what an earlier attempt lacked is added', async () => {
      await storage.publish(JOB, { 'film.mp4': await make('first') });
      const before = await storage.open(JOB, 'film.mp4');
      await storage.publish(JOB, { 'film.mp4': await make('second'), 'poster.jpg': await make('poster') });
      const after = await storage.open(JOB, 'film.mp4');
      expect(await read(after)).toBe('first');
      expect(after!.etag).toBe(before!.etag);
      expect(await read(await storage.open(JOB, 'poster.jpg'))).toBe('poster');
    });

    test('publishers at the same time leave one whole set', async () => {
      const sets = await Promise.all(
        Array.from({ length: 8 }, async (_, index) => ({
          'film.mp4': await make(`film ${index}`),
          'captions.srt': await make(`srt ${index}`),
        })),
      );
      await Promise.all(sets.map((files) => storage.publish(JOB, files)));
      const film = await read(await storage.open(JOB, 'film.mp4'));
      expect(film).toMatch(/^film \d$/);
      expect(await read(await storage.open(JOB, 'captions.srt'))).toBe(film.replace('film', 'srt'));
    });

    test('all or none: one missing file, and nothing is visible', async () => {
      const files = { 'film.mp4': await make('moving'), 'poster.jpg': path.join(fixture.workDir, 'nowhere') };
      await expect(storage.publish(JOB, files)).rejects.toMatchObject({
        name: 'StudioError',
        stage: 'saving',
      });
      expect(await storage.open(JOB, 'film.mp4')).toBeNull();
      expect(await ids()).toEqual([]);
    });

    test('names and ids that we never give are refused when publishing and absent when opened', async () => {
      await storage.publish(JOB, { 'film.mp4': await make('moving') });
      const odd = ['../film.mp4', '..', '.', '', '.film.mp4', 'film.mp4/', '/film.mp4', 'a/film.mp4', 'film.mp4\0', 'film', 'film.html', 'FILM.MP4', 'film.mp4.', `${'f'.repeat(300)}.mp4`, 'constructor', 'film.constructor']; // prettier-ignore
      for (const name of odd) {
        expect(await storage.open(JOB, name), name).toBeNull();
        await expect(storage.publish(JOB, { [name]: await make('x') }), name).rejects.toMatchObject({
          name: 'StudioError',
        });
      }
      for (const id of [
        '',
        '.',
        '..',
        '../x',
        `${JOB}/`,
        `./${JOB}`,
        JOB.toUpperCase(),
        `${JOB}\0`,
        'a'.repeat(65),
      ]) {
        expect(await storage.open(id, 'film.mp4'), id).toBeNull();
        await expect(storage.publish(id, { 'film.mp4': await make('x') }), id).rejects.toMatchObject({
          name: 'StudioError',
        });
        expect(await storage.remove(id), id).toBe(0);
      }
      expect(await read(await storage.open(JOB, 'film.mp4'))).toBe('moving');
    });

    test('what is not there is null', async () => {
      expect(await storage.open(JOB, 'film.mp4')).toBeNull();
      await storage.publish(JOB, { 'film.mp4': await make('moving') });
      expect(await storage.open(JOB, 'poster.jpg')).toBeNull();
      expect(await storage.open('otherjobotherjob', 'film.mp4')).toBeNull();
    });

    test('removing a job frees its files; a reader at work reads on', async () => {
      await storage.publish(JOB, {
        'film.mp4': await make(Buffer.alloc(300_000, 'x')),
        'poster.jpg': await make('12345'),
      });
      await storage.publish('otherjobotherjob', { 'film.mp4': await make('stays') });
      const reading = (await storage.open(JOB, 'film.mp4'))!.stream().iterator();
      const first = (await reading.next()).value as Buffer;
      expect(await storage.remove(JOB)).toBe(300_005);
      let bytes = first.length;
      for await (const chunk of { [Symbol.asyncIterator]: () => reading }) bytes += (chunk as Buffer).length;
      expect(bytes).toBe(300_000);
      expect(await storage.open(JOB, 'film.mp4')).toBeNull();
      expect(await ids()).toEqual(['otherjobotherjob']);
      expect(await storage.remove(JOB)).toBe(0);
    });

    test('lists the jobs that have files', async () => {
      expect(await ids()).toEqual([]);
      for (const id of ['jobnumberone', 'jobnumbertwo'])
        await storage.publish(id, { 'speech.mp3': await make(id) });
      expect(await ids()).toEqual(['jobnumberone', 'jobnumbertwo']);
    });

    test('addresses lead to the file', () => {
      expect(storage.url(JOB, 'film.mp4')).toBe(`${fixture.baseUrl}/files/${JOB}/film.mp4`);
    });

    test('a sweep leaves published files alone', async () => {
      await storage.publish(JOB, { 'film.mp4': await make('moving') });
      await storage.sweep();
      expect(await read(await storage.open(JOB, 'film.mp4'))).toBe('moving');
    });
  });
}
