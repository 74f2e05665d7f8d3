/** BCP-47 tags: comparing what is asked for with what a voice speaks. */

/** Tags that mean the same language to a voice. */
const sameAs: Record<string, string> = { no: 'nb', nn: 'nb', cmn: 'zh', fil: 'tl', hbs: 'sr', sh: 'sr' };
/** Where Chinese means Cantonese. */
const cantonese = new Set(['HK', 'MO']);

export type Language = { primary: string; script?: string; region?: string };

/** Reads a tag: old codes become today's (`iw` is `he`), and `zh-HK` is Cantonese. */
export function parseLanguage(tag: string): Language {
  let locale: Intl.Locale;
  try {
    locale = new Intl.Locale(tag);
  } catch {
    return { primary: tag.toLowerCase() };
  }
  const primary = sameAs[locale.language] ?? locale.language;
  const { script, region } = locale;
  if (primary === 'zh' && region && cantonese.has(region)) return { primary: 'yue', script, region };
  return { primary, script, region };
}

/** Whether both tags are one language, whatever the region. */
export function sameLanguage(a: string, b: string): boolean {
  return parseLanguage(a).primary === parseLanguage(b).primary;
}

/** Whether a voice speaks a language: its own, one of its several, or any (`und`, silence). */
export function speaks(
  voice: { language: string; languages?: readonly string[] },
  language: string,
): boolean {
  if (voice.language === 'und') return true;
  if (voice.language !== 'mul') return sameLanguage(voice.language, language);
  return voice.languages?.some((each) => sameLanguage(each, language)) ?? true;
}

/** Whether `tag` is `prefix` or a narrower form of it: `es-419` and `es`. */
export function narrows(tag: string, prefix: string): boolean {
  const [long, short] = [tag.toLowerCase(), prefix.toLowerCase()];
  return long === short || long.startsWith(`${short}-`);
}
