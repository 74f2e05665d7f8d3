/**
 * Words from people as data: nothing in them may ping, link or format. Slack's control characters are
 * escaped, addresses in running text are kept from becoming links, and lengths are cut by characters a
 * reader sees whole.
 */

const WORD_JOINER = '\u2060';

/** `&`, `<` and `>` are all that can begin a mention or a link in Slack's markup. */
export function escapeText(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

/**
 * Escaped, and with addresses that no client makes clickable by itself: for places where the markup
 * cannot be told to leave addresses alone (the notification text).
 */
export function inertText(text: string): string {
  return escapeText(text)
    .replaceAll('://', `:${WORD_JOINER}//`)
    .replaceAll(/@(?=everyone|channel|here)/gi, `@${WORD_JOINER}`);
}

/** For code spans: a backtick would end them. */
export function codeText(text: string): string {
  return `\`${escapeText(text).replaceAll('`', 'ˋ')}\``;
}

/** Undoes Slack's own markup in what people wrote: links become their address, entities characters. */
export function plainText(text: string): string {
  return text
    .replaceAll(/<(https?:\/\/[^>|]+|mailto:[^>|]+)(?:\|[^>]*)?>/g, '$1')
    .replaceAll(/<([@#!])([^>|]+)\|([^>]*)>/g, (_all, kind: string, _id, name: string) =>
      kind === '!' ? name : `${kind}${name}`,
    )
    .replaceAll(/<!(\w+)>/g, '@$1')
    .replaceAll(/<([@#])([^>|]+)>/g, '$1$2')
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&amp;', '&');
}

/** At most `most` UTF-16 units, cut before a whole character, with an ellipsis where something is missing. */
export function cut(text: string, most: number): string {
  if (text.length <= most) return text;
  const kept = text.slice(0, most - 1);
  return `${/[\uD800-\uDBFF]$/.test(kept) ? kept.slice(0, -1) : kept}…`;
}

/** Cut so that it fits after escaping: an entity counts with all its letters, and is never cut in two. */
export function cutEscaped(
  text: string,
  most: number,
  escape: (text: string) => string = escapeText,
): string {
  if (escape(text).length <= most) return escape(text);
  let [low, high] = [0, Math.min(text.length, most)];
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (escape(cut(text, middle)).length <= most) low = middle;
    else high = middle - 1;
  }
  return low === 0 ? '' : escape(cut(text, low));
}
