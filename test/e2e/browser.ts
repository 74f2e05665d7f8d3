/** Chromium, and the example page served from an origin of its own. */
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium, type Browser } from 'playwright-core';
import { createServer } from 'vite';

const frontend = fileURLToPath(new URL('../../examples/frontend', import.meta.url));

export function launchBrowser(): Promise<Browser> {
  return chromium.launch({
    executablePath: '/usr/bin/chromium',
    args: [
      '--headless',
      '--no-sandbox',
      '--disable-gpu',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      '--autoplay-policy=no-user-gesture-required',
    ],
  });
}

/** Serves examples/frontend as `npm run example:frontend` does, at any free port. */
export async function servePage(): Promise<{ origin: string; close(): Promise<void> }> {
  const server = await createServer({
    root: frontend,
    configFile: path.join(frontend, 'vite.config.ts'),
    logLevel: 'error',
    server: {
      host: '127.0.0.1',
      port: 20_000 + Math.floor(Math.random() * 20_000),
      strictPort: false,
      hmr: false,
      watch: null,
    },
    cacheDir: path.join(frontend, '../../node_modules/.vite-e2e'),
  });
  await server.listen();
  const { port } = server.httpServer!.address() as { port: number };
  return { origin: `http://127.0.0.1:${port}`, close: () => server.close() };
}
