import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { realNetwork, type Address, type Network } from '../../../core/ingest/connect.ts';
import { createDownloadBudget } from '../../../core/ingest/download-budget.ts';
import { createIngest, type IngestLimits } from '../../../core/ingest/index.ts';
import { quarters, sampleFolder, testFfmpeg } from '../../helpers/samples.ts';

type Answer = (request: IncomingMessage, response: ServerResponse, count: number) => void;

let dir: string;
let remove: () => Promise<void>;
let picture: Buffer;
let server: Server;
let port: number;
let answer: Answer;
let requests: IncomingMessage[];
let dialled: string[];
let folder = 0;

beforeAll(async () => {
  ({ dir, remove } = await sampleFolder());
  picture = await quarters(200, 100).png({ compressionLevel: 0 }).toBuffer();
  server = createServer((request, response) => {
    requests.push(request);
    answer(request, response, requests.length);
  });
  await new Promise<void>((resolve) => server.listen(0, resolve));
  port = (server.address() as AddressInfo).port;
});
beforeEach(() => {
  requests = [];
  dialled = [];
  folder += 1;
  answer = (_request, response) => response.end(picture);
});
afterEach(() => {
  vi.unstubAllEnvs();
  server.closeAllConnections();
});
afterAll(async () => {
  server.close();
  await remove();
});

/** Names as the attacker's DNS answers them. */
const names: Record<string, string[][]> = {
  'internal.test': [['127.0.0.1']],
  'v6.test': [['::1']],
  'mapped.test': [['::ffff:127.0.0.1']],
  'mixed.test': [['93.184.216.34', '127.0.0.1']],
  'rebind.test': [['93.184.216.34'], ['127.0.0.1']],
  'meta.test': [['169.254.169.254']],
  'cgnat.test': [['100.100.100.200']],
  'azure.test': [['168.63.129.16']],
  'zero.test': [['0.0.0.0']],
  localhost: [['127.0.0.1', '::1']],
  'six-to-four.test': [['2002:7f00:1::']],
  'teredo.test': [['2001:0:7f00:1::']],
  'local6.test': [['fd00::1']],
  'nat64.test': [['64:ff9b::7f00:1']],
  'empty.test': [[]],
  'public.test': [['93.184.216.34']],
};

/** Notes every connection that would be made, and makes only those to loopback that were allowed by name. */
const network: Network = {
  async resolve(host) {
    const answers = names[host] ?? [];
    const next = answers.length > 1 ? answers.shift()! : (answers[0] ?? []);
    return next.map((address): Address => ({ address, family: address.includes(':') ? 6 : 4 }));
  },
  dial(addresses, options, timeoutMs, done) {
    dialled.push(...addresses.map(({ address }) => address));
    if (Number(options.port) === port) return realNetwork.dial(addresses, options, timeoutMs, done);
    done(Object.assign(new Error('nothing leaves this machine'), { code: 'ECONNREFUSED' }), null);
  },
};

const cacheDir = (): string => path.join(dir, `cache${folder}`);

function createTestIngest(limits: Partial<IngestLimits> = {}, allowHosts = [`127.0.0.1:${port}`]) {
  return createIngest({ ffmpeg: testFfmpeg(), cacheDir: cacheDir(), allowHosts, network, limits });
}
const fetchPicture = (at: string, limits: Partial<IngestLimits> = {}, context: object = {}) =>
  createTestIngest(limits).picture(at, context);
const local = (at = '/a.png'): string => `http://127.0.0.1:${port}${at}`;

async function expectNothingLeft(): Promise<void> {
  await expect
    .poll(async () => (await readdir(cacheDir()).catch(() => [])).filter((name) => name.startsWith('.tmp-')))
    .toEqual([]);
}

