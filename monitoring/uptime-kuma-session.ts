/**
 * A connection to Uptime Kuma: its socket.io door, a login that is renewed after every connect, and
 * questions that end. Kuma has no REST for this; what holds of 1.23 and 2.x (server/server.js there):
 * it listens to nothing before it has sent `info`; `info` names the version only after the login; an
 * answer may never come; two factors are asked for by `{tokenRequired: true}` without `ok`, and a code is
 * taken once; the token of a login never expires; 2.x gives its reasons as keys of its translations and
 * says `loginRequired`, where 1.23 says nothing; 20 logins a minute are heard, of all clients together.
 */
import { io, type Socket } from 'socket.io-client';
import { z } from 'zod';
import { StudioError } from '../core/errors.ts';
import type { Logger } from '../core/log.ts';
import { totp } from './totp.ts';
import { inWords, isCrowded, reasonOf } from './uptime-kuma-reasons.ts';

export type KumaAccount = {
  url: string;
  username?: string | undefined;
  password?: string | undefined;
  /** Of a login in a browser, instead of name and password. */
  token?: string | undefined;
  /** Of the second factor, base32. */
  totpSecret?: string | undefined;
};

export type KumaSession = {
  /** Logged in, or why not. @throws {StudioError} not_ready, retryable where it may only be away */
  ready(signal: AbortSignal): Promise<{ version: string; major: number }>;
  /** @throws {StudioError} not_ready without an answer in time, invalid_request when it was refused */
  ask<S extends z.ZodType>(schema: S, event: string, ...values: unknown[]): Promise<z.infer<S>>;
  on(event: string, listener: (...values: unknown[]) => void): void;
  /** Idempotent. */
  close(): void;
};

const ACK_MS = 8000;
/** A refused login is not tried again sooner: Kuma counts them. */
const REFUSED_MS = 5 * 60_000;
/** Too many logins, by whomever: it hears them again after a minute. */
const CROWDED_MS = 60_000;
/** A code of the second factor is taken once: the next one comes after so long. */
const NEXT_CODE_MS = 30_000;
/** Whoever asks waits for the next try to connect: with its jitter of a half it comes within an answer's time. */
const RECONNECT_MS = 5000;
const OLDEST = { major: 1, minor: 23 };
const NEWEST_MAJOR = 2;

type Heard = { next(): Promise<unknown>; end(): void };

const infoSchema = z.looseObject({ version: z.string().nullish() });
const loginSchema = z.looseObject({
  ok: z.boolean().optional(),
  token: z.string().optional(),
  tokenRequired: z.boolean().optional(),
  msg: z.string().optional(),
});

