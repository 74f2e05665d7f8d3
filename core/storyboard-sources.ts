/** Pure: which media a storyboard names, and where. */
import type { Storyboard } from './schema/storyboard.ts';

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