describe('S25: addresses that must not be fetched', () => {
  const hosts = [
    ...[
      '127.0.0.1',
      'localhost',
      '127.1',
      '2130706433',
      '0x7f000001',
      '0177.0.0.1',
      '0.0.0.0',
      '0',
      '[::1]',
      '[::]',
      '[::ffff:127.0.0.1]',
      '[::ffff:7f00:1]',
    ],
    ...[
      '[::127.0.0.1]',
      '[64:ff9b::7f00:1]',
      '①②⑦.⓪.⓪.①',
      'internal.test',
      'v6.test',
      'mapped.test',
      'mixed.test',
      'meta.test',
      'cgnat.test',
      'azure.test',
    ],
    ...[
      'zero.test',
      'user:pw@127.0.0.1',
      '10.0.0.1',
      '192.168.1.1',
      '172.16.0.1',
      '169.254.169.254',
      '168.63.129.16',
      '[fe80::1]',
      '[2002:7f00:1::]',
      '[2001:db8::1]',
    ],
    ...[
      'six-to-four.test',
      'teredo.test',
      'local6.test',
      'nat64.test',
      'user:pw@public.test',
      'localhost.',
      '198.18.0.1',
      '255.255.255.255',
      '224.0.0.1',
    ],
  ];
  it.each(hosts)('%s, on a usual port and on another', async (host) => {
    const ingest = createTestIngest({ fetchAttempts: 1 }, []);
    names['localhost.'] = [['127.0.0.1']];
    for (const url of [`http://${host}/a.png`, `https://${host}/a.png`, `http://${host}:${port}/a.png`])
      await expect(ingest.picture(url), url).rejects.toMatchObject({
        code: 'url_not_allowed',
        hint: expect.any(String),
      });
    expect(dialled).toEqual([]);
    expect(requests).toEqual([]);
  });

  it('a name that changes its mind: only the address that was checked is dialled', async () => {
    await expect(createTestIngest({}, []).picture('http://rebind.test/a.png')).rejects.toMatchObject({
      code: 'url_not_allowed',
    });
    expect(dialled).toEqual(['93.184.216.34']);
  });

  it.each(
    [
      [
        'file:///etc/passwd',
        'data:image/png;base64,AAAA',
        'gopher://public.test/',
        'ftp://public.test/a.png',
        'javascript:alert(1)',
        'concat:a|b',
        'blob:x',
      ],
      [
        'http://public.test:22/',
        'http://public.test:6379/',
        'https://public.test:8443/',
        'http://',
        'http://%',
        '/etc/passwd',
        '../a.png',
        '//public.test/a.png',
      ],
    ].flat(),
  )('%s', async (url) => {
    await expect(createTestIngest({}, []).picture(url)).rejects.toMatchObject({
      code: 'url_not_allowed',
      hint: expect.any(String),
    });
    expect(dialled).toEqual([]);
  });

  it.each([
    'http://[::1]:PORT/a.png',
    'http://localhost/a.png',
    'file:///etc/passwd',
    'http://user:pw@127.0.0.1:PORT/',
    '//internal.test/a.png',
    'gopher://public.test',
  ])('a redirect to %s ends after the first hop', async (target) => {
    answer = (_request, response) =>
      response.writeHead(302, { location: target.replace('PORT', String(port)) }).end();
    await expect(fetchPicture(local())).rejects.toMatchObject({ code: 'url_not_allowed' });
    expect(requests).toHaveLength(1);
    expect(dialled).toEqual(['127.0.0.1']);
  });

  it('says nothing of what is behind a name', async () => {
    const error = await createTestIngest({}, [])
      .picture('http://internal.test/a.png')
      .catch((caught: unknown) => caught as Error);
    expect(JSON.stringify([String(error), (error as { hint?: string }).hint])).not.toContain('127.0.0.1');
  });

  it('takes an address by name only on the port that was allowed', async () => {
    const ingest = createTestIngest({}, [`Internal.test:${port}`.toLowerCase()]);
    expect(await ingest.picture(`http://internal.test:${port}/a.png`)).toMatchObject({ width: 200 });
    await expect(ingest.picture('http://internal.test/a.png')).rejects.toMatchObject({
      code: 'url_not_allowed',
    });
    await expect(ingest.picture(local())).rejects.toMatchObject({ code: 'url_not_allowed' });
  });
});

