/** The program's log as Slack's libraries want one. Their debug lines hold whole payloads, so they are dropped. */
import { LogLevel, type Logger as SlackLogger } from '@slack/bolt';
import type { Logger } from '../../core/log.ts';

export type SlackLog = SlackLogger;

export function slackLog(log: Logger, secrets: readonly string[]): SlackLog {
  const words = (parts: unknown[]): string => {
    const text = parts.map((part) => (part instanceof Error ? part.message : String(part))).join(' ');
    return secrets.reduce((clean, secret) => clean.replaceAll(secret, '[secret]'), text);
  };
  return {
    debug: () => undefined,
    info: (...parts) => log.info({}, words(parts)),
    warn: (...parts) => log.warn({}, words(parts)),
    error: (...parts) => log.error({}, words(parts)),
    setLevel: () => undefined,
    getLevel: () => LogLevel.INFO,
    setName: () => undefined,
  };
}
