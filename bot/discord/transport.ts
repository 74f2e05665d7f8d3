/**
 * HTTP for the library, through our own undici: the library brings an older one, which shares its global
 * dispatcher with ours and then cannot send forms. Bodies with files are encoded here, once.
 */
import { Agent, fetch } from 'undici';
import { REST, type RESTOptions } from 'discord.js';

export type Transport = Pick<RESTOptions, 'makeRequest'> & {
  /** A client over this transport, with the library's defaults where nothing is said. */
  openRest(options: Partial<RESTOptions> & { api: string }): REST;
  /** Ends all connections and the clients' timers. Idempotent. */
  close(): Promise<void>;
};

type MakeRequest = RESTOptions['makeRequest'];

/** Connections kept open, so that an acknowledgement need not wait for a handshake. */
const KEEP_ALIVE_MS = 60_000;

export function openTransport(): Transport {
  const clients: REST[] = [];
  const agent = new Agent({ keepAliveTimeout: KEEP_ALIVE_MS, connect: { timeout: 5000 } });
  const makeRequest: MakeRequest = async (url, init) => {
    const { method, signal, body } = init;
    const headers = { ...(init.headers as Record<string, string>) };
    let bytes: string | Uint8Array | null = (body ?? null) as string | Uint8Array | null;
    if (body instanceof FormData) {
      const encoded = new Response(body);
      headers['content-type'] = encoded.headers.get('content-type')!;
      bytes = new Uint8Array(await encoded.arrayBuffer());
    }
    const options = {
      method: method ?? 'GET',
      headers,
      body: bytes,
      signal: signal ?? null,
      dispatcher: agent,
    };
    const response = await fetch(url, options as Parameters<typeof fetch>[1]).catch((error: unknown) => {
      // "fetch failed" hides what the library looks at to try again.
      throw error instanceof TypeError && error.cause instanceof Error ? error.cause : error;
    });
    return response as unknown as Awaited<ReturnType<MakeRequest>>;
  };
  return {
    makeRequest,
    openRest(options) {
      const client = new REST({ version: '10', makeRequest, ...options });
      clients.push(client);
      return client;
    },
    close() {
      for (const client of clients.splice(0)) {
        client.clearHashSweeper();
        client.clearHandlerSweeper();
      }
      return agent.destroy();
    },
  };
}