describe('fetching', () => {
  it('follows three redirects and no more', async () => {
    answer = (request, response) => {
      const left = Number(new URL(request.url!, 'http://x').searchParams.get('left'));
      if (left > 0) response.writeHead(307, { location: `/?left=${left - 1}` }).end();
      else response.end(picture);
    };
    expect(await fetchPicture(local('/?left=3'))).toMatchObject({ width: 200 });
    await expect(fetchPicture(local('/?left=4'))).rejects.toMatchObject({
      code: 'fetch_failed',
      message: expect.stringContaining('redirects'),
    });
  });

  it('asks for the plain bytes, names itself, and sends no more', async () => {
    await fetchPicture(local());
    expect(Object.keys(requests[0]!.headers).toSorted()).toEqual([
      'accept',
      'accept-encoding',
      'connection',
      'host',
      'user-agent',
    ]);
    expect(requests[0]!.headers['accept-encoding']).toBe('identity');
  });

  it('refuses a compressed body', async () => {
    answer = (_request, response) =>
      response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync(picture));
    await expect(fetchPicture(local())).rejects.toMatchObject({
      code: 'fetch_failed',
      message: expect.stringContaining('compressed'),
    });
  });

  it('ignores proxies of the environment', async () => {
    for (const name of ['http_proxy', 'HTTP_PROXY', 'https_proxy', 'all_proxy'])
      vi.stubEnv(name, 'http://127.0.0.1:9/');
    expect(await fetchPicture(local())).toMatchObject({ width: 200 });
  });

  it.each([
    [404, 1, 'fetch_failed', false],
    [403, 1, 'fetch_failed', false],
    [503, 3, 'fetch_failed', true],
  ])('answers %i after %i attempts', async (status, attempts, code, retryable) => {
    answer = (_request, response) => response.writeHead(status).end();
    await expect(fetchPicture(local())).rejects.toMatchObject({
      code,
      retryable,
      hint: expect.any(String),
      message: expect.stringContaining(String(status)),
    });
    expect(requests).toHaveLength(attempts);
  });

  it('says when there is no such host', async () => {
    await expect(createTestIngest({}, []).picture('http://empty.test/a.png')).rejects.toMatchObject({
      code: 'fetch_failed',
      message: expect.stringContaining('no host'),
    });
  });

  it('tells a web page from a picture', async () => {
    answer = (_request, response) => response.end('<!doctype html><html><body>Hello</body></html>');
    await expect(fetchPicture(local())).rejects.toMatchObject({
      code: 'media_unusable',
      message: expect.stringContaining('web page'),
    });
  });

  it('reports bytes as they come, and fetches once for two who ask', async () => {
    const seen: [number, number | null][] = [];
    const ingest = createTestIngest();
    answer = (_request, response) =>
      response.writeHead(200, { 'content-length': picture.length }).end(picture);
    const onBytes = (received: number, total: number | null): void => void seen.push([received, total]);
    const [one, two] = await Promise.all([ingest.picture(local(), { onBytes }), ingest.picture(local())]);
    expect(one).toEqual(two);
    expect(requests).toHaveLength(1);
    expect(seen.at(-1)).toEqual([picture.length, picture.length]);
    expect(seen.map(([received]) => received)).toEqual(
      seen.map(([received]) => received).toSorted((a, b) => a - b),
    );
  });

  it('stops when told to, unless somebody else still waits', async () => {
    answer = (_request, response) =>
      void response
        .writeHead(200, { 'content-length': picture.length })
        .write(picture.subarray(0, 1000), () => setTimeout(() => response.end(picture.subarray(1000)), 150));
    const ingest = createTestIngest();
    const stop = new AbortController();
    const left = ingest.picture(local(), { signal: stop.signal, onBytes: () => stop.abort() });
    const stays = ingest.picture(local());
    await expect(left).rejects.toMatchObject({ code: 'cancelled' });
    expect(await stays).toMatchObject({ width: 200 });

    const all = new AbortController();
    await expect(
      ingest.picture(local('/b.png'), { signal: all.signal, onBytes: () => all.abort() }),
    ).rejects.toMatchObject({ code: 'cancelled' });
    await expectNothingLeft();
  });
});

describe('limits', () => {
  it('S27: ends an endless body at the limit', async () => {
    let received = 0;
    answer = (_request, response) => {
      const more = (): void => void (response.destroyed || response.write(Buffer.alloc(16_384), more));
      more();
    };
    await expect(
      fetchPicture(local(), { pictureBytes: 200_000 }, { onBytes: (bytes: number) => (received = bytes) }),
    ).rejects.toMatchObject({ code: 'too_large' });
    expect(received).toBeLessThanOrEqual(200_000);
    expect(requests).toHaveLength(1);
    await expectNothingLeft();
  });

  it('S27: believes a length that is over the limit, and does not read on', async () => {
    let received = 0;
    answer = (_request, response) =>
      void response.writeHead(200, { 'content-length': 10_000_000 }).write(Buffer.alloc(1000));
    await expect(
      fetchPicture(local(), { pictureBytes: 200_000 }, { onBytes: (bytes: number) => (received = bytes) }),
    ).rejects.toMatchObject({ code: 'too_large' });
    expect(received).toBe(0);
  });

  it('S27: notices a body shorter than its length', async () => {
    answer = (_request, response) => {
      response.writeHead(200, { 'content-length': picture.length + 500 });
      response.write(picture, () => response.destroy());
    };
    await expect(fetchPicture(local())).rejects.toMatchObject({ code: 'fetch_failed', retryable: true });
    await expectNothingLeft();
  });

  it('S28: ends a body of a byte now and then at the total limit', async () => {
    answer = (_request, response) => {
      const drip = (): void => void (response.destroyed || (response.write('x'), setTimeout(drip, 20)));
      drip();
    };
    await expect(fetchPicture(local(), { fetchMs: 400 })).rejects.toMatchObject({
      code: 'timeout',
      retryable: true,
    });
    await expectNothingLeft();
  });

  it('gives up on a side that stays silent', async () => {
    answer = (_request, response) => void response.writeHead(200).write('x');
    await expect(fetchPicture(local(), { idleMs: 150, fetchAttempts: 1 })).rejects.toMatchObject({
      code: 'timeout',
    });
    answer = () => {};
    await expect(fetchPicture(local(), { idleMs: 150, fetchAttempts: 1 })).rejects.toMatchObject({
      code: 'timeout',
    });
  });
});

