/**
 * The last resort: alerts as JSON to one address. `text` and `content` are what incoming webhooks of
 * Slack and Discord show, so either works; everything else is for programs.
 */
import type { OpsChannel, OpsLocale, OpsMessage } from '../core/ops/types.ts';

export function webhookChannel(url: string, locale: OpsLocale): OpsChannel {
  async function send(event: 'alert' | 'update', message: OpsMessage, signal: AbortSignal): Promise<string> {
    const text = textOf(message);
    const answer = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'idempotency-key': message.key },
      body: JSON.stringify({
        text,
        content: text.slice(0, 2000),
        // Nobody is called by what a host happens to be named.
        allowed_mentions: { parse: [] },
        event,
        key: message.key,
        tone: message.tone,
        title: message.title,
        fields: message.fields,
      }),
      redirect: 'error',
      signal,
    });
    await answer.body?.cancel();
    if (answer.ok) return message.key;
    const retryAfterMs = Number(answer.headers.get('retry-after')) * 1000 || undefined;
    throw Object.assign(new Error(`the alert webhook answered ${answer.status}`), { retryAfterMs });
  }
  return {
    id: 'webhook:alerts',
    locale: () => locale,
    post: (message, signal) => send('alert', message, signal),
    // It cannot change what it said; what matters follows as a message of its own.
    edit: async (posted) => posted,
    reply: (_posted, message, signal) => send('update', message, signal),
    find: async () => null,
    linkTo: () => null,
  };
}

function textOf({ title, lines, fields, footer }: OpsMessage): string {
  return [
    title,
    ...lines.map(({ text }) => text),
    ...fields.map(({ name, value }) => `${name}: ${value}`),
    footer,
  ]
    .filter(Boolean)
    .join('\n');
}
