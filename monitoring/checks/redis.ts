/** Redis answers, and how full it is. Asked in its own protocol: a check needs no client. redis.io/docs/reference/protocol-spec */
import { connect as connectTcp, type Socket } from 'node:net';
import { performance } from 'node:perf_hooks';
import { connect as connectTls } from 'node:tls';
import { same } from '../texts.ts';
import type { Check } from '../types.ts';

export const REDIS = 'redis:jobs';

/** Share of `maxmemory` from which it is an alert. */
const FULL = 0.9;

/** Null without Redis. */
export function redisCheck({
  redisUrl,
  intervalMs,
}: {
  redisUrl: string | undefined;
  intervalMs: number;
}): Check | null {
  if (!redisUrl) return null;
  const url = new URL(redisUrl);
  return {
    id: REDIS,
    kind: 'redis',
    intervalMs,
    timeoutMs: Math.min(5000, intervalMs * 0.8),
    party: 'own',
    async run(signal) {
      const startedAt = performance.now();
      const answered = await ask(url, signal).catch((error: NodeJS.ErrnoException) => error);
      const ms = performance.now() - startedAt;
      if (answered instanceof Error) {
        const reason = (answered as NodeJS.ErrnoException).code ?? answered.message;
        return {
          ok: false,
          verdict: 'no_answer',
          summary: { en: `Redis does not answer (${reason})`, es: `Redis no responde (${reason})` },
          cure: {
            en: 'Start Redis (systemctl status redis, docker compose ps); jobs wait until then, none is lost.',
            es: 'Arranca Redis (systemctl status redis, docker compose ps); los jobs esperan, no se pierde ninguno.',
          },
          facts: [],
          latencyMs: null,
          cause: 'redis',
        };
      }
      const { used, most, policy } = answered;
      const isFull = most > 0 && used / most > FULL;
      const evicts = policy !== '' && policy !== 'noeviction';
      const mib = (bytes: number): string => `${Math.round(bytes / 1024 ** 2)} MiB`;
      return {
        ok: !isFull && !evicts,
        verdict: evicts ? 'evicts' : isFull ? 'full' : 'ok',
        summary: evicts
          ? {
              en: `Redis may throw jobs away: maxmemory-policy is ${policy}`,
              es: `Redis puede tirar jobs: maxmemory-policy es ${policy}`,
            }
          : isFull
            ? { en: `Redis is nearly full (${mib(used)} of ${mib(most)})`, es: `Redis está casi lleno (${mib(used)} de ${mib(most)})` } // prettier-ignore
            : { en: 'Redis answers', es: 'Redis responde' },
        cure: evicts
          ? { en: 'Set maxmemory-policy to noeviction.', es: 'Pon maxmemory-policy en noeviction.' }
          : isFull
            ? {
                en: 'Raise maxmemory, or shorten RETENTION_DAYS.',
                es: 'Sube maxmemory, o acorta RETENTION_DAYS.',
              }
            : null,
        facts: [
          {
            name: { en: 'Memory', es: 'Memoria' },
            value: same(most > 0 ? `${mib(used)} / ${mib(most)}` : mib(used)),
          },
        ],
        latencyMs: ms,
        cause: 'redis',
      };
    },
  };
}

async function ask(url: URL, signal: AbortSignal): Promise<{ used: number; most: number; policy: string }> {
  const { username, password } = url;
  const commands: string[][] = [];
  if (password)
    commands.push([
      'AUTH',
      ...(username ? [decodeURIComponent(username)] : []),
      decodeURIComponent(password),
    ]);
  commands.push(['PING'], ['INFO', 'memory']);
  const socket = open(url);
  const stop = (): void => void socket.destroy(signal.reason as Error);
  signal.addEventListener('abort', stop, { once: true });
  try {
    socket.write(commands.map(encode).join(''));
    let text = '';
    for await (const chunk of socket) {
      text += String(chunk);
      // Of several answers the first says no, if any: to AUTH, or to PING without it.
      if (text.startsWith('-') && text.includes('\r\n'))
        throw new Error(text.slice(1, text.indexOf('\r\n')).slice(0, 80));
      if (text.includes('maxmemory_policy:') && text.endsWith('\r\n')) break;
    }
    if (!text.includes('+PONG')) throw new Error('no PONG');
    const value = (name: string): string => new RegExp(`^${name}:(.*)\\r$`, 'm').exec(text)?.[1] ?? '';
    return { used: Number(value('used_memory')), most: Number(value('maxmemory')), policy: policyOf(value) };
  } finally {
    signal.removeEventListener('abort', stop);
    socket.destroy();
  }
}

/** Only counts where there is a limit at all. */
function policyOf(value: (name: string) => string): string {
  return Number(value('maxmemory')) > 0 ? value('maxmemory_policy') : '';
}

function open(url: URL): Socket {
  const place = { host: url.hostname.replace(/^\[(.*)\]$/, '$1'), port: Number(url.port) || 6379 };
  return url.protocol === 'rediss:' ? connectTls({ ...place, servername: place.host }) : connectTcp(place);
}

function encode(parts: string[]): string {
  return `*${parts.length}\r\n${parts.map((part) => `$${Buffer.byteLength(part)}\r\n${part}\r\n`).join('')}`;
}
