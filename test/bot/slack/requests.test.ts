/** S26: signed requests. What is not Slack's, not fresh or not new is answered 401, never 500. */
import { expect, test } from 'vitest';
import { createReplayGuard } from '../../../bot/slack/replay-guard.ts';
import { until } from '../../helpers/app.ts';
import { sendSigned, signRequest } from '../../helpers/slack-double/people.ts';
import { channel, openSlack, user } from './open.ts';

const seconds = (from: number): string => String(Math.floor(Date.now() / 1000) + from);

test('only what Slack signed, lately and once, is taken', async () => {
  const { slack, heard, eventsUrl: url } = await openSlack({ mode: 'http' });
  const secret = slack.signingSecret;
  const request = (changes: object = {}) => {
    const payload = slack.people.slashPayload('/video', 'Hello', { user, channel });
    return { type: 'slash_commands' as const, payload, url, secret, ...changes };
  };
  const good = request({ timestamp: seconds(0) });
  const statuses = {
    good: await sendSigned(good),
    again: await sendSigned(good),
    stale: await sendSigned(request({ timestamp: seconds(-301) })),
    early: await sendSigned(request({ timestamp: seconds(310) })),
    altered: await sendSigned(request({ body: 'command=%2Fops&text=stop' })),
    unsigned: await sendSigned(request({ headers: { 'x-slack-signature': null } })),
    undated: await sendSigned(request({ headers: { 'x-slack-request-timestamp': null } })),
    strangeTime: await sendSigned(request({ timestamp: 'Infinity' })),
    strangeVersion: await sendSigned(request({ headers: { 'x-slack-signature': 'v1=00' } })),
    wrongSecret: await sendSigned(request({ secret: 'guessed' })),
    empty: await sendSigned(request({ body: '' })),
  };
  const { good: first, ...rest } = statuses;
  expect(first.status).toBe(200);
  expect(Object.entries(rest).filter(([, { status }]) => status !== 401)).toEqual([]);
  expect(heard).toHaveLength(1);
});

test('a slow backend does not hold up the acknowledgement', async () => {
  const { slack } = await openSlack({
    mode: 'http',
    handlers: { command: () => new Promise(() => undefined) },
  });
  const { acked, status } = await slack.people.slash('/video', 'Hello', { user, channel });
  expect([acked, status]).toEqual([true, 200]);
});

test('the address can be proved to Slack, and unreadable bodies are refused', async () => {
  const { slack, eventsUrl: url, server } = await openSlack({ mode: 'http' });
  const secret = slack.signingSecret;
  const proof = await sendSigned({
    type: 'events_api',
    payload: { type: 'url_verification', challenge: 'abc' },
    url,
    secret,
  });
  expect(proof).toMatchObject({ status: 200, answer: { challenge: 'abc' } });

  const broken = signRequest({ type: 'interactive', payload: {}, secret });
  const noJson = await sendSigned({ type: 'events_api', payload: 'no object' as never, url, secret });
  expect(noJson.status).toBeLessThan(500);
  const other = await fetch(url, {
    method: 'POST',
    headers: { ...broken.headers, 'content-type': 'image/png' },
    body: broken.body,
  });
  expect(other.status).toBeLessThan(500);
  const check = {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: 'ssl_check=1',
  };
  expect((await fetch(url, check)).status).toBe(200);

  // The other routes of the server read their bodies as before.
  expect(server!.hasContentTypeParser('application/json')).toBe(true);
});

test('a signature is remembered for as long as its time counts, then forgotten', () => {
  let now = 1_700_000_000_000;
  const guard = createReplayGuard('secret', () => now);
  const timestamp = String(now / 1000 + 299);
  const { body, headers } = signRequest({ type: 'events_api', payload: {}, secret: 'secret', timestamp });
  const ask = () => guard({ timestamp, signature: headers['x-slack-signature'], body: Buffer.from(body) });
  expect(ask()).toBe('good');
  now += 590_000;
  expect(ask()).toBe('replayed');
  now += 10_000;
  expect(ask()).toBe('stale');
});

test('over Socket Mode a trigger that comes again is not run again', async () => {
  const { slack, heard } = await openSlack();
  const payload = slack.people.slashPayload('/video', 'Hello', { user, channel });
  for (let round = 0; round < 3; round += 1)
    expect((await slack.people.deliver('slash_commands', payload)).acked).toBe(true);
  await until(() => heard.length > 0);
  expect(heard).toHaveLength(1);
});
