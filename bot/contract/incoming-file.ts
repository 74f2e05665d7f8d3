/** Files that people attach. */
import type { Readable } from 'node:stream';

/** A file a person attached; the platform fetches it, from allow-listed hosts only, with its credentials. */
export type IncomingFile = {
  name: string;
  contentType: string | null;
  /** As the platform says it; null if it does not. */
  size: number | null;
  /** @throws {StudioError} url_not_allowed, fetch_failed, cancelled */
  open(signal: AbortSignal): Promise<Readable>;
};
