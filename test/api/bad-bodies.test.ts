/** Bodies that are wrong, huge, deep, poisoned, stuck or no HTTP at all: one shape of answer, and we live on. */
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import pino from 'pino';
import { buildServer } from '../../api/server.ts';
import { openKeys } from '../../core/keys.ts';
import { publicFiles } from '../../core/storage/signed-links.ts';
import type { Issue } from '../../core/errors.ts';
import { sendRaw } from './raw.ts';
import { keys, startService, tiny, type Service } from './service.ts';

let service: Service;
beforeAll(async () => {
  service = await startService({ SERVICES: 'api' });
});
afterAll(() => service.stop());
// Whatever came, nothing was taken on and the process answers.
afterEach(async () => {
  expect((await service.json('/api/jobs', { key: 'boss' })).body).toEqual({ jobs: [], nextCursor: null });
  expect((await service.ask('/health')).status).toBe(200);
});

const text = (body: string | Uint8Array<ArrayBuffer>, type = 'application/json') => ({
  method: 'POST',
  headers: { 'content-type': type },
  body,
});
const scene = tiny.scenes[0]!;

test.each([
  ['2 MB', JSON.stringify({ ...tiny, title: 'x'.repeat(2 * 1024 ** 2) }), 413, 'too_large', null],
  ['100,000 nested lists', '['.repeat(100_000) + ']'.repeat(100_000), 400, 'invalid_storyboard', null],
  [
    '100,000 lists nested in metadata',
    `{"scenes":[{}],"metadata":{"a":${'['.repeat(100_000)}${']'.repeat(100_000)}}}`,
    400,
    'invalid_storyboard',
    /^metadata\.a/,
  ],
  [
    '100,000 nested objects',
    '{"a":'.repeat(100_000) + '1' + '}'.repeat(100_000),
    400,
    'invalid_storyboard',
    null,
  ],
  ['__proto__', '{"scenes":[{}],"__proto__":{"admin":true}}', 400, 'invalid_request', null],
  [
    '__proto__ deep inside',
    '{"scenes":[{"media":{"__proto__":{"type":"color"}}}]}',
    400,
    'invalid_request',
    null,
  ],
  [
    'constructor.prototype',
    '{"scenes":[{}],"constructor":{"prototype":{"a":1}}}',
    400,
    'invalid_request',
    null,
  ],
  [
    '500 scenes',
    JSON.stringify({ ...tiny, scenes: Array(500).fill(scene) }),
    400,
    'invalid_storyboard',
    'scenes',
  ],
  [
    '50 kB of text',
    JSON.stringify({ scenes: [{ text: 'x'.repeat(50_000) }] }),
    400,
    'invalid_storyboard',
    'scenes[0].text',
  ],
  ['NaN', '{"scenes":[{"duration":NaN}]}', 400, 'invalid_request', null],
  [
    'an infinite duration',
    '{"scenes":[{"duration":1e999}]}',
    400,
    'invalid_storyboard',
    'scenes[0].duration',
  ],
  ['a negative duration', '{"scenes":[{"duration":-1}]}', 400, 'invalid_storyboard', 'scenes[0].duration'],
  ['a NUL', '{"scenes":[{"text":"a\\u0000b"}]}', 400, 'invalid_storyboard', 'scenes[0].text'],
  ['a lone surrogate as a key', '{"scenes":[{}],"\\ud800":1}', 400, 'invalid_storyboard', null],
  ['no scenes', '{"scenes":[]}', 400, 'invalid_storyboard', 'scenes'],
  [
    'a file of the host',
    JSON.stringify({ scenes: [{ media: { type: 'image', src: '/etc/passwd' } }] }),
    422,
    'url_not_allowed',
    'scenes[0].media.src',
  ],
  [
    'a file: address',
    JSON.stringify({ scenes: [{ media: { type: 'image', src: 'file:///etc/passwd' } }] }),
    422,
    'url_not_allowed',
    'scenes[0].media.src',
  ],
  [
    'an upload nobody made',
    JSON.stringify({ scenes: [{ media: { type: 'image', src: 'asset:abc' } }] }),
    400,
    'invalid_storyboard',
    'scenes[0].media.src',
  ],
  ['null', 'null', 400, 'invalid_storyboard', null],
  ['a text', '"scenes"', 400, 'invalid_storyboard', null],
  ['nothing', '', 400, 'invalid_storyboard', null],
  ['half a document', '{"scenes":[', 400, 'invalid_request', null],
  ['control characters', '\ufffd\u0001', 400, 'invalid_request', null],
  [
    'a title in Latin-1',
    Uint8Array.from(Buffer.from('{"scenes":[{}],"title":"a\xf1o"}', 'latin1')),
    400,
    'invalid_request',
    null,
  ],
])('S39 %s', async (_what, body, status, code, path) => {
  const answer = await service.json('/api/compose', text(body));
  expect(answer.body.error).toMatchObject({ code, message: expect.any(String) });
  expect(answer.status).toBe(status);
  if (path !== null) {
    const paths = (answer.body.error.issues as Issue[]).map((issue) => issue.path);
    expect(paths).toContainEqual(typeof path === 'string' ? path : expect.stringMatching(path));
  }
  expect(Object.keys(answer.body)).toEqual(['error']);
  expect(JSON.stringify(answer.body).length).toBeLessThan(20_000);
  expect(({} as Record<string, unknown>)['admin']).toBeUndefined();
});

