/** The whole service, really listening, on a data folder and a port of its own. */
import path from 'node:path';
import pino from 'pino';
import { startApp, type AppOptions, type RunningApp } from '../../app.ts';
import { loadConfig, type Config } from '../../core/config.ts';
import type { Job } from '../../core/schema/job.ts';
import type { StoryboardInput } from '../../core/schema/storyboard.ts';
import { sampleFolder } from '../helpers/samples.ts';

export const keys = {
  alice: 'alice-key-for-tests-only-0001',
  bob: 'bob-key-for-tests-only-0002',
  boss: 'boss-key-for-tests-only-0003',
  urgent: 'urgent-key-for-tests-only-0004',
} as const;

export type Answer<T = any> = { status: number; headers: Headers; body: T }; // oxlint-disable-line typescript/no-explicit-any

export type Service = {
  url: string;
  port: number;
  dataDir: string;
  config: Config;
  app: RunningApp;
  /** Every log line so far, as text. */
  logs(): string;
  /** Asks as alice, unless said otherwise (`key: null` is no key). */
  ask(path: string, options?: AskOptions): Promise<Response>;
  /** The same, read as JSON. */
  json<T = any>(path: string, options?: AskOptions): Promise<Answer<T>>; // oxlint-disable-line typescript/no-explicit-any
  /** Composes and waits until the job is over. */
  film(storyboard?: StoryboardInput, key?: keyof typeof keys): Promise<Job>;
  ended(id: string, key?: keyof typeof keys): Promise<Job>;
  stop(): Promise<void>;
};

type AskOptions = Omit<RequestInit, 'headers'> & {
  key?: keyof typeof keys | null;
  headers?: Record<string, string>;
  /** Sent as JSON by POST. */
  json?: unknown;
};

/** A film of a third of a second without a word. */
export const tiny = {
  scenes: [{ media: { type: 'color', color: '#204060' }, duration: 0.3 }],
  output: { resolution: 'preview', quality: 'draft', fps: 24 },
  captions: { mode: 'off' },
} satisfies StoryboardInput;

/** Renders for a minute or two here (no scene is like another): to be looked at while it runs, and cancelled. */
export const long = {
  scenes: Array.from({ length: 30 }, (_, scene) => ({
    media: { type: 'gradient' as const, colors: [`#2040${scene + 10}`, '#e0a040', '#801020'] },
    duration: 4,
    effect: 'zoomIn' as const,
  })),
  output: { resolution: '1080', quality: 'high', fps: 30 },
} satisfies StoryboardInput;

export async function startService(
  environment: Record<string, string> = {},
  options: Partial<AppOptions> = {},
): Promise<Service> {
  const { dir, remove } = await sampleFolder();
  const lines: string[] = [];
  const log = pino({ level: 'debug' }, { write: (line: string) => void lines.push(line) });
  const config = loadConfig({
    PATH: process.env['PATH'],
    HOST: '127.0.0.1',
    PORT: '0',
    DATA_DIR: path.join(dir, 'data'),
    API_KEYS: `alice:${keys.alice},bob:${keys.bob},boss:${keys.boss}:admin,urgent:${keys.urgent}:priority=5`,
    RATE_LIMIT_PER_MINUTE: '100000',
    ...environment,
  });
  const app = await startApp(config, { log, version: '0.0.0-test', ...options });
  const url = app.address!;

  const ask: Service['ask'] = (where, { key = 'alice', headers = {}, json, ...init } = {}) =>
    fetch(`${url}${where}`, {
      ...(json === undefined ? {} : { method: 'POST', body: JSON.stringify(json) }),
      redirect: 'manual',
      ...init,
      headers: {
        ...(key ? { 'x-api-key': keys[key] } : {}),
        ...(json === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
    });
  const json: Service['json'] = async (where, request) => {
    const answer = await ask(where, request);
    return { status: answer.status, headers: answer.headers, body: JSON.parse(await answer.text()) };
  };
  const ended: Service['ended'] = async (id, key = 'alice') => {
    for (;;) {
      const { body } = await json<Job>(`/api/status/${id}`, { key });
      if (['done', 'failed', 'cancelled'].includes(body.status)) return body;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  };
  return {
    url,
    port: Number(new URL(url).port),
    dataDir: config.dataDir,
    config,
    app,
    logs: () => lines.join(''),
    ask,
    json,
    ended,
    film: async (storyboard = tiny, key = 'alice') => {
      const { status, body } = await json('/api/compose', { json: storyboard, key });
      if (status !== 202) throw new Error(`compose answered ${status}: ${JSON.stringify(body)}`);
      return ended(body.id, key);
    },
    stop: async () => {
      await app.stop(2000);
      await remove();
    },
  };
}
