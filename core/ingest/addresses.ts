/** Pure: which addresses may be fetched from, by the look of the URL and by the IP behind its name. */
import ipaddr from 'ipaddr.js';
import { notAllowed } from './refusal.ts';

export type AddressRules = {
  /** `host` or `host:port` exempt from the port and private-address rules. */
  allowHosts: readonly string[];
  /** Names of this service itself: nothing is fetched from there, on any port. */
  ownHosts?: readonly string[];
};

const HINT = 'Use a public http(s) address on the usual port, or upload the file and use its asset:… id.';
const ordinaryPorts: Record<string, number> = { 'http:': 80, 'https:': 443 };
const PUBLIC_V6 = ipaddr.parseCIDR('2000::/3') as [ipaddr.IPv6, number];
/** Unicast by its range, and yet the inner services of a cloud (Azure's wire server). */
const INNER_SERVICES = ['168.63.129.16'];

/**
 * Parses an address and checks all that can be seen without asking the network.
 * @throws {StudioError} url_not_allowed
 */
export function checkUrl(text: string, rules: AddressRules): URL {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (!url)
    throw notAllowed(
      'This is not a complete address.',
      'Write it in full, such as https://example.com/picture.jpg.',
    );
  const ordinaryPort = ordinaryPorts[url.protocol];
  if (!ordinaryPort) throw notAllowed(`Addresses with "${url.protocol}" are not fetched.`, HINT);
  if (url.username || url.password)
    throw notAllowed(
      'The address carries a user name or password.',
      'Remove it, or upload the file and use its asset:… id.',
    );
  const host = hostOf(url);
  const port = url.port ? Number(url.port) : ordinaryPort;
  if (isExempt(host, port, rules)) return url;
  if (rules.ownHosts?.includes(host))
    throw notAllowed(
      'The address is one of this service itself.',
      'Use the asset:… id of an upload; a finished film has to be uploaded to be used again.',
    );
  if (port !== ordinaryPort && !Object.values(ordinaryPorts).includes(port))
    throw notAllowed(`The address uses port ${port}; only 80 and 443 are fetched from.`, HINT);
  if (ipaddr.isValid(host) && !isPublicAddress(host)) throw innerAddress();
  return url;
}

/** Host of a URL without the brackets of IPv6. */
export function hostOf(url: URL): string {
  return url.hostname.replace(/^\[(.*)\]$/, '$1');
}

/** Whether the operator allowed this host by name; without a port, an entry means the usual ports. */
export function isExempt(host: string, port: number, rules: AddressRules): boolean {
  const name = host.includes(':') ? `[${host}]` : host;
  const written = [`${name}:${port}`, ...(port === 80 || port === 443 ? [name, host] : [])];
  return rules.allowHosts.some((entry) => written.includes(entry.toLowerCase()));
}

/**
 * Whether an IP address belongs to the public internet. IPv6 only within 2000::/3, which leaves out
 * mapped, translated and local forms; within it, tunnels and documentation ranges are refused too.
 */
export function isPublicAddress(address: string): boolean {
  if (!ipaddr.isValid(address)) return false;
  const ip = ipaddr.parse(address);
  if (ip.range() !== 'unicast' || INNER_SERVICES.includes(ip.toString())) return false;
  return ip.kind() === 'ipv4' || (ip as ipaddr.IPv6).match(PUBLIC_V6);
}

/** Says no more than needed: what a name resolves to inside is nobody's business. */
export function innerAddress() {
  return notAllowed('The address leads to a private, local or reserved network.', HINT);
}
