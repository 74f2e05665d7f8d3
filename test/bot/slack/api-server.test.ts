/** Slack in the whole program: its endpoint on the API's server, beside the API's own rules. */
import { expect, onTestFinished, test } from 'vitest';
import { openApp, until } from '../../helpers/app.ts';
import { openSlackDouble } from '../../helpers/slack-double/index.ts';
import { sendSigned } from '../../helpers/slack-double/people.ts';
import { channel, slackEnvironment, user } from './open.ts';

test.each(['http', 'socket'] as const)('by %s a typed line becomes a job with a card', async (mode) => {
  let url = '';
  const slack = await openSlackDouble(mode === 'http' ? { eventsUrl: () => url } : {});
  onTestFinished(() => slack.close());
  slack.workspace.addUser(user);
  slack.workspace.addChannel(channel);
  const app = await openApp({ env: { ...slackEnvironment(slack, mode), SERVICES: 'api,slack' } });
  url = `${app.address}/slack/events`;
  await until(() => slack.calls.filter(({ method }) => method === 'auth.test').length === 2);
  if (mode === 'socket') await until(() => slack.socket.connections() === 1);

  const typed = await until(async () => {
    const delivery = await slack.people.slash('/video', 'Hello', { user, channel });
    return delivery.acked && delivery;
  });
  expect(typed.acked).toBe(true);
  const card = await until(() => slack.workspace.messages[0]);
  expect(card.channel).toBe(channel);

  if (mode === 'http') {
    const payload = slack.people.slashPayload('/video', 'Hello', { user, channel });
    const forged = await sendSigned({ type: 'slash_commands', payload, url, secret: 'guessed' });
    expect(forged.status).toBe(401);
    // The API's routes keep their keys and their reading of bodies.
    const json = { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{"scenes": [' };
    const refused = await fetch(`${app.address}/api/compose`, json);
    expect(refused.status).toBe(401);
    expect(refused.headers.get('content-type')).toContain('json');
  }
  expect(JSON.stringify(app.lines)).not.toContain('canary');
});
