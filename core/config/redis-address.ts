/** The address of Redis in one form that every client of it reads alike. */
import { z } from 'zod';

const FORM =
  'must be redis://[[user]:password@]host[:port][/number of the database], or rediss:// for TLS; ' +
  'odd characters of a password are written as in URLs, @ as %40 and / as %2F';

export const redisAddress = z.string().trim().refine(isRedisAddress, FORM);

function isRedisAddress(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, hostname, pathname, search, hash, username, password } = new URL(text);
  return (
    (protocol === 'redis:' || protocol === 'rediss:') &&
    hostname !== '' &&
    // What other programs say behind a question mark (?db=1) would be passed over in silence.
    search + hash === '' &&
    /^(\/\d{0,4})?$/.test(pathname) &&
    isDecodable(username + password)
  );
}

function isDecodable(text: string): boolean {
  try {
    decodeURIComponent(text);
    return true;
  } catch {
    return false;
  }
}
