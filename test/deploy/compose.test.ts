/** docker-compose.yml and Dockerfile against what the program is: services, settings, folders, safety. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { loadConfig } from '../../core/config.ts';
import { buildProgram, programEntries } from '../../scripts/build.ts';

/** What of the Compose specification is used here; a key that is misspelt or in the wrong place is a fault. */
const words = z.array(z.string());
const duration = z.string().regex(/^\d+(ms|s|m|h)$/);
const containerSchema = z.strictObject({
  image: z.string(),
  build: z.string().optional(),
  profiles: words.optional(),
  environment: z.record(z.string().regex(/^[A-Z][A-Z0-9_]*$/), z.string()).optional(),
  env_file: z.array(z.strictObject({ path: z.string(), required: z.boolean() })).optional(),
  ports: z.array(z.string().regex(/^(127\.0\.0\.1:)?(\d+|\$\{\w+:-\d+\}):\d+(\/udp)?$/)).optional(),
  volumes: z.array(z.string().regex(/^[\w./-]+:\/[\w./-]+(:ro)?$/)).optional(),
  tmpfs: words.optional(),
  networks: words.optional(),
  read_only: z.boolean().optional(),
  cap_drop: words.optional(),
  cap_add: words.optional(),
  security_opt: words.optional(),
  restart: z.enum(['no', 'always', 'on-failure', 'unless-stopped']).optional(),
  stop_grace_period: duration.optional(),
  depends_on: z
    .record(z.string(), z.strictObject({ condition: z.enum(['service_started', 'service_healthy']) }))
    .optional(),
  deploy: z
    .strictObject({ resources: z.strictObject({ limits: z.strictObject({ memory: z.string() }) }) })
    .optional(),
  healthcheck: z
    .strictObject({
      test: words,
      interval: duration,
      timeout: duration,
      retries: z.number().int(),
      start_period: duration.optional(),
    })
    .optional(),
  command: z.union([z.string(), words]).optional(),
  logging: z.strictObject({ driver: z.string(), options: z.record(z.string(), z.string()) }).optional(),
});
const composeSchema = z.strictObject({
  name: z.string(),
  services: z.record(z.string(), containerSchema),
  volumes: z.record(z.string(), z.null()),
  networks: z.record(
    z.string(),
    z.strictObject({ ipam: z.strictObject({ config: z.array(z.strictObject({ subnet: z.cidrv4() })) }) }),
  ),
});

const root = path.resolve(import.meta.dirname, '../..');
const read = (name: string): string => readFileSync(path.join(root, name), 'utf8');
const written = parse(read('docker-compose.yml'), { merge: true }) as Record<string, unknown>;
/** x-… are only parts to be merged. */
const compose = composeSchema.parse(
  Object.fromEntries(Object.entries(written).filter(([key]) => !key.startsWith('x-'))),
);
const containers = Object.entries(compose.services);
const ours = containers.filter(([, { build }]) => build !== undefined);

test('every service of the program has a container, and each one’s settings are read without a fault', () => {
  const run = ours.map(([, { environment }]) => environment!['SERVICES']);
  expect(run.toSorted((a, b) => a!.localeCompare(b!))).toEqual([
    'api',
    'discord',
    'monitoring',
    'slack',
    'worker',
  ]);
  for (const [name, { environment }] of ours) {
    const given = Object.fromEntries(
      Object.entries(environment!).map(([key, value]) => [key, value.replace(/\$\{\w+:-([^}]*)\}/, '$1')]),
    );
    const config = loadConfig({ ...given, PATH: '/usr/bin' });
    expect(config.services, name).toEqual([environment!['SERVICES']]);
    expect(config.redisUrl).toBe('redis://redis:6379');
    expect(config.dataDir).toBe('/data');
  }
});

test('every setting that is named is one the program knows', () => {
  const known = read('.env.example') + read('core/config.ts');
  for (const [name, { environment }] of ours)
    for (const setting of Object.keys(environment!)) expect(known, `${name}: ${setting}`).toContain(setting);
});

test('volumes, networks and what a container waits for are there', () => {
  for (const [name, { volumes = [], networks = [], depends_on: waits = {} }] of containers) {
    for (const volume of volumes) {
      const [from = ''] = volume.split(':');
      if (from.startsWith('./')) expect(existsSync(path.join(root, from)), `${name}: ${from}`).toBe(true);
      else expect(Object.keys(compose.volumes), name).toContain(from);
    }
    for (const network of networks) expect(Object.keys(compose.networks), name).toContain(network);
    for (const [other, { condition }] of Object.entries(waits)) {
      expect(compose.services[other], `${name} waits for ${other}`).toBeDefined();
      if (condition === 'service_healthy') expect(compose.services[other]!.healthcheck).toBeDefined();
    }
  }
});

