/** The version of an installed package. */
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';

/** Without loading any of it. @returns null if it is not there */
export function packageVersion(name: string): string | null {
  const places = createRequire(import.meta.url).resolve.paths(name) ?? [];
  const file = places.map((place) => path.join(place, name, 'package.json')).find((each) => existsSync(each));
  return file ? (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version : null;
}
