/** Speech of hosts with caches of their own and one store: what one has spoken, no other speaks. */
import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, beforeEach, expect, onTestFinished, test } from 'vitest';
import { loadConfig } from '../../../core/config.ts';
import { openExchange } from '../../../core/shared-cache.ts';
import { openStorage } from '../../../core/storage/index.ts';
import { publicFiles } from '../../../core/storage/signed-links.ts';
import type { SharedFiles } from '../../../core/storage/types.ts';
import type { EngineEntry } from '../../../core/tts/engine.ts';
import { createSpeech } from '../../../core/tts/index.ts';
import type { Speech } from '../../../core/tts/types.ts';
import { until } from '../../helpers/app.ts';
import { testFolder } from '../../helpers/samples.ts';
import { startS3Server, type S3Server } from '../../helpers/s3-server.ts';

let server: S3Server;
let shared: SharedFiles;
let prefixes = 0;
beforeAll(async () => {
  server = await startS3Server();
});
afterAll(() => server.close());
beforeEach(async () => {
  server.fault = null;
  const { s3 } = loadConfig({ ...server.env, S3_PREFIX: `speech-${++prefixes}` });
  const options = { driver: 's3' as const, s3, dataDir: '', baseUrl: () => '', signer: publicFiles };
  shared = (await openStorage(options)).shared!;
});

/** Two engines with neural voices, say: they never say a thing twice alike. */
function openHost(folder: string): { speech: Speech; spoken: string[] } {
  const spoken: string[] = [];
  const entryOf = (name: 'espeak' | 'flite'): EngineEntry => ({
    name,
    available: () => true,
    voices: () => [{ engine: name, name: 'moody', language: 'en', gender: 'neutral', timing: 'engine', local: true, licence: 'MIT' }],
    defaultVoice: () => 'moody',
    suits: () => true,
    load: async () => ({
      name,
      version: '1',
      async synthesize({ text }) {
        spoken.push(text);
        const length = 8000 + Math.floor(Math.random() * 8000);
        const samples = Int16Array.from({ length }, () => Math.round((Math.random() - 0.5) * 20_000));
        return { samples, sampleRate: 16_000, words: [], timing: 'engine' as const, warnings: [] };
      },
      close: async () => {},
    }),
  }); // prettier-ignore
  const exchange = openExchange({ shared, folder: 'speech/', maxBytes: 1e9 });
  const speech = createSpeech({ cacheDir: folder, exchange, fallback: true }, [
    entryOf('espeak'),
    entryOf('flite'),
  ]);
  onTestFinished(() => speech.close());
  return { speech, spoken };
}

const request = { text: 'It rained. Nobody minded.', language: 'en' };
const names = async (): Promise<string[]> => {
  const found: string[] = [];
  for await (const { name } of shared.list('speech/')) found.push(name);
  return found;
};

test('a host says with the very samples what another has spoken, and speaks only what is new', async () => {
  const first = openHost(await testFolder());
  const second = openHost(await testFolder());
  const made = await first.speech.speak(request);
  expect(first.spoken).toHaveLength(2);
  await until(async () => (await names()).length === 4);
  const known = await second.speech.speak({ ...request, onlyKnown: true });
  expect(second.spoken).toEqual([]);
  expect(await readFile(known.path)).toEqual(await readFile(made.path));
  expect(known).toMatchObject({ durationMs: made.durationMs, marks: made.marks, cached: true });
  await second.speech.speak({ ...request, text: 'It rained. Everybody left.' });
  expect(second.spoken).toEqual(['Everybody left.']);
});

test('who may only repeat fails for what nobody has spoken, and no other engine speaks instead', async () => {
  const { speech, spoken } = openHost(await testFolder());
  await expect(speech.speak({ ...request, onlyKnown: true })).rejects.toMatchObject({
    code: 'speech_failed',
  });
  expect(spoken).toEqual([]);
  // Who may speak is not held up by who may not.
  const both = await Promise.allSettled([
    speech.speak({ ...request, onlyKnown: true }),
    speech.speak(request),
  ]);
  expect(both.map(({ status }) => status)).toEqual(['rejected', 'fulfilled']);
});

test('a store that fails or sends half a file costs no speech', async () => {
  const first = openHost(await testFolder());
  await first.speech.speak(request);
  await until(async () => (await names()).length === 4);
  server.fault = (incoming, response) => {
    if (incoming.method !== 'GET' || !incoming.url!.includes('.wav')) return false;
    response.writeHead(200, { 'content-length': 100_000 });
    response.write('half', () => response.destroy());
    return true;
  };
  const second = openHost(await testFolder());
  expect(await second.speech.speak(request)).toMatchObject({ cached: false });
  expect(second.spoken).toHaveLength(2);
});
