/** Voices downloaded from a server on loopback, whole and in pieces, good and bad; unpacked, used, removed. */
import { execFileSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import fc from 'fast-check';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { loadConfig } from '../../../core/config.ts';
import { createSpeech, openVoices, speechOptions } from '../../../core/tts/index.ts';
import { unpackBzip2 } from '../../../core/tts/voices/bzip2.ts';
import { catalogue, catalogueEntrySchema, type CatalogueEntry } from '../../../core/tts/voices/catalogue.ts';
import type { VoiceProgress, VoiceStore } from '../../../core/tts/voices/store.ts';
import { unpackTar } from '../../../core/tts/voices/tar.ts';
import { packFolder, sha256 } from './archives.ts';
import { makeTinyVoice } from './tiny-voice.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'voice-store-'));
let archive: Buffer;
beforeAll(() => {
  const source = makeTinyVoice(path.join(folder, 'source', 'vits-piper-en_US-tiny-low'));
  mkdirSync(path.join(source, 'deep', 'er'), { recursive: true });
  writeFileSync(path.join(source, 'deep', 'er', 'x'.repeat(120)), 'a long name');
  // Enough that it comes in many pieces.
  writeFileSync(path.join(source, 'noise.bin'), Buffer.from(Array.from({ length: 300_000 }, (_, index) => (index * 7919) % 251))); // prettier-ignore
  archive = packFolder(source);
});
const open: (() => Promise<void>)[] = [];
afterEach(async () => void (await Promise.all(open.splice(0).map((close) => close()))));
afterAll(() => rmSync(folder, { recursive: true }));

type Asked = { range: string | undefined; ifRange: string | undefined };

/** Serves the archive with ranges and a tag, unless `handler` has answered already. */
async function serve(
  handler: (request: IncomingMessage, response: ServerResponse, count: number) => boolean | void = () =>
    false,
  data = archive,
): Promise<{ url: string; asked: Asked[] }> {
  const asked: Asked[] = [];
  const server = createServer((request, response) => {
    asked.push({ range: request.headers.range, ifRange: request.headers['if-range'] as string | undefined });
    if (handler(request, response, asked.length)) return;
    const [, start] = /^bytes=(\d+)-$/.exec(request.headers.range ?? '') ?? [];
    const from = request.headers['if-range'] === undefined || request.headers['if-range'] === '"one"' ? Number(start ?? 0) : 0; // prettier-ignore
    if (from >= data.length) return void response.writeHead(416).end();
    response.writeHead(from > 0 ? 206 : 200, { etag: '"one"', 'content-length': data.length - from });
    response.end(data.subarray(from));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  open.push(() => new Promise((resolve) => { server.closeAllConnections(); server.close(() => resolve()); })); // prettier-ignore
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/tiny.tar.bz2`, asked };
}

let places = 0;
/** A data folder whose own catalogue has one voice at an address. */
function storeOf(
  url: string,
  entry: Partial<CatalogueEntry> & { bytes?: number; sha?: string[] } = {},
): { store: VoiceStore; voices: string; dataDir: string } {
  const dataDir = path.join(folder, `data-${places++}`);
  const voices = path.join(dataDir, 'voices');
  mkdirSync(voices, { recursive: true });
  const { bytes = archive.length, sha = [sha256(archive)], ...rest } = entry;
  const own = {
    name: 'tiny',
    language: 'en-GB',
    gender: 'female',
    licence: 'CC0-1.0',
    parts: [{ url, bytes, sha256: sha }],
    ...rest,
  };
  writeFileSync(path.join(voices, 'catalogue.json'), JSON.stringify([own]));
  return { store: openVoices(loadConfig({ DATA_DIR: dataDir })), voices, dataDir };
}

/** Waits until so much of the voice has been written, however slow the machine. */
async function received(voices: string, bytes: number): Promise<void> {
  const part = path.join(voices, '.downloads', 'tiny.0.part');
  while (!existsSync(part) || statSync(part).size < bytes) await delay(10);
}

const signal = new AbortController().signal;
const left = (voices: string): string[] => readdirSync(voices, { recursive: true }).map(String).filter((name) => !/^(catalogue\.json|\.downloads)$/.test(name)); // prettier-ignore

describe('adding a voice', () => {
  it('downloads, checks and unpacks it, and it speaks', async () => {
    const { url, asked } = await serve();
    const { store, dataDir } = storeOf(url);
    const seen: VoiceProgress[] = [];
    expect((await store.offered())[0]).toMatchObject({ name: 'tiny', installed: false });
    const added = await store.add('TINY', { signal, onProgress: (progress) => seen.push(progress) });
    expect(added).toMatchObject({ name: 'tiny', licence: 'CC0-1.0', warnings: [] });
    expect(asked).toEqual([{ range: undefined, ifRange: undefined }]);
    expect(seen.map((each) => each.step)).toContain('unpacking');
    const counted = seen.filter((each) => each.step === 'downloading').map((each) => each.bytes);
    expect(counted).toEqual(counted.toSorted((a, b) => a - b));
    expect(counted.at(-1)).toBe(archive.length);
    expect(readFileSync(path.join(added.folder, 'deep', 'er', 'x'.repeat(120)), 'utf8')).toBe('a long name');
    expect((await store.offered())[0]).toMatchObject({ installed: true });
    const speech = createSpeech({ ...speechOptions(loadConfig({ DATA_DIR: dataDir })), cacheDir: path.join(dataDir, 'cache') }); // prettier-ignore
    open.push(() => speech.close());
    expect(speech.voices('en-GB')).toContainEqual(expect.objectContaining({ engine: 'sherpa', name: 'tiny', language: 'en-GB', gender: 'female', licence: 'CC0-1.0' })); // prettier-ignore
    expect((await speech.speak({ text: 'hello', language: 'en-GB' })).engine).toBe('sherpa');
    await expect(store.add('tiny', { signal })).rejects.toMatchObject({ code: 'conflict' });
    await store.remove('Tiny');
    expect(existsSync(added.folder)).toBe(false);
    await expect(store.remove('tiny')).rejects.toMatchObject({ code: 'not_found' });
  });

  it('goes on where the connection broke, of the same file only', async () => {
    const { url, asked } = await serve((_, response, count) => {
      if (count > 2) return false;
      response.writeHead(200, { etag: '"one"', 'content-length': archive.length });
      // More each time, so that what was there before is not taken for it.
      response.write(archive.subarray(0, 10_000 + count * 10_000));
      void received(voices, 10_000 + count * 10_000).then(() => response.destroy());
      return true;
    });
    // The second answer ignores the range and begins anew; the third goes on.
    const { store, voices } = storeOf(url);
    await store.add('tiny', { signal });
    expect(asked[0]!.range).toBeUndefined();
    expect(asked.at(-1)).toEqual({ range: expect.stringMatching(/^bytes=[1-9]\d*-$/), ifRange: '"one"' });
  }, 20_000);

  it('keeps what has come when it is cancelled, and asks for the rest the next time', async () => {
    const stop = new AbortController();
    const { url, asked } = await serve((_, response, count) => {
      if (count > 1) return false;
      response.writeHead(200, { etag: '"one"', 'content-length': archive.length });
      response.write(archive.subarray(0, 30_000));
      void received(voices, 30_000).then(() => stop.abort());
      return true;
    });
    const { store, voices } = storeOf(url);
    await expect(store.add('tiny', { signal: stop.signal })).rejects.toMatchObject({ code: 'cancelled' });
    const part = path.join(voices, '.downloads', 'tiny.0.part');
    expect(statSync(part).size).toBe(30_000);
    await store.add('tiny', { signal });
    expect(asked[1]).toEqual({ range: 'bytes=30000-', ifRange: '"one"' });
    expect(existsSync(part)).toBe(false);
  });

  it('begins anew when the file was published anew meanwhile', async () => {
    const { url } = await serve((_, response, count) => {
      if (count > 1) return false;
      response.writeHead(200, { etag: '"old"', 'content-length': archive.length });
      response.write(Buffer.alloc(10_000, 1), () => setTimeout(() => response.destroy(), 50));
      return true;
    });
    const { store } = storeOf(url);
    expect(await store.add('tiny', { signal })).toMatchObject({ name: 'tiny' });
  }, 20_000);

  it.each<[string, Parameters<typeof serve>[0], Parameters<typeof storeOf>[1], object]>([
    ['what hashes to something else', undefined, { sha: ['0'.repeat(64)] }, { code: 'fetch_failed', message: expect.stringMatching(/not the file that was published/) }],
    ['what is bigger than it should be', undefined, { bytes: 1000 }, { code: 'fetch_failed' }],
    ['a missing file', (_, response) => Boolean(response.writeHead(404).end()), {}, { code: 'fetch_failed', message: expect.stringContaining('404') }],
    ['a web page', (_, response) => Boolean(response.writeHead(200, { 'content-type': 'text/html' }).end('<html>')), {}, { code: 'fetch_failed', message: expect.stringContaining('web page') }],
  ])('refuses %s and leaves nothing', async (_, handler, entry, expected) => {
    const { url } = await serve(handler);
    const { store, voices } = storeOf(url, entry);
    await expect(store.add('tiny', { signal })).rejects.toMatchObject(expected);
    expect(left(voices)).toEqual([]);
  }, 40_000); // prettier-ignore

  it('refuses an archive that holds no voice, is damaged, or wants to write elsewhere', async () => {
    const empty = path.join(folder, 'empty');
    mkdirSync(empty, { recursive: true });
    writeFileSync(path.join(empty, 'README'), 'nothing');
    const linked = path.join(folder, 'linked');
    mkdirSync(linked, { recursive: true });
    symlinkSync('/etc/passwd', path.join(linked, 'tokens.txt'));
    const damaged = Buffer.from(archive);
    damaged.fill(0x55, 2000, 2100);
    for (const [data, message] of [
      [packFolder(empty), /holds no model/],
      [packFolder(linked), /holds a link/],
      [packFolder(empty, ['-P', '--transform=s,^empty/,empty/../../,']), /outside of its folder/],
      [damaged, /damaged/],
      [Buffer.from('not bzip2 at all'), /is no bzip2/],
      [execFileSync('bzip2', { input: 'no tar' }), /is (cut short|no tar)/],
    ] as const) {
      const { url } = await serve(undefined, data);
      const { store, voices } = storeOf(url, { bytes: data.length, sha: [sha256(data)] });
      await expect(store.add('tiny', { signal })).rejects.toThrow(message);
      expect(left(voices)).toEqual([...left(voices)].filter((name) => name.endsWith('.part') || name.endsWith('.etag'))); // prettier-ignore
    }
  });

  it('says plainly where nobody published a checksum', async () => {
    const { url } = await serve();
    const { store } = storeOf(url, { sha: [] });
    expect((await store.add('tiny', { signal })).warnings).toEqual([expect.stringMatching(/only its size was checked/)]); // prettier-ignore
  });

  it('puts a voice of several files together', async () => {
    const { url } = await serve((request, response) => {
      if (!request.url!.endsWith('extra.txt')) return false;
      response.end('more');
      return true;
    });
    const extra = { url: url.replace('tiny.tar.bz2', 'extra.txt'), bytes: 4, sha256: [sha256(Buffer.from('more'))], file: 'extra.txt' }; // prettier-ignore
    const { store } = storeOf(url, {
      parts: [{ url, bytes: archive.length, sha256: [sha256(archive)] }, extra],
    });
    const { folder: place } = await store.add('tiny', { signal });
    expect(readFileSync(path.join(place, 'extra.txt'), 'utf8')).toBe('more');
  });

  it('names near ones for a name it does not know, and a catalogue it cannot read', async () => {
    const { store, voices } = storeOf('http://127.0.0.1:1/x');
    await expect(store.add('es_MX-claude-hihg', { signal })).rejects.toMatchObject({ code: 'not_found', hint: expect.stringContaining('es_MX-claude-high') }); // prettier-ignore
    writeFileSync(path.join(voices, 'catalogue.json'), '[{"name":"../../etc"}]');
    await expect(store.offered()).rejects.toMatchObject({ code: 'invalid_request', message: expect.stringContaining('catalogue.json') }); // prettier-ignore
  });
});

describe('the catalogue', () => {
  it('has names, licences and checksums of the right form, each name once', () => {
    for (const entry of catalogue) expect(catalogueEntrySchema.parse(entry)).toEqual(entry);
    expect(new Set(catalogue.map((entry) => entry.name)).size).toBe(catalogue.length);
    for (const { parts } of catalogue)
      for (const part of parts)
        expect(part.url).toMatch(/^https:\/\/github\.com\/k2-fsa\/sherpa-onnx\/releases\//);
  });
});

describe('bzip2', () => {
  const unpack = (packed: Buffer, piece = 1000): Buffer => {
    let at = 0;
    const read = (): Buffer | null => (at < packed.length ? packed.subarray(at, (at += piece)) : null);
    return Buffer.concat([...unpackBzip2(read)]);
  };
  const pack = (data: Buffer, level = '-9'): Buffer => execFileSync('bzip2', [level, '-c'], { input: data });

  it('gives back what the system’s bzip2 packed', () => {
    const bytes = fc.uint8Array({ maxLength: 3000 });
    const runs = fc.array(fc.tuple(fc.nat({ max: 255 }), fc.integer({ min: 1, max: 600 })), {
      maxLength: 20,
    });
    fc.assert(
      fc.property(fc.oneof(bytes, runs.map((list) => Uint8Array.from(list.flatMap(([byte, count]) => Array<number>(count).fill(byte))))), fc.integer({ min: 1, max: 99 }), (data, piece) => {
        expect(unpack(pack(Buffer.from(data)), piece).equals(Buffer.from(data))).toBe(true);
      }),
      { numRuns: 30 },
    ); // prettier-ignore
  });

  it('reads many blocks and several streams', () => {
    const text = Buffer.from(Array.from({ length: 60_000 }, (_, index) => `line ${index % 977}\n`).join(''));
    expect(unpack(Buffer.concat([pack(text, '-1'), pack(Buffer.from('end'))])).equals(Buffer.concat([text, Buffer.from('end')]))).toBe(true); // prettier-ignore
  });

  it('never takes damage for data', () => {
    const data = Buffer.from('What is damaged is told, not spoken. '.repeat(100));
    const packed = pack(data);
    fc.assert(
      fc.property(fc.nat({ max: packed.length - 1 }), fc.integer({ min: 1, max: 255 }), (at, change) => {
        const damaged = Buffer.from(packed);
        damaged[at]! ^= change;
        let result: Buffer | null = null;
        try {
          result = unpack(damaged);
        } catch (error) {
          expect(error).toBeInstanceOf(RangeError);
        }
        if (result) expect(result.equals(data)).toBe(true);
      }),
      { numRuns: 200 },
    );
    for (let length = 0; length < packed.length; length += 7)
      expect(() => unpack(packed.subarray(0, length))).toThrow(RangeError);
  });
});

describe('tar', () => {
  it('that is cut short anywhere is told', async () => {
    const tar = execFileSync('tar', ['-cf', '-', '-C', path.join(folder, 'source'), 'vits-piper-en_US-tiny-low'], { maxBuffer: 64 * 1024 ** 2 }); // prettier-ignore
    for (const length of [0, 100, 512, 700, 5000, 200_000]) {
      const place = path.join(folder, `cut-${length}`);
      mkdirSync(place);
      const pieces = async function* () { yield tar.subarray(0, length); }; // prettier-ignore
      await expect(unpackTar(pieces(), place)).rejects.toThrow(/cut short/);
    }
  });
});
