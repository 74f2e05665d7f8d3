/** The example page in a real browser, from another origin: as someone uses it, and when things go wrong. */
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Browser, BrowserContext, Page, Request } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { keys, startService, type Service } from '../api/service.ts';
import { quarters, testFolder } from '../helpers/samples.ts';
import { launchBrowser, servePage } from './browser.ts';

let service: Service;
let frontend: Awaited<ReturnType<typeof servePage>>;
let browser: Browser;
let context: BrowserContext;
let page: Page;
/** What the page asked the service, preflights included. */
let asked: { method: string; path: string; status: number | null; range: string | null }[];
let faults: string[];

beforeAll(async () => {
  [frontend, browser] = await Promise.all([servePage(), launchBrowser()]);
  service = await startService({ CORS_ORIGINS: frontend.origin, TTS_ENGINE: 'flite' });
});
afterAll(async () => {
  await browser.close();
  await Promise.all([frontend.close(), service.stop()]);
});

beforeEach(async () => {
  asked = [];
  faults = [];
  context = await browser.newContext({ viewport: { width: 1280, height: 860 } });
  page = await context.newPage();
  page.on('pageerror', (error) => faults.push(error.message));
  // Playwright itself does not tell of preflights; the browser's own protocol does.
  const protocol = await context.newCDPSession(page);
  await protocol.send('Network.enable');
  const methods = new Map<string, { method: string; url: string }>();
  protocol.on('Network.requestWillBeSent', ({ requestId, request }) => methods.set(requestId, request));
  protocol.on('Network.responseReceived', ({ requestId, response, type }) => {
    const { pathname, origin } = new URL(response.url);
    if (origin !== service.url) return;
    asked.push({
      method: type === 'Preflight' ? 'OPTIONS' : (methods.get(requestId)?.method ?? '?'),
      path: pathname,
      status: response.status,
      range: response.headers['content-range'] ?? response.headers['Content-Range'] ?? null,
    });
  });
  await page.goto(frontend.origin);
});
afterEach(async () => {
  await context.close();
  expect(faults).toEqual([]);
});

async function connect(key: string = keys.alice): Promise<void> {
  await page.fill('#baseUrl', service.url);
  await page.fill('#apiKey', key);
  await page.click('#connectNow');
}

/** A film of little work: one scene, as small as there is. */
async function writeStoryboard(options: { text: string; seconds?: string }): Promise<void> {
  await page.locator('#connect').waitFor({ state: 'hidden' });
  while ((await page.locator('.scene').count()) > 1)
    await page.locator('[aria-label="Remove"]').last().click();
  await page.fill('.scene textarea', options.text);
  if (options.seconds) await page.locator('.scene input[type=number]').fill(options.seconds);
  await page.selectOption('#resolution', 'preview');
}

