/** What the settings know of the addresses people reach this service at. */
import type { ServerConfig } from './server.ts';
import type { S3Config } from './storage.ts';

/**
 * Where links to finished files start, without a slash at its end; null where no setting says it. Links then
 * start with this machine's own name for itself, `localhost`, which leads nobody elsewhere to it.
 */
export function filesAddress({ server, s3 }: { server: ServerConfig; s3: S3Config | null }): string | null {
  return s3?.publicBaseUrl ?? server.filesBaseUrl ?? server.publicBaseUrl ?? null;
}