describe('what is there already', () => {
  /** Sends the first half and hangs up, the first time; then as the server can. */
  const breaking =
    (headers: Record<string, string>, ranges: boolean): Answer =>
    (request, response, count) => {
      if (count === 1) {
        response.writeHead(200, { ...headers, 'content-length': picture.length });
        response.write(picture.subarray(0, picture.length / 2), () =>
          setTimeout(() => response.destroy(), 50),
        );
        return;
      }
      const from =
        ranges && request.headers['if-range'] ? Number(/\d+/.exec(request.headers.range ?? '')?.[0] ?? 0) : 0;
      const status = from > 0 ? 206 : 200;
      const range =
        from > 0 ? { 'content-range': `bytes ${from}-${picture.length - 1}/${picture.length}` } : {};
      response
        .writeHead(status, { ...headers, ...range, 'content-length': picture.length - from })
        .end(picture.subarray(from));
    };

  it.each([
    ['by ETag', { etag: '"v1"' }, '"v1"'],
    ['by date', { 'last-modified': 'Mon, 01 Jan 2024 00:00:00 GMT' }, 'Mon, 01 Jan 2024 00:00:00 GMT'],
  ])('resumes an interrupted body %s', async (_name, headers, validator) => {
    answer = breaking(headers, true);
    expect(await fetchPicture(local())).toMatchObject({ width: 200 });
    expect(requests[1]!.headers['if-range']).toBe(validator);
    expect(Number(/bytes=(\d+)-/.exec(requests[1]!.headers.range!)![1])).toBeGreaterThan(0);
  });

  it('goes on in a later run with what came in an earlier one', async () => {
    answer = breaking({ etag: '"v1"' }, true);
    await expect(fetchPicture(local(), { fetchAttempts: 1 })).rejects.toMatchObject({ code: 'fetch_failed' });
    await expectNothingLeft();
    const seen: number[] = [];
    const context = { onBytes: (received: number) => seen.push(received) };
    expect(await fetchPicture(local(), { fetchAttempts: 1 }, context)).toMatchObject({ width: 200 });
    const from = Number(/bytes=(\d+)-/.exec(requests[1]!.headers.range!)![1]);
    expect(requests[1]!.headers['if-range']).toBe('"v1"');
    expect(from).toBeGreaterThan(0);
    expect(seen[0]).toBeGreaterThan(from);
    expect(seen.at(-1)).toBe(picture.length);
  });

  it('takes the new version whole when the file changed since an earlier run', async () => {
    const changed = await quarters(120, 60).png().toBuffer();
    answer = (request, response, count) => {
      if (count === 1) return breaking({ etag: '"v1"' }, true)(request, response, count);
      response.writeHead(200, { etag: '"v2"' }).end(changed);
    };
    await expect(fetchPicture(local(), { fetchAttempts: 1 })).rejects.toMatchObject({ code: 'fetch_failed' });
    expect(await fetchPicture(local())).toMatchObject({ width: 120 });
  });

  it('asks for the whole when the server knows no such part', async () => {
    answer = (request, response, count) => {
      if (count === 1) return breaking({ etag: '"v1"' }, true)(request, response, count);
      if (request.headers.range) response.writeHead(416).end();
      else response.writeHead(200, { etag: '"v1"' }).end(picture);
    };
    expect(await fetchPicture(local())).toMatchObject({ width: 200 });
    expect(requests.map(({ headers }) => headers.range === undefined)).toEqual([true, false, true]);
  });

  it.each([
    ['the server gives the whole again', { etag: '"v1"' }, false],
    ['there is no validator', {}, true],
    ['the validator is weak', { etag: 'W/"v1"' }, true],
  ])('starts over when %s', async (_name, headers, ranges) => {
    answer = breaking(headers as Record<string, string>, ranges);
    expect(await fetchPicture(local())).toMatchObject({ width: 200 });
    expect(requests).toHaveLength(2);
  });

  it('asks whether it changed, and takes the new one if so', async () => {
    const changed = await quarters(120, 60).png().toBuffer();
    let etag = '"v1"';
    answer = (request, response) => {
      if (request.headers['if-none-match'] === etag) response.writeHead(304).end();
      else response.writeHead(200, { etag }).end(etag === '"v1"' ? picture : changed);
    };
    const first = await fetchPicture(local());
    const again = await fetchPicture(local());
    expect(again).toEqual(first);
    expect(requests[1]!.headers['if-none-match']).toBe('"v1"');
    etag = '"v2"';
    expect(await fetchPicture(local())).toMatchObject({ width: 120 });
  });

  it('asks so where redirects led before, and nobody else', async () => {
    let target = '/real.png';
    answer = (request, response) => {
      if (request.url === '/a.png') response.writeHead(302, { location: target }).end();
      else if (request.headers['if-none-match'] === '"v1"') response.writeHead(304).end();
      else response.writeHead(200, { etag: '"v1"' }).end(picture);
    };
    const first = await fetchPicture(local());
    expect(await fetchPicture(local())).toEqual(first);
    target = '/other.png';
    expect(await fetchPicture(local())).toEqual(first);
    expect(requests.map(({ url, headers }) => [url, headers['if-none-match']])).toEqual([
      ['/a.png', undefined],
      ['/real.png', undefined],
      ['/a.png', undefined],
      ['/real.png', '"v1"'],
      ['/a.png', undefined],
      ['/other.png', undefined],
    ]);
  });

  it('fetches anew what a server cannot vouch for', async () => {
    await fetchPicture(local());
    await fetchPicture(local());
    expect(requests.map((request) => request.headers['if-none-match'])).toEqual([undefined, undefined]);
  });
});

