/**
 * Opens connections for downloads. The name is resolved once, every answer must be public, and the
 * connection goes to those very answers: a name that changes its mind in between gains nothing.
 * undici is loaded with the first: it takes as long as all else that a start loads of packages.
 */
import { lookup } from 'node:dns/promises';
import type { Agent, buildConnector } from 'undici';
import { innerAddress, isExempt, isPublicAddress, type AddressRules } from './addresses.ts';

export type Address = { address: string; family: 4 | 6 };
type DialOptions = buildConnector.Options;
type DialDone = buildConnector.Callback;

/** The network as downloads see it; tests put their own in its place. */
export type Network = {
  resolve(host: string): Promise<Address[]>;
  /** Connects to one of these addresses, which have been checked. */
  dial(addresses: Address[], options: DialOptions, timeoutMs: number, done: DialDone): void;
};

export const realNetwork: Network = {
  async resolve(host) {
    const found = await lookup(host, { all: true, verbatim: true });
    return found.map(({ address, family }) => ({ address, family: family === 6 ? 6 : 4 }));
  },
  dial(addresses, options, timeoutMs, done) {
    const first = addresses[0]!;
    import('undici')
      .then(({ buildConnector }) => {
        const connect = buildConnector({
          timeout: timeoutMs,
          autoSelectFamily: true,
          lookup: (_host, wanted, answer) => {
            if (wanted.all) answer(null, addresses);
            else answer(null, first.address, first.family);
          },
        });
        connect(options, done);
      })
      .catch((error: Error) => done(error, null));
  },
};

/** One agent a download: nothing stays open afterwards. Proxies of the environment play no part. */
export async function createAgent(
  rules: AddressRules,
  network: Network,
  connectMs: number,
  idleMs: number,
): Promise<Agent> {
  const { Agent } = await import('undici');
  return new Agent({
    headersTimeout: idleMs,
    bodyTimeout: idleMs,
    keepAliveTimeout: 1,
    connect: (options, done) => {
      allowedAddresses(options, rules, network).then(
        (addresses) => network.dial(addresses, options, connectMs, done),
        (error: Error) => done(error, null),
      );
    },
  });
}

async function allowedAddresses(
  options: DialOptions,
  rules: AddressRules,
  network: Network,
): Promise<Address[]> {
  const host = options.hostname.replace(/^\[(.*)\]$/, '$1');
  const port = Number(options.port) || (options.protocol === 'https:' ? 443 : 80);
  const literal = /^[\d.]+$/.test(host) ? 4 : host.includes(':') ? 6 : null;
  const addresses: Address[] = literal ? [{ address: host, family: literal }] : await network.resolve(host);
  if (addresses.length === 0) throw Object.assign(new Error(`no address for ${host}`), { code: 'ENOTFOUND' });
  if (!isExempt(host, port, rules) && !addresses.every(({ address }) => isPublicAddress(address)))
    throw innerAddress();
  return addresses;
}
