/** The bots as services of the program: started by their tokens, alone or beside others, stopped with it. */
import { expect, test } from 'vitest';
import { openApp } from '../helpers/app.ts';

/** Nothing listens there: a platform that is down must not keep the program from starting. */
const nowhere = 'http://127.0.0.1:9';
const discord = {
  DISCORD_TOKEN: 'MTIz.abc.def',
  DISCORD_API_BASE_URL: nowhere,
  DISCORD_GATEWAY_URL: 'ws://127.0.0.1:9',
};
const slack = { SLACK_BOT_TOKEN: 'xoxb-1', SLACK_APP_TOKEN: 'xapp-1', SLACK_API_URL: nowhere };

test('each bot whose token is set runs by default, though its platform is down', async () => {
  const app = await openApp({ env: { ...discord, ...slack, API_KEYS: 'test:test-key-test-key' } });
  expect(app.services).toEqual(['api', 'worker', 'monitoring', 'discord', 'slack']);
  expect((await fetch(`${app.address}/health`)).status).toBe(200);
  await app.stop(0);
}, 30_000);

test('a bot runs alone, over the same jobs', async () => {
  const app = await openApp({ env: { ...discord, SERVICES: 'discord' } });
  expect(app).toMatchObject({ services: ['discord'], address: null });
});

test('bots whose links only this machine could open say so in the log', async () => {
  const warnings = async (env: Record<string, string>): Promise<unknown[]> => {
    const { lines } = await openApp({ env: { ...discord, SERVICES: 'discord', ...env } });
    return lines.filter(({ msg }) => String(msg).includes('PUBLIC_BASE_URL'));
  };
  expect(await warnings({})).toMatchObject([{ level: 40, teller: 'bots' }]);
  expect(await warnings({ PUBLIC_BASE_URL: 'https://api.example.com' })).toEqual([]);
  expect(await warnings({ FILES_BASE_URL: 'https://files.example.com' })).toEqual([]);
});

test('a bot without its token says which is missing', async () => {
  for (const service of ['discord', 'slack'])
    await expect(openApp({ env: { SERVICES: service } })).rejects.toMatchObject({
      code: 'invalid_request',
      message: expect.stringMatching(/token/i),
    });
});

test('Slack over HTTP is answered by the API, and needs it', async () => {
  const http = {
    ...slack,
    SLACK_MODE: 'http',
    SLACK_SIGNING_SECRET: 'secret',
    SLACK_EVENTS_PATH: '/slack/events',
  };
  await expect(openApp({ env: { ...http, SERVICES: 'slack' } })).rejects.toMatchObject({
    code: 'invalid_request',
  });
  const app = await openApp({ env: { ...http, SERVICES: 'api,slack', API_KEYS: 'test:test-key-test-key' } });
  const unsigned = await fetch(`${app.address}/slack/events`, {
    method: 'POST',
    body: 'payload={}',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
  });
  expect(unsigned.status).toBe(401);
});