test('only caddy is open to the world; our containers own nothing they do not need', () => {
  for (const [name, { ports = [] }] of containers)
    for (const port of ports) if (name !== 'caddy') expect(port, name).toMatch(/^127\.0\.0\.1:/);
  for (const [name, container] of ours) {
    expect(container.read_only, name).toBe(true);
    expect(container.cap_drop, name).toEqual(['ALL']);
    // The guard script that ffmpeg is started by lies there, and Docker's own default is noexec.
    expect(container.tmpfs?.[0], name).toMatch(/^\/tmp:.*\bexec\b/);
  }
  for (const [name, { image, restart }] of containers) {
    expect(restart, name).toBe('unless-stopped');
    if (!compose.services[name]!.build) expect(image, name).toMatch(/:\d/);
  }
});

test('proxies are believed from the containers’ own network', () => {
  const { subnet } = compose.networks['inner']!.ipam.config[0]!;
  expect(compose.services['api']!.environment!['TRUSTED_PROXIES']).toContain(subnet);
});

test('Redis keeps every accepted job', () => {
  const command = compose.services['redis']!.command as string[];
  const option = (name: string): string | undefined => command[command.indexOf(name) + 1];
  expect(option('--appendonly')).toBe('yes');
  expect(option('--appendfsync')).toBe('always');
  expect(option('--maxmemory-policy')).toBe('noeviction');
});

test('the health check is well when the API answers, and not when it does not', async () => {
  const [kind, program, flag, script = ''] = compose.services['api']!.healthcheck!.test;
  expect([kind, program, flag]).toEqual(['CMD', 'node', '-e']);
  const asked: string[] = [];
  let status = 200;
  const server = createServer((request, response) => {
    asked.push(request.url!);
    response.writeHead(status).end();
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const check = async (): Promise<number> => {
    const child = spawn(process.execPath, ['-e', script.replace(':8000', `:${port}`)], { stdio: 'ignore' });
    return ((await once(child, 'exit')) as [number])[0];
  };
  expect(await check()).toBe(0);
  status = 503;
  expect(await check()).toBe(1);
  server.close();
  server.closeAllConnections();
  await once(server, 'close');
  expect(await check()).toBe(1);
  expect(asked).toEqual(['/health', '/health']);
});

test('a container without a port is well as long as its process touches its file', () => {
  const [, command = ''] = /^HEALTHCHECK .*\n\s*CMD (\[.*\])$/m.exec(read('Dockerfile')) ?? [];
  const [program = '', ...args] = z.array(z.string()).parse(JSON.parse(command));
  const file = path.join(mkdtempSync(path.join(tmpdir(), 'alive-')), 'genscene alive');
  const check = (): number | null =>
    spawnSync(program, args, { env: { ...process.env, ALIVE_FILE: file }, stdio: 'ignore' }).status;
  expect(check()).toBe(1);
  writeFileSync(file, '');
  expect(check()).toBe(0);
  const longAgo = new Date(Date.now() - 90_000);
  utimesSync(file, longAgo, longAgo);
  expect(check()).toBe(1);
  rmSync(path.dirname(file), { recursive: true });
});

test('the image copies all that the build is made of, and starts what it makes', async () => {
  const dockerfile = read('Dockerfile');
  const sources = [
    ...(await buildProgram('node_modules/.cache/genscene-image', programEntries)),
    'clients/genscene.ts',
  ];
  const parts = new Set(sources.map((file) => file.split('/')[0]!).filter((part) => part !== 'node_modules'));
  expect([...parts]).toEqual(expect.arrayContaining(['cli.ts', 'core', 'api']));
  for (const part of [...parts, 'scripts/build.ts', 'tsconfig.json'])
    expect(dockerfile, part).toMatch(new RegExp(`^COPY .*\\b${part.replace('.', '\\.')}\\b`, 'm'));
  expect(dockerfile).toMatch(/^USER \d+/m);
  expect(dockerfile).toContain('"node", "dist/cli.js"');
  const ignored = read('.dockerignore').split('\n').filter(Boolean);
  for (const part of parts) expect(ignored).not.toContain(part);
});
