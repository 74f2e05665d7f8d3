/** Text from people for Discord: shown as it was typed, never acting; cut to Discord's lengths. */

/** Characters that mean something anywhere in Discord's Markdown. */
const ACTIVE = /[\\*_~`|[\]()<>]/g;
/** At the start of a line they make headings, lists and quotes. */
const LEADING = /^(\s*)(#{1,3}|-#|[-+>]|\d+\.)(?=\s)/gm;

/** Escapes Markdown, and keeps mentions and bare addresses from becoming active. */
export function escapeText(text: string): string {
  return withoutControls(text)
    .replace(ACTIVE, '\\$&')
    .replace(LEADING, (_, space: string, mark: string) => `${space}\\${mark}`)
    .replace(/@(?=everyone|here)/g, '@\u200b')
    .replace(/:\/\//g, ':\\//');
}

/** For places without Markdown (footers, buttons, names of files, modals). */
export function plainText(text: string): string {
  return withoutControls(text).replace(/@(?=everyone|here)/g, '@\u200b');
}

/** In a fixed-width font; backticks would end it. */
export function codeText(text: string): string {
  return `\`${plainText(text).replaceAll('`', '´').replaceAll('\n', ' ')}\``;
}

/** At most `most` UTF-16 units, cut between characters as people see them, with an ellipsis. */
export function cut(text: string, most: number): string {
  if (text.length <= most) return text;
  if (most <= 0) return '';
  let kept = '';
  for (const { segment } of new Intl.Segmenter('en', { granularity: 'grapheme' }).segment(
    text.slice(0, most + 64),
  )) {
    if (kept.length + segment.length > most - 1) break;
    kept += segment;
  }
  // An escape without what it escapes would act on the ellipsis.
  return `${kept.replace(/(?<!\\)((?:\\\\)*)\\$/, '$1').trimEnd()}…`;
}

/** Direction overrides and invisible controls can make text look like something else. */
function withoutControls(text: string): string {
  // oxlint-disable-next-line no-control-regex
  return text.replace(/[\u0000-\u0008\u000b-\u001f\u007f\u202a-\u202e\u2066-\u2069]/g, '');
}
