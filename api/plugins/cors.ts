/** Which web pages may call us: an exact list, patterns with `*` for one label or port, or `*` for all. */
import type { FastifyCorsOptions } from '@fastify/cors';

const exposed = [
  'Content-Range',
  'Accept-Ranges',
  'Content-Length',
  'Content-Disposition',
  'ETag',
  'Location',
  'Retry-After',
  'X-Request-Id',
  'X-RateLimit-Limit',
  'X-RateLimit-Remaining',
  'X-RateLimit-Reset',
];
const accepted = [
  'Content-Type',
  'X-API-Key',
  'Idempotency-Key',
  'Last-Event-ID',
  'Range',
  'If-Range',
  'If-None-Match',
  'X-Request-Id',
];

export function corsOptions(origins: readonly string[]): FastifyCorsOptions {
  const allowed = origins.map(originPattern);
  return {
    origin: (origin, done) =>
      done(null, origin !== undefined && allowed.some((pattern) => pattern.test(origin))),
    methods: ['GET', 'HEAD', 'POST'],
    allowedHeaders: accepted.join(', '),
    exposedHeaders: exposed.join(', '),
    maxAge: 7200,
    strictPreflight: false,
  };
}

/** `https://*.lovable.app` admits one label before the dot, and nothing that merely ends alike. */
export function originPattern(origin: string): RegExp {
  if (origin === '*') return /^https?:\/\/[^\s/]+$/;
  const label = '[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?';
  const parts = origin
    .toLowerCase()
    .replace(/\/$/, '')
    .split('*')
    .map((part) => part.replaceAll(/[.*+?^${}()|[\]\\/]/g, String.raw`\$&`));
  return new RegExp(`^${parts.join(label)}$`);
}