test.each([
  ['text/plain', JSON.stringify(tiny)],
  ['application/x-www-form-urlencoded', 'scenes=1'],
  ['application/xml', '<scenes/>'],
  ['multipart/mixed; boundary=x', '--x--'],
  ['nonsense', '{}'],
])('a body of type %s is 415', async (type, body) => {
  const answer = await service.json('/api/compose', text(body, type));
  expect(answer.status).toBe(415);
  expect(answer.body.error).toMatchObject({
    code: 'unsupported_type',
    hint: expect.stringContaining('application/json'),
  });
});

test('a form where JSON belongs is refused', async () => {
  const form = new FormData();
  form.append('scenes', '[]');
  const answer = await service.json('/api/compose', { method: 'POST', body: form });
  expect(answer.status).toBe(400);
  expect(answer.body.error.code).toBe('invalid_storyboard');
});

test('an unusable Idempotency-Key is refused', async () => {
  for (const key of ['x'.repeat(256), 'with space', 'ümlaut']) {
    const head = `POST /api/compose HTTP/1.1\r\nHost: x\r\nX-API-Key: ${keys.alice}\r\nContent-Type: application/json\r\n`;
    const body = JSON.stringify(tiny);
    const { status, body: answer } = await sendRaw(
      service.port,
      `${head}Idempotency-Key: ${key}\r\nConnection: close\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
    );
    expect(status, key).toBe(400);
    expect(JSON.parse(answer).error.code).toBe('invalid_request');
  }
});

test.each([
  ['no HTTP', 'HELLO\r\n\r\n', 400],
  [
    'two lengths',
    'POST /api/compose HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabc',
    400,
  ],
  [
    'a length beside chunks (request smuggling)',
    'POST /api/compose HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    400,
  ],
  ['no host', 'GET /health HTTP/1.1\r\n\r\n', 400],
  ['a line break in a header', 'GET /health HTTP/1.1\r\nHost: x\r\nX: a\rb\r\n\r\n', 400],
  ['100 kB of headers', `GET /health HTTP/1.1\r\nHost: x\r\nX: ${'a'.repeat(100_000)}\r\n\r\n`, 431],
  ['an address that cannot be decoded', 'GET /api/%zz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n', 400],
])('%s is answered in the one shape', async (_what, request, status) => {
  const answer = await sendRaw(service.port, request, 5000);
  expect(answer.status).toBe(status);
  expect(JSON.parse(answer.body)).toMatchObject({
    error: { code: expect.any(String), message: expect.any(String) },
  });
});

test('an answer before the whole body is here can be read, and the connection goes on', async () => {
  const { status, body } = await sendRaw(
    service.port,
    Buffer.concat([
      Buffer.from(
        `POST /api/compose HTTP/1.1\r\nHost: x\r\nX-API-Key: ${keys.alice}\r\nContent-Type: application/json\r\nContent-Length: 8000000\r\n\r\n`,
      ),
      Buffer.alloc(8_000_000, 0x20),
      Buffer.from('GET /health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n'),
    ]),
  );
  expect(status).toBe(413);
  expect(body).toContain('"too_large"');
  expect(body).toContain('{"status":"ok"}');
});

test('a body that does not arrive is cut off in time, whoever sends it', async () => {
  const { ring } = await openKeys({ configured: `alice:${keys.alice}`, dataDir: service.dataDir });
  const server = await buildServer({
    studio: service.app.studio,
    keys: ring,
    signer: publicFiles,
    config: service.config,
    log: pino({ level: 'silent' }),
    bodyLimits: { deadlineMs: 300, lingerMs: 300 },
  });
  await server.listen({ host: '127.0.0.1', port: 0 });
  const { port } = server.server.address() as { port: number };
  try {
    const stuck = (key: string, type: string): Promise<{ status: number; body: string; head: string }> =>
      sendRaw(
        port,
        `POST /api/compose HTTP/1.1\r\nHost: x\r\nX-API-Key: ${key}\r\nContent-Type: ${type}\r\nContent-Length: 1000\r\n\r\n{"a`,
        20_000,
      );
    const late = await stuck(keys.alice, 'application/json');
    expect(late.status).toBe(408);
    expect(JSON.parse(late.body).error).toEqual({
      code: 'timeout',
      message: 'The request took too long to arrive.',
    });
    expect(late.head.toLowerCase()).toContain('connection: close');
    // Refused at once; its connection is not held open for the rest.
    expect((await stuck('wrong', 'application/json')).status).toBe(401);
    expect((await stuck('wrong', 'multipart/form-data; boundary=x')).status).toBe(401);
    expect((await stuck(keys.alice, 'text/plain')).status).toBe(415);
  } finally {
    await server.close();
  }
});
