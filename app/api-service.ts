/** The REST service: keys opened, server built, listening, ended within its time. */
import type { AddressInfo } from 'node:net';
import type { buildServer } from '../api/server.ts';
import type { ServerDeps } from '../api/types.ts';
import type { Config } from '../core/config.ts';
import { StudioError } from '../core/errors.ts';
import { openKeys } from '../core/keys.ts';
import { firstOf } from '../core/pause.ts';
import type { AppOptions, Parts, Service } from './parts.ts';

export type ApiServer = Awaited<ReturnType<typeof buildServer>>;

/** How long requests under way may take to end once the jobs have, ms. */
const LAST_REQUESTS_MS = 1000;

/**
 * @param watching what monitoring gives and takes
 * @param extend adds to the server before it listens
 */
export async function startApiService(
  { config, log, studio, signer }: Parts,
  onKeyCreated: AppOptions['onKeyCreated'],
  watching: Pick<ServerDeps, 'publicStatus' | 'uptimeKumaHook' | 'ops'>,
  extend: (server: ApiServer) => Promise<void>,
): Promise<Service & { address: string }> {
  const api = await import('../api/server.ts');
  const { ring, created, warnings } = await openKeys({
    configured: config.server.apiKeys,
    dataDir: config.dataDir,
  });
  for (const warning of warnings) log.warn({}, warning);
  if (created) onKeyCreated?.(created);
  const server = await api.buildServer({ studio, keys: ring, config, log, signer, ...watching });
  try {
    await extend(server);
  } catch (error) {
    await server.close();
    throw error;
  }
  try {
    await server.listen({ host: config.server.host, port: config.server.port });
  } catch (error) {
    await server.close();
    throw listenError(error, config.server);
  }
  return {
    address: addressOf(server.server.address(), config.server),
    async stop() {
      studio.endWatches();
      const closed = server.close().then(() => undefined);
      await firstOf(closed, LAST_REQUESTS_MS);
      server.server.closeAllConnections();
      await closed;
    },
  };
}

function listenError(error: unknown, { host, port }: Config['server']): StudioError {
  const { code } = error as NodeJS.ErrnoException;
  const why =
    code === 'EADDRINUSE'
      ? 'is used by another program'
      : code === 'EACCES'
        ? 'needs more rights than this user has'
        : `cannot be listened on (${code ?? String(error)})`;
  return new StudioError('not_ready', `Port ${port} on ${host} ${why}.`, {
    hint: 'End the other program, or set PORT to a free port.',
    cause: error,
  });
}

/** A wildcard is no address to call. */
function addressOf(bound: AddressInfo | string | null, { host }: Config['server']): string {
  const name = host === '0.0.0.0' || host === '::' ? 'localhost' : host.includes(':') ? `[${host}]` : host;
  return `http://${name}:${(bound as AddressInfo).port}`;
}
