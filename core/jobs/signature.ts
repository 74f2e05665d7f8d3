/** Signing of webhooks, and the check for whoever receives them. */
import { createHmac, timingSafeEqual } from 'node:crypto';

export const timestampHeader = 'x-genscene-timestamp';
export const signatureHeader = 'x-genscene-signature';

/** How old or early a signed body may be, s. */
const TOLERANCE_S = 300;

/** `v1=` and HMAC-SHA256, hex, over `<timestamp>.<body>`; the timestamp is epoch seconds. */
export function signWebhook(secret: string, timestamp: number, body: string): string {
  return `v1=${createHmac('sha256', secret).update(`${timestamp}.${body}`).digest('hex')}`;
}

/** Whether a body came from us, unchanged, within five minutes of `nowS` (epoch seconds). */
export function verifyWebhook(
  secret: string,
  headers: Record<string, string | undefined>,
  body: string,
  nowS = Date.now() / 1000,
): boolean {
  const timestamp = headers[timestampHeader];
  if (
    timestamp === undefined ||
    !/^\d{1,12}$/.test(timestamp) ||
    Math.abs(nowS - Number(timestamp)) > TOLERANCE_S
  )
    return false;
  const expected = Buffer.from(signWebhook(secret, Number(timestamp), body));
  const given = Buffer.from(headers[signatureHeader] ?? '');
  return given.length === expected.length && timingSafeEqual(given, expected);
}
