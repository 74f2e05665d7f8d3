/** Speech services in the whole program: not called to find out whether it is ready, told on the job, no key in the log. */
import { expect, it, onTestFinished } from 'vitest';
import { spokenWav, startService } from '../core/tts/speech-services.ts';
import { caller, finished, openApp } from '../helpers/app.ts';

const key = 'sk-never-logged-anywhere';

it('keeps its money and its key', async () => {
  const service = await startService((response, { body }, count) => {
    if (count === 1) response.writeHead(500).end(`${key} is wrong here`);
    else response.writeHead(200, { 'content-type': 'audio/wav' }).end(spokenWav(String(body['input'])));
  });
  onTestFinished(() => service.close());
  const app = await openApp({ env: { OPENAI_BASE_URL: service.url, OPENAI_API_KEY: key } });
  const ready = await app.studio.ready();
  expect(JSON.stringify(ready)).toContain('openai is set up');
  expect(service.asked).toEqual([]);
  const { job } = await app.studio.speak({ text: 'Hello there.', format: 'wav' }, caller('me'));
  const done = await finished(app, job.id);
  expect(done).toMatchObject({
    status: 'done',
    voices: [{ engine: 'openai', voice: 'alloy', why: 'the first engine set up for en', scenes: [] }],
  });
  expect(service.asked).toHaveLength(2);
  expect(JSON.stringify([app.lines, done])).not.toContain(key);
});
