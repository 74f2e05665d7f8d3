/** The status page in a real browser and as JSON, of monitoring in this process and in another one. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { statusDocumentSchema, type StatusDocument } from '../../api/status-page/document.ts';
import { sayShare } from '../../api/status-page/figures.ts';
import { preferredLanguage } from '../../api/status-page/words.ts';
import { publicStatus } from '../../monitoring/public-status.ts';
import { openMonitorStore } from '../../monitoring/store.ts';
import { launchBrowser } from '../e2e/browser.ts';
import { until } from '../helpers/app.ts';
import { HOUR_MS, innerWords, rememberPast } from '../helpers/watched-past.ts';
import { startService, type Service } from './service.ts';

const dataDir = mkdtempSync(path.join(tmpdir(), 'genscene-status-'));
let service: Service;
let browser: Browser;

beforeAll(async () => {
  rememberPast(dataDir, Date.now());
  [service, browser] = await Promise.all([
    startService({ SERVICES: 'api', DATA_DIR: dataDir }),
    launchBrowser(),
  ]);
}, 60_000);
afterAll(async () => {
  await Promise.all([service.stop(), browser.close()]);
  rmSync(dataDir, { recursive: true, force: true });
});

const ask = (where: string, headers: Record<string, string> = {}) =>
  service.ask(where, { key: null, headers });

async function open(
  settings: { scheme?: 'light' | 'dark'; width?: number; locale?: string; query?: string } = {},
) {
  const { scheme = 'light', width = 1100, locale = 'en-US', query = '' } = settings;
  const page = await browser.newPage({ colorScheme: scheme, viewport: { width, height: 800 }, locale });
  const faults: string[] = [];
  page.on('console', (message) => faults.push(message.text()));
  page.on('pageerror', (error) => faults.push(error.message));
  page.on('request', (request) => {
    if (!/\/(status|favicon\.ico)/.test(request.url())) faults.push(request.url());
  });
  await page.goto(`${service.url}/status${query}`);
  return { page, faults };
}

test('the JSON says how each part does, and what it is made of', async () => {
  const answer = await ask('/status.json');
  expect(answer.status).toBe(200);
  expect(answer.headers.get('cache-control')).toBe('public, max-age=30');
  expect(answer.headers.get('access-control-allow-origin')).toBe('*');
  const document = statusDocumentSchema.parse(await answer.json());
  expect(document).toMatchObject({
    overall: 'down',
    watched: true,
    silent: false,
    queue: { waiting: 0, workers: 0 },
  });
  const states = Object.fromEntries(document.parts.map(({ name, state }) => [name.en, state]));
  expect(states).toEqual({
    'api.example.com': 'up',
    'files.example.com': 'down',
    'Certificate of api.example.com': 'up',
    'Film making': 'up',
    Speech: 'unsteady',
    'Job queue': 'up',
    Server: 'maintenance',
  });
  const [api] = document.parts;
  expect(api!.days).toHaveLength(90);
  expect(new Set(api!.days.map(({ day }) => day)).size).toBe(90);
  expect(api!.days.at(-1)!.day).toBe(document.generatedAt.slice(0, 10));
  expect(api!.samples).toBe(api!.days.reduce((sum, { good, bad }) => sum + good + bad, 0));
  expect(api!.days.reduce((sum, { bad }) => sum + bad, 0)).toBe(9);
  expect(api!.share).toBeCloseTo(1 - 9 / api!.samples, 10);
  expect(api!.latencyMs).toBeGreaterThan(20);
  expect(document.incidents.map(({ parts, ended }) => [parts[0]!.en, ended !== null])).toEqual([
    ['files.example.com', false],
    ['Job queue', true],
  ]);
});

test('nothing of the inside is in the page or the JSON', async () => {
  const bodies = await Promise.all(
    ['/status', '/status?lang=es', '/status.json'].map(async (where) => (await ask(where)).text()),
  );
  for (const body of bodies) {
    for (const word of innerWords) expect(body).not.toContain(word);
    expect(body).not.toMatch(/\b(?:\d{1,3}\.){3}\d{1,3}\b/);
    expect(body).toContain('api.example.com');
  }
});

test('the page is for caches and for browsers that ask in another language', async () => {
  const english = await ask('/status', { 'accept-language': 'de, en;q=0.8, es;q=0.5' });
  expect(english.headers.get('cache-control')).toBe('public, max-age=30');
  expect(english.headers.get('vary')).toContain('Accept-Language');
  expect(english.headers.get('content-type')).toBe('text/html; charset=utf-8');
  expect(english.headers.get('content-language')).toBe('en');
  const spanish = await ask('/status', { 'accept-language': 'es-MX,es;q=0.9,en;q=0.8' });
  expect(await spanish.text()).toContain('<html lang="es">');
  expect(await (await ask('/status?lang=en', { 'accept-language': 'es' })).text()).toContain(
    '<html lang="en">',
  );
  expect((await ask('/status?lang=%3Cscript%3E')).status).toBe(200);
  expect(preferredLanguage('es;q=0, en')).toBe('en');
  expect(preferredLanguage(undefined)).toBe('en');
  expect(sayShare(0.999999, 'en')).toBe('99.99 %');
  expect(sayShare(1, 'es')).toBe('100 %');
});

test.each([
  ['a desk in daylight', { scheme: 'light', width: 1100 }, 'rgb(246, 247, 249)'],
  ['a phone at night', { scheme: 'dark', width: 360, locale: 'es-ES' }, 'rgb(16, 21, 27)'],
] as const)('it is whole on %s', async (_where, settings, ground) => {
  const { page, faults } = await open(settings);
  expect(await page.evaluate(() => getComputedStyle(document.body).backgroundColor)).toBe(ground);
  const shown = await page.evaluate(() => {
    const bars = [...document.querySelectorAll('.bars')].map((each) => each.getBoundingClientRect());
    const colours = [...document.querySelectorAll('.part:first-child .bars rect')].map(
      (each) => getComputedStyle(each).fill,
    );
    return {
      overflow: document.documentElement.scrollWidth - window.innerWidth,
      bars: bars.map(({ width }) => width),
      colours: new Set(colours).size,
      rects: document.querySelector('.bars')!.querySelectorAll('rect').length,
      heights: [...document.querySelector('.bars')!.querySelectorAll('rect')].map(
        (each) => each.getBoundingClientRect().height,
      ),
      texts: [...document.querySelectorAll('body *')]
        .filter(
          (each) =>
            !each.closest('svg') &&
            [...each.childNodes].some((node) => node.nodeType === 3 && node.textContent!.trim() !== ''),
        )
        .map((each) => {
          let ground: Element = each;
          while (/, 0\)$/.test(getComputedStyle(ground).backgroundColor) && ground.parentElement)
            ground = ground.parentElement;
          return {
            text: each.textContent!,
            color: getComputedStyle(each).color,
            ground: getComputedStyle(ground).backgroundColor,
          };
        }),
      titles: [...document.querySelectorAll('rect title')].slice(0, 1).map((each) => each.textContent),
      head: document.querySelector('.overall strong')!.textContent,
    };
  });
  expect(shown.overflow).toBeLessThanOrEqual(0);
  expect(shown.rects).toBe(90);
  expect(shown.colours).toBeGreaterThan(2);
  for (const width of shown.bars) expect(width).toBeGreaterThan(settings.width * 0.6);
  expect(shown.head).toBe(settings.scheme === 'light' ? 'Something is down' : 'Algo está caído');
  expect(shown.titles[0]).toMatch(/100 % (of|de) 20/);
  // Days are told apart by more than their colour, and every word can be read (WCAG 1.4.1, 1.4.3).
  expect(new Set(shown.heights).size).toBeGreaterThan(2);
  expect(shown.texts.length).toBeGreaterThan(30);
  const faint = shown.texts.filter(({ color, ground: behind }) => contrast(color, behind) < 4.5);
  expect(faint).toEqual([]);
  // The policy forbids everything but its own style: a fault of it would be heard here.
  expect(faults).toEqual([]);
  await page.close();
});

/** Of two `rgb(…)` colours (WCAG 2.2, contrast ratio): 1 to 21. */
function contrast(...colours: [string, string]): number {
  const [light, dark] = colours
    .map((colour) => {
      const [red = 0, green = 0, blue = 0] = (colour.match(/[\d.]+/g) ?? []).map((part) => {
        const share = Number(part) / 255;
        return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
      });
      return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
    })
    .sort((a, b) => b - a) as [number, number];
  return (light + 0.05) / (dark + 0.05);
}

