/** One id through everything: from Cloudflare's ray over the job to ffmpeg, in the log. */
import { expect, test } from 'vitest';
import type { Logger } from '../../core/log.ts';
import { traced, traceStep } from '../../core/trace.ts';
import { finished, openApp, tinyFilm } from '../helpers/app.ts';

const KEY = 'test-key-test-key';

test('what a request asked for is found in the log by its id, down to ffmpeg', async () => {
  const app = await openApp({ env: { SERVICES: 'api,worker', API_KEYS: `test:${KEY}` } });
  const ray = '8c1f2a3b4c5d6e7f-MAD';
  const ask = (id: string, film: object): Promise<Response> =>
    fetch(`${app.address}/api/compose`, {
      method: 'POST',
      headers: { 'x-api-key': KEY, 'content-type': 'application/json', 'cf-ray': id },
      body: JSON.stringify(film),
    });
  const answer = await ask(ray, tinyFilm({ title: 'Traced' }));
  const other = await ask('0000000000000000-FRA', tinyFilm({ title: 'Other' }));
  expect(answer.headers.get('x-request-id')).toBe(ray);
  const { id } = (await answer.json()) as { id: string };
  await finished(app, ((await other.json()) as { id: string }).id);
  expect(await finished(app, id)).toMatchObject({ status: 'done' });

  const of = app.lines.filter((line) => line['request'] === ray || line['id'] === ray);
  const said = of.map(({ msg }) => msg);
  expect(said).toEqual(expect.arrayContaining(['request', 'audit', 'job started', 'ffmpeg ended', 'rendering thread ended a task', 'job ended'])); // prettier-ignore
  for (const line of of.filter((each) => 'attempt' in each)) expect(line['job']).toBe(id);
  expect(JSON.stringify(app.lines)).not.toContain(KEY);
});

test('while no job is made, nothing is kept along the calls of requests', async () => {
  const lines: object[] = [];
  const log = { debug: (line: object) => lines.push(line), warn: () => undefined } as unknown as Logger;
  let end = (): void => {};
  const work = traced({ log, facts: { job: 'a', attempt: 1 } }, async () => {
    await new Promise<void>((resolve) => (end = resolve));
    traceStep('debug', { step: 1 }, 'made');
  });
  const other = traced({ log, facts: { job: 'b', attempt: 1 } }, async () => traceStep('debug', {}, 'made'));
  await other;
  end();
  await work;
  expect(lines).toEqual([
    { job: 'b', attempt: 1 },
    { job: 'a', attempt: 1, step: 1 },
  ]);
  traceStep('debug', {}, 'of nobody');
  expect(lines).toHaveLength(2);
});
