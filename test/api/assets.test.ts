/** Uploads: kept by content and usable as `src`; what is wrong, too large or broken off leaves nothing. */
import { readdir, readFile } from 'node:fs/promises';
import { connect } from 'node:net';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { makeTone, quarters, sampleFolder } from '../helpers/samples.ts';
import { sendRaw } from './raw.ts';
import { keys, startService, tiny, type Answer, type Service } from './service.ts';

let service: Service;
let picture: Buffer;
beforeAll(async () => {
  service = await startService();
  picture = await quarters(64, 48).png().toBuffer();
});
afterAll(() => service.stop());

function upload(bytes: Buffer | string, name = 'a.png'): Promise<Answer> {
  const form = new FormData();
  form.append('file', new Blob([bytes as BlobPart]), name);
  return service.json('/api/assets', { method: 'POST', body: form });
}

/** What is in the folder of uploads, unfinished ones included. */
const kept = async (): Promise<string[]> => (await readdir(path.join(service.dataDir, 'assets'))).toSorted();

test('a picture is kept by its content and can be used in a film', async () => {
  const { status, body } = await upload(picture);
  expect(status).toBe(201);
  expect(body).toEqual({
    id: expect.stringMatching(/^[0-9a-f]{64}$/),
    src: `asset:${body.id}`,
    type: 'image',
    width: 64,
    height: 48,
    duration: null,
    size: picture.length,
  });
  // The same again, whatever it is called, is the same.
  expect((await upload(picture, '../../etc/passwd')).body).toEqual(body);
  expect(await kept()).toEqual([body.id, `${body.id}.json`]);
  const job = await service.film({
    ...tiny,
    scenes: [{ media: { type: 'image', src: body.src }, duration: 0.3 }],
  });
  expect(job).toMatchObject({ status: 'done', error: null });
});

test('a sound is one', async () => {
  const { dir, remove } = await sampleFolder();
  const file = await makeTone(path.join(dir, 'tone.mp3'));
  const { status, body } = await upload(await readFile(file), 'tone.mp3');
  await remove();
  expect(status).toBe(201);
  expect(body).toMatchObject({ type: 'audio', width: null, duration: expect.closeTo(1, 1) });
});

test('what no film could use is refused and not kept, whatever it is called', async () => {
  const before = await kept();
  for (const [bytes, name] of [
    ['just some text', 'film.mp4'],
    ['<svg xmlns="http://www.w3.org/2000/svg"><image href="file:///etc/passwd"/></svg>', 'a.png'],
    ['#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n', 'list.mp4'],
    ['%PDF-1.4', 'a.jpg'],
    [picture.subarray(0, picture.length / 2), 'half.png'],
    ['', 'empty.png'],
  ] as const) {
    const { status, body } = await upload(bytes as string, name);
    expect(status, name).toBe(422);
    expect(body.error).toMatchObject({ code: 'media_unusable', message: expect.any(String) });
    expect(JSON.stringify(body)).not.toContain(service.dataDir);
  }
  expect(await kept()).toEqual(before);
});

test('a form without a file, and no form, are refused', async () => {
  const form = new FormData();
  form.append('note', 'no file here');
  expect(await service.json('/api/assets', { method: 'POST', body: form })).toMatchObject({
    status: 400,
    body: { error: { code: 'invalid_request', message: 'The form has no file.' } },
  });
  expect((await service.json('/api/assets', { json: {} })).status).toBe(415);
  expect((await service.json('/api/assets', { method: 'POST' })).status).toBe(415);
});

const part = (
  body: Buffer | string,
  head = 'Content-Disposition: form-data; name="file"; filename="a.png"',
): Buffer => Buffer.concat([Buffer.from(`--xx\r\n${head}\r\n\r\n`), Buffer.from(body as string)]);

async function post(
  body: Buffer,
  type = 'multipart/form-data; boundary=xx',
): Promise<{ status: number; body: string }> {
  const head = `POST /api/assets HTTP/1.1\r\nHost: x\r\nX-API-Key: ${keys.alice}\r\nContent-Type: ${type}\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n`;
  return sendRaw(service.port, Buffer.concat([Buffer.from(head), body]));
}

test('forms that are broken are the sender’s fault, and leave nothing', async () => {
  const before = await kept();
  for (const [what, body, type] of [
    ['ends within the file', part(picture)],
    ['ends within the head', Buffer.from('--xx\r\nContent-Dispos')],
    ['has no boundary', part(picture), 'multipart/form-data'],
    ['has another boundary', part(picture), 'multipart/form-data; boundary=yy'],
    ['is empty', Buffer.alloc(0)],
    [
      'writes to __proto__',
      Buffer.concat([
        part('1', 'Content-Disposition: form-data; name="__proto__"'),
        Buffer.from('\r\n--xx--\r\n'),
      ]),
    ],
    [
      'has twenty fields',
      Buffer.concat([
        ...Array.from({ length: 20 }, (_, index) =>
          part('1\r\n', `Content-Disposition: form-data; name="f${index}"`),
        ),
        Buffer.from('--xx--\r\n'),
      ]),
    ],
  ] as const) {
    const answer = await post(body, type);
    expect(answer.status, what).toBeGreaterThanOrEqual(400);
    expect(answer.status, what).toBeLessThan(500);
    expect(JSON.parse(answer.body), what).toMatchObject({ error: { code: expect.any(String) } });
  }
  await expect.poll(kept).toEqual(before);
});

test('an upload that breaks off leaves nothing', async () => {
  const before = await kept();
  const socket = connect(service.port, '127.0.0.1');
  socket.write(
    `POST /api/assets HTTP/1.1\r\nHost: x\r\nX-API-Key: ${keys.alice}\r\nContent-Type: multipart/form-data; boundary=xx\r\nContent-Length: 1000000\r\n\r\n`,
  );
  socket.write(part(picture));
  await expect.poll(async () => (await kept()).length).toBe(before.length + 1);
  socket.destroy();
  await expect.poll(kept, { timeout: 10_000 }).toEqual(before);
  expect((await service.ask('/health')).status).toBe(200);
});

test('an upload over the limit is told so while it is still coming, and leaves nothing', async () => {
  const before = await kept();
  // As large as no clip may be, made as it is sent; nearly all of it is never sent.
  const limit = 2 * 1024 ** 3 + 2 ** 20;
  const socket = connect(service.port, '127.0.0.1');
  let answer = '';
  socket.setEncoding('utf8').on('data', (chunk: string) => (answer += chunk));
  socket.on('error', () => undefined);
  socket.write(
    `POST /api/assets HTTP/1.1\r\nHost: x\r\nX-API-Key: ${keys.alice}\r\nContent-Type: multipart/form-data; boundary=xx\r\nContent-Length: ${limit}\r\n\r\n`,
  );
  socket.write(part('x'));
  await expect.poll(() => answer, { timeout: 5000 }).toContain('HTTP/1.1 413');
  expect(answer).toContain('"too_large"');
  socket.destroy();
  expect(await kept()).toEqual(before);
});
