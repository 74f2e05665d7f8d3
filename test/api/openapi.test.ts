/** The description of the API: valid, whole, true to what is answered, and readable without the internet. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Validator } from '@seriousme/openapi-schema-validator';
import { chromium } from 'playwright-core';
import pino from 'pino';
import { buildServer } from '../../api/server.ts';
import { openKeys } from '../../core/keys.ts';
import { publicFiles } from '../../core/storage/signed-links.ts';
import { keys, startService, type Service } from './service.ts';

type Operation = {
  security?: object[];
  requestBody?: {
    content: Record<string, { schema: { properties?: Record<string, unknown> }; example?: unknown }>;
  };
  parameters?: { name: string; in: string }[];
  responses: Record<string, { content?: Record<string, unknown> }>;
};
type Document = { openapi: string; paths: Record<string, Record<string, Operation>> };

let service: Service;
let document: Document;
beforeAll(async () => {
  service = await startService({ SERVICES: 'api' });
  document = (await service.json('/openapi.json', { key: null })).body;
});
afterAll(() => service.stop());

test('the document is valid OpenAPI 3.1', async () => {
  expect(document.openapi).toMatch(/^3\.1/);
  const result = await new Validator().validate(structuredClone(document));
  expect(result.errors ?? []).toEqual([]);
  expect(result.valid).toBe(true);
});

test('it describes every route there is, and none that is not', async () => {
  const { ring } = await openKeys({ configured: `alice:${keys.alice}`, dataDir: service.dataDir });
  const server = await buildServer({
    studio: service.app.studio,
    keys: ring,
    signer: publicFiles,
    config: service.config,
    log: pino({ level: 'silent' }),
    publicStatus: () => null,
  });
  await server.ready();
  const routes = routesOf(server.printRoutes({ commonPrefix: false }));
  await server.close();
  // Not of the API: the page, its document, and what Prometheus reads.
  const others = (route: string): boolean => !/ (\/docs|\/openapi\.json|\/metrics|\*)/.test(route);
  const described = Object.entries(document.paths).flatMap(([path, operations]) =>
    Object.keys(operations).map(
      (method) => `${method.toUpperCase()} ${path.replaceAll(/\{(\w+)\}/g, ':$1')}`,
    ),
  );
  const real = routes.filter(others);
  expect(real.length).toBeGreaterThan(12);
  expect(described.filter((route) => !route.startsWith('HEAD')).toSorted()).toEqual(
    real.filter((route) => !route.startsWith('HEAD')).toSorted(),
  );
});

/** `GET /api/status/:id`, … of Fastify's tree of routes. */
function routesOf(tree: string): string[] {
  const path: string[] = [];
  return tree.split('\n').flatMap((line) => {
    const match = /^((?:│ {3}| {4})*)(?:├── |└── )(.*?)(?: \(([A-Z, ]+)\))?$/.exec(line);
    if (!match) return [];
    path.length = match[1]!.length / 4;
    path.push(match[2]!);
    const methods = match[3]?.split(', ') ?? [];
    return methods.map((method) => `${method} ${path.join('') || '/'}`);
  });
}

test('it says what goes in and what comes out, from the same schemas that check it', () => {
  const compose = document.paths['/api/compose']!['post']!;
  expect(compose.security).toEqual([{ apiKey: [] }]);
  expect(compose.requestBody!.content['application/json']!.schema.properties).toHaveProperty('scenes');
  expect(compose.parameters).toContainEqual(
    expect.objectContaining({ name: 'idempotency-key', in: 'header' }),
  );
  expect(Object.keys(compose.responses).toSorted()).toEqual(['202', '4XX']);
  const assets = document.paths['/api/assets']!['post']!;
  expect(assets.requestBody!.content['multipart/form-data']!.schema.properties).toHaveProperty('file');
  const events = document.paths['/api/status/{id}/events']!['get']!;
  expect(events.responses['200']!.content).toHaveProperty(['text/event-stream']);
  expect(document.paths['/health']!['get']!.security).toBeUndefined();
});

test('the bodies it offers to try are taken as they stand', async () => {
  for (const path of ['/api/compose', '/api/validate', '/api/tts']) {
    const { example } = document.paths[path]!['post']!.requestBody!.content['application/json']!;
    const { status, body } = await service.json(path, { json: example });
    expect(status, path).toBe(path === '/api/validate' ? 200 : 202);
    if (path === '/api/validate') expect(body).toMatchObject({ ok: true, warnings: [] });
  }
});

test('the page shows it, and asks nobody but us', async () => {
  const browser = await chromium.launch({
    executablePath: '/usr/bin/chromium',
    args: [
      '--headless',
      '--no-sandbox',
      '--disable-gpu',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
  try {
    const page = await browser.newPage();
    const foreign: string[] = [];
    const errors: string[] = [];
    page.on('request', (request) => {
      if (!request.url().startsWith(service.url) && !request.url().startsWith('data:'))
        foreign.push(request.url());
    });
    page.on('pageerror', (error) => errors.push(error.message));
    page.on('console', (message) => message.type() === 'error' && errors.push(message.text()));
    await page.goto(`${service.url}/docs`);
    await page.getByText('/api/compose').first().waitFor();
    await page.getByText('Make a film of a storyboard').click();
    await page.getByText('Idempotency-Key', { exact: false }).first().waitFor();
    expect(await page.locator('.opblock').count()).toBe(
      Object.values(document.paths).flatMap((operations) => Object.keys(operations)).length,
    );
    expect(foreign).toEqual([]);
    expect(errors).toEqual([]);
  } finally {
    await browser.close();
  }
});
