/** Names in the folder of uploads: the SHA-256 of the content, and hidden folders of what is under way. */
import { randomUUID } from 'node:crypto';

export function isAssetId(name: string): boolean {
  return /^[0-9a-f]{64}$/.test(name);
}

/** The id in a `src` such as `asset:…`; null for anything else. */
export function assetIdOf(src: string): string | null {
  return /^asset:(.*)$/is.exec(src)?.[1] ?? null;
}

/** Has a dot, which no id has: no storyboard can name it. */
export function unfinishedName(): string {
  return `.upload-${randomUUID()}`;
}

export function isUnfinished(name: string): boolean {
  return /^\.upload-[0-9a-f-]{36}$/.test(name);
}