describe('the service itself', () => {
  const own = (allowHosts: string[] = []) =>
    createIngest({
      ffmpeg: testFfmpeg(),
      cacheDir: cacheDir(),
      network,
      allowHosts,
      ownHosts: ['public.test', '127.0.0.1'],
    });

  it('is no source of media, by none of its names and on no port', async () => {
    for (const at of ['https://public.test/files/a.mp4', 'http://PUBLIC.test:443/', local()])
      await expect(own().picture(at)).rejects.toMatchObject({
        code: 'url_not_allowed',
        message: expect.stringContaining('this service itself'),
        hint: expect.stringContaining('asset:'),
      });
    expect(dialled).toEqual([]);
  });

  it('is one where the operator says so', async () => {
    expect(await own([`127.0.0.1:${port}`]).picture(local())).toMatchObject({ width: 200 });
  });
});

describe('all downloads of one film', () => {
  const withBudget = (bytes: number) => ({ downloads: createDownloadBudget(bytes) });

  it('stop where their sum passes the limit, by what was announced', async () => {
    const context = withBudget(picture.length * 2.5);
    answer = (_request, response) => response.setHeader('content-length', picture.length).end(picture);
    await fetchPicture(local('/1.png'), {}, context);
    await fetchPicture(local('/2.png'), {}, context);
    await expect(fetchPicture(local('/3.png'), {}, context)).rejects.toMatchObject({
      code: 'too_large',
      message: expect.stringMatching(/more than [\d.]+ MB/),
    });
    await expectNothingLeft();
  });

  it('stop an endless one that announces nothing', async () => {
    let sent = 0;
    answer = (_request, response) => {
      const more = (): void => {
        if (response.destroyed) return;
        sent += 65_536;
        response.write(Buffer.alloc(65_536), more);
      };
      more();
    };
    await expect(fetchPicture(local(), {}, withBudget(1_000_000))).rejects.toMatchObject({
      code: 'too_large',
    });
    expect(sent).toBeLessThan(8_000_000);
    await expectNothingLeft();
  });

  it('count an address once, and a copy that is still right like a new one', async () => {
    answer = (request, response) => {
      if (request.headers['if-none-match']) response.writeHead(304).end();
      else response.writeHead(200, { etag: '"v1"', 'content-length': picture.length }).end(picture);
    };
    const context = withBudget(picture.length * 1.5);
    await fetchPicture(local(), {}, context);
    await fetchPicture(local(), {}, { ...context, maxSide: 50 });
    await expect(fetchPicture(local('/other.png'), {}, context)).rejects.toMatchObject({ code: 'too_large' });
    await fetchPicture(local('/other.png'));
    await expect(fetchPicture(local('/other.png'), {}, context)).rejects.toMatchObject({ code: 'too_large' });
  });
});