/** Connects when first asked, and again by itself. @param ackMs how long an answer may take */
export function openKumaSession(
  account: KumaAccount,
  { log, now, ackMs = ACK_MS }: { log: Logger; now: () => number; ackMs?: number | undefined },
): KumaSession {
  const socket: Socket = io(account.url, {
    autoConnect: false,
    transports: ['websocket'],
    reconnectionDelay: 500,
    reconnectionDelayMax: Math.min(RECONNECT_MS, ackMs / 2),
    timeout: ackMs,
  });
  /** Held in memory only. */
  let token = account.token;
  let session: Promise<{ version: string; major: number }> | null = null;
  let refused: { until: number; error: StudioError } | null = null;
  let failure = 'not connected yet';

  socket.on('connect', () => {
    session = begin();
    session.catch((error: unknown) => {
      log.warn({ error: String(error) }, 'Uptime Kuma: no login');
      // Begun anew by who asks next.
      socket.disconnect();
    });
  });
  socket.on('disconnect', (reason) => {
    session = null;
    failure = reason;
  });
  socket.on('connect_error', (error) => (failure = reasonOf(error)));

  async function begin(): Promise<{ version: string; major: number }> {
    const infos = heard('info');
    const autoLogin = heard('autoLogin');
    const loginRequired = heard('loginRequired');
    try {
      await infos.next();
      if (account.username || token) await login();
      else await openToAll(autoLogin, loginRequired);
      for (;;) {
        const { version } = infoSchema.parse(await infos.next());
        if (version) return supported(version);
      }
    } finally {
      infos.end();
      autoLogin.end();
      loginRequired.end();
    }
  }

  /** Where logins are switched off, it says so right after the first info. */
  async function openToAll(autoLogin: Heard, loginRequired: Heard): Promise<void> {
    // No autoLogin in time: 1.23 says no more than that.
    const isOpen = await Promise.race([
      autoLogin.next().then(
        () => true,
        () => false,
      ),
      loginRequired.next().then(
        () => false,
        () => false,
      ),
    ]);
    if (isOpen) return;
    if (!socket.connected) throw unanswered('lost while waiting for autoLogin');
    throw refuse('it asks for a login', 'Set UPTIME_KUMA_USERNAME and UPTIME_KUMA_PASSWORD, or UPTIME_KUMA_TOKEN.'); // prettier-ignore
  }

  async function login(): Promise<void> {
    if (token) {
      const answer = loginSchema.parse(await emit('loginByToken', token));
      if (answer.ok) return;
      token = undefined;
      if (!account.username)
        throw refuse(inWords(answer.msg) ?? 'the token is not valid', 'Check UPTIME_KUMA_TOKEN.');
    }
    const { username, password, totpSecret } = account;
    let hint = 'Check UPTIME_KUMA_USERNAME and UPTIME_KUMA_PASSWORD.';
    let answer = loginSchema.parse(await emit('login', { username, password, token: '' }));
    if (answer.tokenRequired) {
      if (!totpSecret)
        throw refuse('it asks for a second factor', 'Set UPTIME_KUMA_TOTP_SECRET or UPTIME_KUMA_TOKEN.');
      answer = loginSchema.parse(await emit('login', { username, password, token: totp(totpSecret, now()) }));
      hint = 'Check UPTIME_KUMA_TOTP_SECRET and the clocks; a code just used is not taken again.';
      if (!answer.ok && !isCrowded(answer.msg)) throw refuse(`the second factor: ${inWords(answer.msg) ?? 'refused'}`, hint, NEXT_CODE_MS); // prettier-ignore
    }
    if (isCrowded(answer.msg)) throw refuse(answer.msg!, 'Wait a minute.', CROWDED_MS);
    if (!answer.ok) throw refuse(inWords(answer.msg) ?? 'the login was refused', hint);
    token = answer.token;
  }

  /** @param waitMs until it is tried again; a short one is for what may pass by itself */
  function refuse(reason: string, hint: string, waitMs = REFUSED_MS): StudioError {
    const retryable = waitMs < REFUSED_MS;
    const error = new StudioError('not_ready', `Uptime Kuma: ${reason}`, { hint, retryable });
    refused = { until: now() + waitMs, error };
    socket.disconnect();
    return error;
  }

  function supported(version: string): { version: string; major: number } {
    const [major = 0, minor = 0] = version.split('.').map(Number);
    const isTooOld = major < OLDEST.major || (major === OLDEST.major && minor < OLDEST.minor);
    if (isTooOld || !(major <= NEWEST_MAJOR)) {
      const error = new StudioError(
        'not_ready',
        `Uptime Kuma ${version} is not known here: 1.23 and 2.x are.`,
        {
          hint: 'Unset UPTIME_KUMA_URL, or look for a newer version of this program.',
        },
      );
      refused = { until: now() + REFUSED_MS, error };
      socket.disconnect();
      throw error;
    }
    refused = null;
    return { version, major };
  }

  async function emit(event: string, ...values: unknown[]): Promise<unknown> {
    try {
      return await socket.timeout(ackMs).emitWithAck(event, ...values);
    } catch (error) {
      throw unanswered(`no answer to ${event}`, error);
    }
  }

  /** What comes of one event, in order, each waited for with a limit. */
  function heard(event: string): Heard {
    const kept: unknown[] = [];
    let wake: (() => void) | null = null;
    const listener = (value: unknown): void => {
      kept.push(value);
      wake?.();
    };
    socket.on(event, listener);
    return {
      async next() {
        const deadline = now() + ackMs;
        while (kept.length === 0) {
          if (!socket.connected) throw unanswered(`lost while waiting for ${event}`);
          await new Promise<void>((resolve) => {
            const timer = setTimeout(resolve, Math.max(1, Math.min(250, ackMs)));
            wake = () => (clearTimeout(timer), resolve());
          });
          if (kept.length === 0 && now() >= deadline) throw unanswered(`no ${event} from it`);
        }
        return kept.shift();
      },
      end: () => void socket.off(event, listener),
    };
  }

  return {
    async ready(signal) {
      if (refused && now() < refused.until) throw refused.error;
      if (!socket.active) socket.connect();
      const deadline = now() + ackMs;
      while (!session && now() < deadline) {
        signal.throwIfAborted();
        if (refused && now() < refused.until) throw refused.error;
        await new Promise((resolve) => setTimeout(resolve, 25));
      }
      if (!session) throw unanswered(failure);
      return session;
    },
    async ask(schema, event, ...values) {
      const answer = await emit(event, ...values);
      const refusal = z.looseObject({ ok: z.literal(false), msg: z.string().optional() }).safeParse(answer);
      if (refusal.success)
        throw new StudioError(
          'invalid_request',
          `Uptime Kuma refused ${event}: ${refusal.data.msg ?? 'no reason'}`,
        );
      const parsed = schema.safeParse(answer);
      if (!parsed.success) throw unanswered(`its answer to ${event} is not understood`, parsed.error);
      return parsed.data;
    },
    on: (event, listener) => void socket.on(event, listener),
    close() {
      socket.removeAllListeners();
      socket.disconnect();
      session = null;
    },
  };
}

function unanswered(reason: string, cause?: unknown): StudioError {
  return new StudioError('not_ready', `Uptime Kuma does not answer: ${reason}`, {
    retryable: true,
    hint: 'Check UPTIME_KUMA_URL and whether it runs.',
    cause,
  });
}