test('writes, uploads, makes, watches, seeks and saves a film', { timeout: 120_000 }, async () => {
  const folder = await testFolder();
  const picture = path.join(folder, 'four quarters.png');
  await writeFile(picture, await quarters(640, 360).png().toBuffer());

  await connect();
  await page.locator('#connection[data-state=connected]').waitFor();
  // Preflight, then the request itself: the page is of another origin.
  expect(asked.map(({ method, path, status }) => `${method} ${path} ${status}`)).toEqual(
    expect.arrayContaining(['OPTIONS /api/voices 204', 'GET /api/voices 200']),
  );

  await writeStoryboard({ text: 'A short film, made by a page.' });
  await page.fill('#title', 'Made by a page');
  await page.setInputFiles('.scene input[type=file]', picture);
  await page.getByText('four quarters.png').waitFor();
  await page.click('#add');
  await page.locator('.scene').nth(1).locator('input[type=number]').fill('2');
  await page
    .locator('.scene')
    .nth(1)
    .locator('[aria-label="Transition into this scene"]')
    .selectOption('slide');

  // Every percentage that is shown, however briefly.
  const percentages = await page.evaluateHandle(() => {
    const shown = new Set<string>();
    new MutationObserver(() => {
      const text = document.querySelector('[data-part=percent]')?.textContent;
      if (text) shown.add(text);
    }).observe(document.body, { subtree: true, childList: true, characterData: true });
    return shown;
  });
  await page.click('#render');
  await page.locator('.working').waitFor();
  await page.locator('video').waitFor({ timeout: 100_000 });
  const seen = await percentages.evaluate((shown) => [...shown]);
  expect(seen.length, seen.join()).toBeGreaterThan(2);
  expect(asked.map(({ method, path }) => `${method} ${path.replace(/[a-z0-9]{24,}/, 'ID')}`)).toEqual(
    expect.arrayContaining([
      'OPTIONS /api/assets',
      'POST /api/assets',
      'OPTIONS /api/compose',
      'POST /api/compose',
      'OPTIONS /api/status/ID/events',
      'GET /api/status/ID/events',
    ]),
  );

  await page.getByRole('heading', { name: 'Made by a page' }).waitFor();
  const video = page.locator('video');
  const duration = await video.evaluate(
    (player: HTMLVideoElement) =>
      new Promise<number>((resolve) => {
        if (player.readyState > 0) resolve(player.duration);
        player.addEventListener('loadedmetadata', () => resolve(player.duration));
      }),
  );
  expect(duration).toBeGreaterThan(2);
  await video.evaluate(async (player: HTMLVideoElement) => {
    player.muted = true;
    await player.play();
  });
  await expect
    .poll(() => video.evaluate((player: HTMLVideoElement) => player.currentTime))
    .toBeGreaterThan(0.1);
  const sought = await video.evaluate(
    (player: HTMLVideoElement) =>
      new Promise<number>((resolve) => {
        player.pause();
        player.addEventListener('seeked', () => resolve(player.currentTime), { once: true });
        player.currentTime = player.duration * 0.9;
      }),
  );
  expect(sought).toBeCloseTo(duration * 0.9, 1);
  // Players read in parts.
  const parts = asked.filter(({ path, status }) => path.endsWith('.mp4') && status === 206);
  expect(parts.length).toBeGreaterThan(0);
  expect(parts[0]!.range).toMatch(/^bytes \d+-\d+\/\d+$/);
  // The picture that was uploaded is in the film: red is top left.
  await video.evaluate(
    (player: HTMLVideoElement) =>
      new Promise((resolve) => {
        player.addEventListener('seeked', resolve, { once: true });
        player.currentTime = 0.3;
      }),
  );
  const [red, green, blue] = await video.evaluate((player: HTMLVideoElement) => {
    const canvas = document.createElement('canvas');
    canvas.width = 4;
    canvas.height = 4;
    const context = canvas.getContext('2d')!;
    context.drawImage(player, 0, 0, 4, 4);
    return [...context.getImageData(0, 0, 1, 1).data];
  });
  expect(red).toBeGreaterThan(150);
  expect(green).toBeLessThan(100);
  expect(blue).toBeLessThan(100);

  const saved = page.waitForEvent('download');
  await page.getByRole('link', { name: 'Captions .srt' }).click();
  const download = await saved;
  expect(download.suggestedFilename()).toMatch(/\.srt$/);
  expect(await page.locator('.downloads a').allTextContents()).toEqual([
    'Film',
    'Captions .srt',
    'Captions .vtt',
    'Poster',
  ]);
  await page.locator('.recent button', { hasText: 'Made by a page' }).waitFor();
  // And after a reload the film and the storyboard are there still.
  await page.reload();
  await page.locator('video').waitFor();
  expect(await page.locator('.scene').count()).toBe(2);
  expect(await page.inputValue('#title')).toBe('Made by a page');
});

