/** Pure: which media a storyboard names, and which of those a service may take. */
import { assetIdOf } from '../assets/names.ts';
import type { Issue } from '../errors.ts';
import type { Storyboard } from '../schema/storyboard.ts';

export type NamedSource = {
  /** As people write it, e.g. `scenes[3].media.src`. */ path: string;
  src: string;
};

/** Every `src` of a storyboard, in reading order. */
export function sourcesOf(storyboard: Storyboard): NamedSource[] {
  const { scenes, soundtrack, brand } = storyboard;
  const named: { path: string; src: string | undefined }[] = scenes.flatMap(({ media, audio }, index) => [
    { path: `scenes[${index}].media.src`, src: media && 'src' in media ? media.src : undefined },
    { path: `scenes[${index}].audio`, src: audio },
  ]);
  named.push(
    { path: 'soundtrack.src', src: soundtrack?.src },
    { path: 'brand.logo', src: brand.logo },
    { path: 'brand.watermark.src', src: brand.watermark?.src },
  );
  return named.filter((source): source is NamedSource => source.src !== undefined);
}

/** Ids of the uploads that a storyboard uses. */
export function assetIds(storyboard: Storyboard): string[] {
  return sourcesOf(storyboard).flatMap(({ src }) => assetIdOf(src) ?? []);
}

/** A service has no folder of the asker's: only addresses and uploads mean anything to it. */
export function foreignSources(storyboard: Storyboard): Issue[] {
  return sourcesOf(storyboard)
    .filter(({ src }) => !/^(https?|asset):/i.test(src))
    .map(({ path }) => ({
      path,
      message:
        'must be an https:// address or the asset:… id of an upload; file paths work on the command line only',
    }));
}
