/** Why Uptime Kuma refuses or cannot be reached, in words. */
import { z } from 'zod';

/** What 2.x gives as reasons of a refused login: keys of its translations. */
const reasons: Partial<Record<string, string>> = {
  authIncorrectCreds: 'incorrect username or password',
  authInvalidToken: 'invalid token',
  authUserInactiveOrDeleted: 'the user is inactive or deleted',
};

/** A reason as people read it, whichever version gave it. */
export function inWords(msg: string | undefined): string | undefined {
  return msg && (reasons[msg] ?? msg);
}

/** Too many logins, by whomever; the same words in both versions. */
export function isCrowded(msg: string | undefined): boolean {
  return msg?.startsWith('Too frequently') ?? false;
}

/** The socket's own reason (`connect ECONNREFUSED …`) is kept below the transport's `websocket error`. */
export function reasonOf(error: Error): string {
  const below = z.object({ description: z.object({ message: z.string().min(1) }) }).safeParse(error);
  return below.data?.description.message ?? error.message;
}