test('a wrong key, and a service that is not there, say what to do', async () => {
  await connect('a-wrong-key');
  await page.locator('#connectProblem .problem').waitFor();
  expect(await page.textContent('#connectProblem')).toContain('A valid API key is needed.');
  expect(await page.textContent('#connectProblem')).toContain('at its first start');
  expect(await page.textContent('#connection')).toBe('Wrong key');
  await page.fill('#baseUrl', 'http://127.0.0.1:9');
  await page.click('#connectNow');
  await expect
    .poll(() => page.textContent('#connectProblem'), { timeout: 20_000 })
    .toContain('cannot be reached');
  expect(await page.textContent('#connectProblem')).toContain(`CORS_ORIGINS=${frontend.origin}`);
  // With the right ones all is well.
  await connect();
  await page.locator('#connect').waitFor({ state: 'hidden' });
});

test('faults are shown at the scene they are in', async () => {
  await connect();
  await writeStoryboard({ text: 'Too long.', seconds: '9999' });
  await page.click('#render');
  await page.locator('.scene[data-wrong]').waitFor();
  expect(await page.textContent('.scene .wrong')).toContain('duration');
  expect(await page.textContent('#problem')).toContain('The storyboard has a fault.');
});

test('a voice can be listened to', async () => {
  await connect();
  await page.locator('#connect').waitFor({ state: 'hidden' });
  expect(await page.locator('#voice option').count()).toBeGreaterThan(1);
  await page.selectOption('#voice', { index: 1 });
  const sound = page.waitForResponse((response) => response.url().endsWith('.mp3'));
  await page.click('#listen');
  expect((await sound).status()).toBe(206);
});

test('where streams do not get through, progress is asked for', { timeout: 90_000 }, async () => {
  await page.route('**/events', (route) =>
    route.fulfill({
      status: 200,
      contentType: 'text/html',
      body: '<p>No.</p>',
      headers: { 'access-control-allow-origin': frontend.origin },
    }),
  );
  await connect();
  await writeStoryboard({ text: '', seconds: '6' });
  await page.click('#render');
  const polls: Request[] = [];
  page.on('request', (request) => {
    if (/\/api\/status\/[a-z0-9]+$/.test(request.url())) polls.push(request);
  });
  await page.locator('video').waitFor({ timeout: 60_000 });
  expect(polls.length).toBeGreaterThan(1);
});

test(
  'when the service goes away and comes back, the page goes on by itself',
  { timeout: 120_000 },
  async () => {
    const first = await startService({ CORS_ORIGINS: frontend.origin });
    const home = path.dirname(first.dataDir);
    let second: Service | null = null;
    try {
      await page.fill('#baseUrl', first.url);
      await page.fill('#apiKey', keys.alice);
      await page.click('#connectNow');
      await writeStoryboard({ text: '', seconds: '30' });
      await page.selectOption('#resolution', '1080');
      await page.click('#render');
      await page.locator('.steps [data-stage=rendering][data-state=now]').waitFor({ timeout: 30_000 });
      await first.app.stop(0);
      await page.getByText('Connection lost').waitFor({ timeout: 30_000 });
      // The same service at the same place: it takes up the film where it was left.
      second = await startService({
        CORS_ORIGINS: frontend.origin,
        PORT: String(first.port),
        DATA_DIR: path.join(home, 'data'),
      });
      await page.getByText('Connection lost').waitFor({ state: 'hidden', timeout: 40_000 });
      await page.getByRole('button', { name: 'Cancel' }).click();
      await page.getByText('Cancelled.').waitFor({ timeout: 30_000 });
      await page.getByRole('button', { name: 'Try again' }).waitFor();
    } finally {
      await second?.stop();
      await first.stop();
    }
  },
);

test('on a phone nothing is wider than the screen, in light and in dark', async () => {
  await page.setViewportSize({ width: 360, height: 740 });
  await connect();
  await page.locator('#connect').waitFor({ state: 'hidden' });
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme });
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(360);
    const [ink, ground] = await page.evaluate(() => {
      const { color, backgroundColor } = getComputedStyle(document.body);
      return [color, backgroundColor].map((text) => Math.max(...text.match(/\d+/g)!.map(Number)));
    });
    expect(Math.abs(ink! - ground!)).toBeGreaterThan(150);
  }
});
