/** The voices of a whole film: who spoke which scene and why, and one limit of billed characters for all. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { filmVoices, narrate } from '../../../core/pipeline/narrate.ts';
import { storyboardSchema } from '../../../core/schema/storyboard.ts';
import { createSpeech, type SpeechOptions } from '../../../core/tts/index.ts';
import { spokenWav, startService } from './speech-services.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'film-voices-'));
const open: { close: () => Promise<void> }[] = [];
afterAll(async () => {
  await Promise.all(open.splice(0).map((each) => each.close()));
  rmSync(folder, { recursive: true });
});

/** A service that speaks, except what holds the word "silence". */
async function narrated(scenes: object[], options: Partial<SpeechOptions> = {}) {
  const service = await startService((response, { body }) => {
    const text = String(body['input']);
    if (text.includes('silence')) response.writeHead(503).end();
    else response.writeHead(200, { 'content-type': 'audio/wav' }).end(spokenWav(text));
  });
  const speech = createSpeech({
    cacheDir: mkdtempSync(path.join(folder, 'cache-')),
    retryMs: 1,
    services: { openai: { baseUrl: service.url, voices: [] } },
    ...options,
  });
  open.push(speech, service);
  const color = { type: 'color', color: '#000000' };
  const storyboard = storyboardSchema.parse({
    voice: { engine: 'openai' },
    scenes: scenes.map((scene) => ({ media: color, ...scene })),
  });
  const work = narrate(
    storyboard,
    storyboard.scenes.map(() => null),
    { speech },
    { signal: new AbortController().signal, onProgress: () => undefined },
  );
  return { work, service };
}

describe('the voices of a film', () => {
  it('are told with their scenes and why they were taken', async () => {
    const { work } = await narrated([
      { text: 'The first scene.' },
      { text: 'A scene in flite.', voice: { engine: 'flite' } },
      {},
      { text: 'Here is silence.', voice: { fallback: true } },
      { text: 'The last scene.' },
    ]);
    const narrations = await work;
    expect(filmVoices(narrations)).toEqual([
      { engine: 'openai', voice: 'alloy', why: 'the engine openai was asked for', scenes: [1, 5] },
      { engine: 'flite', voice: 'rms', why: 'the engine flite was asked for', scenes: [2] },
      { engine: 'flite', voice: 'rms', why: 'openai failed', scenes: [4] },
    ]);
    expect(narrations[3]!.warnings).toEqual([
      expect.stringMatching(/^Scene 4: openai failed \(.*503.*flite/),
    ]);
  });

  it('share one limit, and what goes wrong names scene and engine', async () => {
    const { work, service } = await narrated(
      [{ text: 'Twenty characters ok' }, { text: 'Twenty more is ok, x' }, { text: 'Twenty too many here' }],
      { maxBilledCharacters: 45 },
    );
    await expect(work).rejects.toMatchObject({ code: 'too_large', stage: 'voicing', scene: 3, message: expect.stringMatching(/60.*openai; 45/) }); // prettier-ignore
    expect(service.asked).toHaveLength(2);
    const failing = await narrated([{ text: 'Well.' }, { text: 'Here is silence.' }]);
    await expect(failing.work).rejects.toMatchObject({ code: 'speech_failed', stage: 'voicing', scene: 2, message: expect.stringContaining('openai') }); // prettier-ignore
  });
});
