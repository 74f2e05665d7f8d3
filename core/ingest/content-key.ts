/** Names of cached files: equal exactly when everything that decides their content is equal. */
import { createHash } from 'node:crypto';

/** `kind-<sha256 of the parts>`; a part may be any JSON value. */
export function contentKey(kind: string, ...parts: unknown[]): string {
  return `${kind}-${createHash('sha256').update(JSON.stringify(parts)).digest('hex')}`;
}
