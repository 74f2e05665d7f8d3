/** Speech over REST: as a job, or waited for. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startService, type Service } from './service.ts';

let service: Service;
beforeAll(async () => {
  service = await startService({ TTS_ENGINE: 'flite' });
});
afterAll(() => service.stop());

test('a text becomes a sound file, as a job', async () => {
  const { status, headers, body } = await service.json('/api/tts', {
    json: { text: 'Good morning.', format: 'wav' },
  });
  expect(status).toBe(202);
  expect(headers.get('location')).toBe(body.statusUrl);
  const job = await service.ended(body.id);
  expect(job).toMatchObject({ kind: 'tts', status: 'done', title: 'Good morning.', error: null });
  expect(job.duration).toBeGreaterThan(0.4);
  const sound = await fetch(job.url!);
  expect(sound.headers.get('content-type')).toBe('audio/wav');
  expect(
    Buffer.from(await sound.arrayBuffer())
      .subarray(0, 4)
      .toString(),
  ).toBe('RIFF');
});

test('with ?wait=true a short text is answered with the finished job', async () => {
  const { status, body } = await service.json('/api/tts?wait=true', {
    json: { text: 'Wait for me.' },
    headers: { 'idempotency-key': 'speech-1' },
  });
  expect(status).toBe(200);
  expect(body).toMatchObject({ kind: 'tts', status: 'done', url: expect.stringMatching(/\.mp3$/) });
  // The same again is the same job, which is there already.
  const again = await service.json('/api/tts?wait=true', {
    json: { text: 'Wait for me.', format: 'mp3' },
    headers: { 'idempotency-key': 'speech-1' },
  });
  expect(again).toMatchObject({ status: 200, body: { id: body.id } });
});

test('a long text is not waited for', async () => {
  const { status, body } = await service.json('/api/tts?wait=true', { json: { text: 'Long. '.repeat(150) } });
  expect(status).toBe(202);
  await service.json(`/api/jobs/${body.id}/cancel`, { method: 'POST' });
});

test('where nobody works, waiting ends when the asker leaves, and the job stays', async () => {
  const idle = await startService({ SERVICES: 'api' });
  try {
    const left = new AbortController();
    const asked = idle.ask('/api/tts?wait=true', { json: { text: 'Hello?' }, signal: left.signal });
    await expect.poll(async () => (await idle.json('/api/jobs')).body.jobs.length).toBe(1);
    left.abort();
    await expect(asked).rejects.toThrow();
    expect((await idle.json('/api/jobs')).body.jobs[0]).toMatchObject({ kind: 'tts', status: 'queued' });
  } finally {
    await idle.stop();
  }
});

test.each([
  [{}, 'text'],
  [{ text: '' }, 'text'],
  [{ text: '   ' }, 'text'],
  [{ text: 'x'.repeat(5001) }, 'text'],
  [{ text: 'a\u0000b' }, 'text'],
  [{ text: 'a', speed: 99 }, 'speed'],
  [{ text: 'a', format: 'flac' }, 'format'],
  [{ text: 'a', language: 'not a language' }, 'language'],
  [{ text: 'a', webhookUrl: 'ftp://x' }, 'webhookUrl'],
  [{ text: 'a', txt: 'b' }, 'txt'],
])('S39 %j is refused with the field at fault', async (json, path) => {
  const { status, body } = await service.json('/api/tts?wait=true', { json });
  expect(status).toBe(400);
  expect(body.error.code).toBe('invalid_request');
  expect(body.error.issues.map((issue: { path: string }) => issue.path)).toEqual([path]);
});

test('a voice nobody has is refused at once', async () => {
  const { status, body } = await service.json('/api/tts', {
    json: { text: 'a', voice: { name: 'Nobody At All' } },
  });
  expect(status).toBe(400);
  expect(body.error.issues.length).toBeGreaterThan(0);
});
