/** Whose request it is: forwarded addresses count only when they come from proxies we were told of. */
import type { FastifyInstance } from 'fastify';
import ipaddr from 'ipaddr.js';

type Range = ReturnType<typeof ipaddr.parseCIDR>;

/**
 * Fastify's `trustProxy` for a list of addresses and CIDR ranges; nothing is trusted without one.
 * @throws {Error} for an entry that is neither
 */
export function trustedProxies(entries: readonly string[]): false | ((address: string) => boolean) {
  if (entries.length === 0) return false;
  const ranges = entries.map(parseRange);
  return (address) => ranges.some((range) => inRange(address, range));
}

/** Cloudflare names the client in CF-Connecting-IP, which anyone could send: it counts from its ranges only. */
export function clientAddress(server: FastifyInstance, entries: readonly string[]): void {
  const trusts = trustedProxies(entries);
  server.addHook('onRequest', async (request) => {
    const named = request.headers['cf-connecting-ip'];
    const peer = request.socket.remoteAddress;
    if (!trusts || !peer || !trusts(peer) || typeof named !== 'string' || !ipaddr.isValid(named)) return;
    Object.defineProperty(request, 'ip', { value: named });
  });
}

/** Whether an address is of this machine or an inner network. */
export function isInner(address: string): boolean {
  if (!ipaddr.isValid(address)) return false;
  return ['loopback', 'private', 'uniqueLocal', 'linkLocal'].includes(ipaddr.process(address).range());
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
