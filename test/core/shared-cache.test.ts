/** Workers with data folders of their own and one S3 store: what one has made, the others use. */
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, onTestFinished, test } from 'vitest';
import { loadConfig } from '../../core/config.ts';
import { openStorage } from '../../core/storage/index.ts';
import { publicFiles } from '../../core/storage/signed-links.ts';
import { createStudio, type RenderedJob, type Studio } from '../../core/studio.ts';
import { longFilm, until } from '../helpers/app.ts';
import { startS3Server, type S3Server } from '../helpers/s3-server.ts';

let server: S3Server;
let folder: string;
let workers = 0;
beforeAll(async () => {
  server = await startS3Server();
});
afterAll(() => server.close());
beforeEach(async () => {
  server.fault = null;
  folder = await mkdtemp(path.join(tmpdir(), 'genscene-shared-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
});

type Worker = { studio: Studio; render: (film: unknown, signal?: AbortSignal) => Promise<RenderedJob> };

/** As on a host of its own. */
async function openWorker(prefix: string): Promise<Worker> {
  const dataDir = path.join(folder, `host-${++workers}`);
  const config = loadConfig({
    ...server.env,
    S3_PREFIX: prefix,
    DATA_DIR: dataDir,
    RENDER_THREADS: '1',
    PATH: process.env['PATH'],
  });
  const options = { driver: 's3' as const, s3: config.s3, dataDir, baseUrl: () => '', signer: publicFiles };
  const { shared } = await openStorage(options);
  const studio = createStudio(config, { shared });
  onTestFinished(() => studio.close());
  return {
    studio,
    render: (film, signal) => studio.render(film, { outDir: path.join(dataDir, 'out'), signal }),
  };
}

const sharedSegments = (prefix: string): number =>
  new Set(server.requests.filter((request) => new RegExp(`^PUT /films/${prefix}/shared/cache/.*mp4`).test(request))).size; // prettier-ignore

test('the second host renders no segment, mixes no sound and draws no sheet anew', async () => {
  const film = longFilm(3, 1);
  const first = await openWorker('reuse');
  const made = await first.render(film);
  const { total } = made.segments;
  expect(made.segments.reused).toBe(0);
  // Sheet, poster, sound and its facts beside the segments.
  await until(() => sharedSegments('reuse') === total);
  await first.studio.close();

  const before = server.requests.length;
  const second = await (await openWorker('reuse')).render(film);
  expect(second.segments).toEqual({ total, reused: total, helped: 0 });
  expect(second.scenesReused).toBe(3);
  expect(server.requests.slice(before).filter((request) => request.startsWith('PUT'))).toEqual([
    expect.stringContaining('/staging/probe-'),
  ]);
}, 60_000);

test('a film that moves to another host goes on from the segments that are finished', async () => {
  const film = longFilm(6, 1);
  const stop = new AbortController();
  const first = await openWorker('moves');
  const rendering = first.render(film, stop.signal);
  rendering.catch(() => undefined);
  await until(() => sharedSegments('moves') >= 2);
  stop.abort();
  await expect(rendering).rejects.toMatchObject({ code: 'cancelled' });
  await first.studio.close();
  const second = await (await openWorker('moves')).render(film);
  expect(second.segments.reused).toBeGreaterThanOrEqual(2);
}, 60_000);

test('a store that fails costs no film, and is left alone then', async () => {
  const worker = await openWorker('away');
  let asked = 0;
  server.fault = (_, response) => {
    asked += 1;
    response.writeHead(403, { 'content-length': 0 }).end();
    return true;
  };
  const made = await worker.render(longFilm(8, 0.5));
  expect(made.segments.reused).toBe(0);
  // Those that were under way at the first fault.
  expect(asked).toBeLessThanOrEqual(6);
}, 60_000);

test('a segment that comes cut short is rendered here', async () => {
  const film = longFilm(2, 0.5);
  const first = await openWorker('short');
  const { total } = (await first.render(film)).segments;
  await until(() => sharedSegments('short') === total);
  await first.studio.close();
  const second = await openWorker('short');
  server.fault = (request, response) => {
    if (request.method !== 'GET' || !request.url!.includes('.mp4')) return false;
    response.writeHead(200, { 'content-length': 100_000 });
    response.write('half', () => response.destroy());
    return true;
  };
  expect((await second.render(film)).segments).toEqual({ total, reused: 0, helped: 0 });
  const kept = await readdir(path.join(folder, `host-${workers}`, 'cache', 'segments'));
  expect(kept.filter((name) => name.includes('.tmp'))).toEqual([]);
}, 60_000);
