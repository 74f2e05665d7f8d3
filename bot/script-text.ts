/** A storyboard written as a script again, for films whose own script is not known. */
import type { Storyboard } from '../core/schema/storyboard.ts';

type Scene = Storyboard['scenes'][number];

/** What people edit: title, pictures, words. The rest of the film stays as it was when it is made again. */
export function scriptText(storyboard: Storyboard): string {
  return storyboard.scenes.map(sceneText).join('\n\n');
}

function sceneText({ text, title, media, duration }: Scene): string {
  const lines = [
    ...(title ? [`[title: ${title.text}]`] : []),
    ...(media && 'src' in media ? [`[${media.type}: ${media.src}]`] : []),
    ...(media?.type === 'color' ? [`[color: ${media.color}]`] : []),
    ...(media?.type === 'gradient' ? [`[gradient: ${media.colors.join(' ')}]`] : []),
    ...(duration === 'auto' ? [] : [`[duration: ${duration}]`]),
    // A bracket or a hash that was spoken stays spoken; a blank line within a scene would part it.
    ...(text
      ? [
          text
            .replaceAll('[', '\\[')
            .replaceAll(/\n\s*\n/g, '\n')
            .replaceAll(/^#/gm, '\\#'),
        ]
      : []),
  ];
  return lines.join('\n');
}
