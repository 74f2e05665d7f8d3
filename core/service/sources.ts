/** Pure: which media of a storyboard a service may take, and which uploads it uses. */
import { assetIdOf } from '../assets/names.ts';
import type { Issue } from '../errors.ts';
import type { Storyboard } from '../schema/storyboard.ts';
import { sourcesOf } from '../storyboard-sources.ts';

/** Ids of the uploads that a storyboard uses. */
export function assetIds(storyboard: Storyboard): string[] {
  return sourcesOf(storyboard).flatMap(({ src }) => assetIdOf(src) ?? []);
}

/**
 * A service has no folder of the asker's: only addresses and uploads mean anything to it, unless its
 * operator opened folders to it (`MEDIA_ROOTS`); which file may be read is checked when it is.
 */
export function foreignSources(storyboard: Storyboard, pathsAllowed = false): Issue[] {
  if (pathsAllowed) return [];
  return sourcesOf(storyboard)
    .filter(({ src }) => !/^(https?|asset):/i.test(src))
    .map(({ path }) => ({
      path,
      message:
        'must be an https:// address or the asset:… id of an upload; file paths work on the command line only',
    }));
}
