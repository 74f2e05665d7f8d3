/** Whose request it is: forwarded addresses count only when they come from proxies we were told of. */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import ipaddr from 'ipaddr.js';

type Range = ReturnType<typeof ipaddr.parseCIDR>;

/** Headers by which a proxy shows itself. */
const proxyHeaders = ['x-forwarded-for', 'forwarded', 'x-real-ip', 'cf-connecting-ip', 'via'] as const;

/**
 * Fastify's `trustProxy` for a list of addresses and CIDR ranges; nothing is trusted without one.
 * @throws {Error} for an entry that is neither
 */
export function trustedProxies(entries: readonly string[]): false | ((address: string) => boolean) {
  if (entries.length === 0) return false;
  const ranges = entries.map(parseRange);
  return (address) => ranges.some((range) => inRange(address, range));
}

/**
 * Cloudflare names the client in CF-Connecting-IP, which anyone could send. It counts from trusted
 * ranges only, and not beside X-Forwarded-For: a proxy that adds to that one passes the other on unread.
 */
export function clientAddress(server: FastifyInstance, entries: readonly string[]): void {
  const trusts = trustedProxies(entries);
  if (!trusts) return;
  server.addHook('onRequest', (request, _reply, done) => {
    const named = request.headers['cf-connecting-ip'];
    const peer = request.socket.remoteAddress;
    const isNamed = typeof named === 'string' && ipaddr.isValid(named);
    if (isNamed && request.headers['x-forwarded-for'] === undefined && peer && trusts(peer))
      Object.defineProperty(request, 'ip', { value: named });
    done();
  });
}

/**
 * Whether someone of this machine or an inner network asks. Through a proxy we were not told of,
 * everyone seems to be at the proxy's address, so nobody is.
 */
export function isInner(request: FastifyRequest): boolean {
  const isPeer = request.ip === request.socket.remoteAddress;
  if (isPeer && proxyHeaders.some((name) => request.headers[name] !== undefined)) return false;
  if (!ipaddr.isValid(request.ip)) return false;
  return ['loopback', 'private', 'uniqueLocal', 'linkLocal'].includes(ipaddr.process(request.ip).range());
}

function parseRange(entry: string): Range {
  if (entry.includes('/')) return ipaddr.parseCIDR(entry);
  const address = ipaddr.parse(entry);
  return [address, address.kind() === 'ipv4' ? 32 : 128];
}

function inRange(address: string, [network, bits]: Range): boolean {
  if (!ipaddr.isValid(address)) return false;
  const parsed = ipaddr.process(address);
  return parsed.kind() === network.kind() && parsed.match([network, bits] as never);
}