test('the other language is one click away', async () => {
  const { page } = await open({ locale: 'es-ES' });
  await page.getByRole('link', { name: 'English' }).click();
  expect(await page.locator('html').getAttribute('lang')).toBe('en');
  expect(await page.getByText('goes on').count()).toBe(1);
  await page.close();
});

test('where nobody watches, the page says so; where it is not wanted, there is none', async () => {
  const bare = await startService({ SERVICES: 'api' });
  const text = await (await bare.ask('/status', { key: null })).text();
  expect(text).toContain('Nobody watches this installation');
  const { body } = await bare.json<StatusDocument>('/status.json', { key: null });
  expect(body).toMatchObject({ watched: false, overall: 'unknown', parts: [], queue: { waiting: 0 } });
  await bare.stop();
  const off = await startService({ SERVICES: 'api', STATUS_PAGE: 'off' });
  expect((await off.ask('/status', { key: null })).status).toBe(404);
  await off.stop();
});

test('monitoring in this process shows its first results', async () => {
  const own = await startService({
    SERVICES: 'api,monitoring',
    MONITOR_OFF: 'vps,tts',
    MONITOR_INTERVAL_S: '1',
  });
  try {
    await until(async () => {
      const { body } = await own.json<StatusDocument>('/status.json', { key: null });
      return body.parts.some(({ kind, state, samples }) => kind === 'jobs' && state === 'up' && samples > 0);
    });
  } finally {
    await own.stop();
  }
}, 30_000);

test('old knowledge is shown as old', () => {
  const store = openMonitorStore(dataDir);
  const later = Date.now() + HOUR_MS;
  const states = new Set(publicStatus(store, later).parts.map(({ state }) => state));
  store.close();
  expect([...states].sort()).toEqual(['unknown']);
});
