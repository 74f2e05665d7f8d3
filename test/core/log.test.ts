/** What is logged carries no secret, whoever wrote the line, and stays a line of JSON. */
import fc from 'fast-check';
import pino from 'pino';
import { expect, test } from 'vitest';
import { loadConfig } from '../../core/config.ts';
import { redaction } from '../../core/log.ts';

const secrets = {
  DISCORD_TOKEN: 'MTA5NzY1.GabcdE.abcdefghij-klmnop',
  SLACK_BOT_TOKEN: 'xoxb-1234567890-abcdefghijkl',
  SLACK_SIGNING_SECRET: '0123456789abcdef0123456789abcdef',
  OPENAI_API_KEY: 'sk-proj-abcdefghijklmnop1234',
  ELEVENLABS_API_KEY: 'a-key-with-"quotes"-and-\\slashes',
  API_KEYS: 'frontend:first-long-key-0001,other:second-long-key-0002',
  ALERT_WEBHOOK_URL: 'https://alerts.example/hook/3b1f9d7c',
  HEARTBEAT_URL: 'https://hc.example/ping/6a1e-beef-cafe',
};
const REDIS_URL = 'redis://user:p%40ssw0rd-long@redis.example:6379';

function openLog() {
  const lines: string[] = [];
  const redact = redaction(loadConfig({ ...secrets, REDIS_URL }));
  const log = pino({ hooks: { streamWrite: redact } }, { write: (line: string) => void lines.push(line) });
  return { log, lines };
}

test('secrets of the settings are not in the log, in whatever field, message or error', () => {
  const { log, lines } = openLog();
  const all = [
    ...Object.values(secrets).flatMap((value) => [value, ...value.split(/,|:(?!\/)/)]),
    REDIS_URL,
    'p@ssw0rd-long',
  ];
  const keys = all.filter((value) => value.length > 12 && !/^(https|redis)$/.test(value));
  for (const value of keys) {
    log.info({ deep: { er: [{ value }] } }, `it failed with ${value}`);
    log.error(new Error(`connect ${value}: refused`), 'failed');
    log.warn({ url: `https://x.example/?q=${encodeURIComponent(value)}` }, 'asked');
  }
  const text = lines.join('');
  for (const value of keys) {
    if (value === REDIS_URL) expect(text).not.toContain('p%40ssw0rd-long');
    else expect(text).not.toContain(JSON.stringify(value).slice(1, -1));
  }
  for (const line of lines) expect(() => JSON.parse(line) as unknown).not.toThrow();
});

test('secrets of strangers are known by their looks; ordinary words stay', () => {
  const { log, lines } = openLog();
  const strange = [
    'https://files.example/a.mp4?expires=1&sig=AbCdEf123456&x=1',
    'Authorization: Bearer eyJhbGciOiJI.abc.def',
    'Bot MTIzNDU2Nzg5.abc.defghijk',
    'gs_Zm9vYmFyYmF6cXV4',
    'xapp-1-A0123-456-abcdef',
    'https://hooks.slack.com/services/T0/B0/abcdefgh',
    'https://discord.com/api/webhooks/123/abcDEF_ghi',
    'postgres://admin:hunter2hunter2@db.example/x',
  ];
  for (const words of strange) log.info({ words }, words);
  const text = lines.join('');
  for (const secret of [
    'AbCdEf123456',
    'eyJhbGciOiJI',
    'MTIzNDU2Nzg5',
    'Zm9vYmFyYmF6',
    'A0123-456',
    'abcdefgh',
    'abcDEF_ghi',
    'hunter2',
  ])
    expect(text).not.toContain(secret);
  expect(text).toContain('expires=1');
  log.info({ job: 'job_1', request: '8c1f2a3b4c5d6e7f-MAD' }, 'job started');
  expect(lines.at(-1)).toContain('"request":"8c1f2a3b4c5d6e7f-MAD"');
});

test('any line stays JSON with the same fields', () => {
  const redact = redaction(loadConfig(secrets));
  fc.assert(
    fc.property(
      fc.dictionary(fc.string(), fc.oneof(fc.string(), fc.constantFrom(...Object.values(secrets)))),
      (facts) => {
        const read = JSON.parse(redact(JSON.stringify({ time: 1, facts }))) as { time: number };
        expect(read.time).toBe(1);
      },
    ),
    { numRuns: 1000 },
  );
});
