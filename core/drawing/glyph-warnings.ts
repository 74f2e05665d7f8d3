/** Says before anything is drawn what no font here can draw, and which wanted font is not here. */
import type { Storyboard } from '../schema/storyboard.ts';
import type { FontBook } from './fonts.ts';

/** Characters named in one warning; a text in a script without a font would list hundreds. */
const namedCharacters = 8;

/** Plain sentences for the job's warnings, one for each place with a fault; empty if all can be drawn. */
export function glyphWarnings(storyboard: Storyboard, fonts: FontBook): string[] {
  const warnings: string[] = [];
  const check = (text: string | undefined, place: string): void => {
    const missing = text === undefined ? [] : fonts.missing(text);
    if (missing.length > 0)
      warnings.push(`No font here can draw ${listed(missing)} in ${place}; left out of the picture.`);
  };
  const { font, watermark } = storyboard.brand;
  if (font !== undefined && !fonts.has(font))
    warnings.push(`The font "${font}" is not installed here; Noto Sans is used instead.`);
  check(watermark?.text, 'the watermark');
  const burned = storyboard.captions.mode === 'burn' || storyboard.captions.mode === 'both';
  storyboard.scenes.forEach((scene, index) => {
    if (burned) check(scene.text, `the captions of scene ${index + 1}`);
    check(scene.title?.text, `the title of scene ${index + 1}`);
    check(scene.title?.subtitle, `the subtitle of scene ${index + 1}`);
  });
  return warnings;
}

function listed(characters: readonly string[]): string {
  const named = characters.slice(0, namedCharacters).map((character) => {
    const code = `U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}`;
    return /^[\p{L}\p{N}\p{S}\p{P}]$/u.test(character) ? `“${character}” (${code})` : code;
  });
  const more = characters.length - named.length;
  return named.join(', ') + (more > 0 ? ` and ${more} more` : '');
}
