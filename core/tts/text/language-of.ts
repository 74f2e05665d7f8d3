/**
 * Which of a few languages a sentence is written in: by its script, its little words and its own letters.
 * Only asked among languages that somebody named; a sentence that tells nothing stays in the first.
 */

/** The commonest words of each language that are rare in the others. */
const words: Record<string, string> = {
  en: 'the and of to is was in that it for on with as are be this have from or by not but what all were we when your can there an which their said if will how about out up them then she so some these would into has her more him two like could no make than been its now my you they he his at hello hi yes thanks thank please welcome good morning who why where don\'t it\'s i\'m',
  es: 'el la los las de y que en un una es por con no se su para al lo como más pero sus le ya o este sí porque esta entre cuando muy sin sobre también me hasta hay donde quien desde todo nos durante todos uno les ni contra otros ese eso ante ellos e esto mí antes algunos qué unos yo otro del hola gracias adiós buenos días usted está son fue era años así aquí',
  fr: 'le la les des et est un une du que qui dans pour pas sur au avec ce il elle son sont nous vous ils mais ou où par plus ne se je tu cette ces aux été être avoir fait comme tout bonjour merci oui très aussi leur',
  de: 'der die das und ist nicht ein eine zu den mit von sich auf für im dem es ich wir sie er auch als an werden aus hat dass wird sind bei noch nach einen wie um am über so nur oder aber vor zur bis mehr durch man dann hallo danke ja guten heute sehr war',
  it: 'il lo la gli le di e che un una è per con non si da del della dei nel sono come più ma anche al ha questo questa io noi voi loro alla dal nella ciao grazie molto era sei tutto quando perché',
  pt: 'o a os as de e que um uma é em do da dos das no na para com não se por mais como mas ao ele ela seu sua você eu nós são foi está muito também já obrigado olá quando isso pelo pela tem era até',
  ca: 'el la els les de i que en un una és per amb no es al del dels seu seva com més però també aquest aquesta són hola gràcies molt quan perquè hi ha ser va',
  nl: 'de het een en van is dat niet in op te zijn voor met die er aan ook als maar om hij ze wij je ik naar bij nog dan wel door over wat hallo dank heel was heeft worden',
}; // prettier-ignore

/** Letters that decide among languages of one script. */
const letters: Record<string, RegExp> = {
  es: /[ñ¿¡]|ción\b/giu,
  fr: /[çèêëîïùûœ]|\b(?:l|d|qu|c|j|n|s)'/giu,
  de: /[äöüß]/giu,
  it: /[àèìòù]\b|\b(?:l|d|dell|un)'/giu,
  pt: /[ãõç]|ção\b/giu,
  ca: /[àèòç·]|ny\b/giu,
  en: /\b\w+'(?:s|t|re|ll|ve)\b|\b\w+ing\b/giu,
};

/** The script a language is written in, where it is not Latin. */
const scripts: Record<string, string> = {
  ru: 'Cyrillic', uk: 'Cyrillic', bg: 'Cyrillic', sr: 'Cyrillic', el: 'Greek', ar: 'Arabic', fa: 'Arabic', ur: 'Arabic', he: 'Hebrew',
  zh: 'Han', yue: 'Han', ja: 'Hiragana', ko: 'Hangul', hi: 'Devanagari', mr: 'Devanagari', ne: 'Devanagari', bn: 'Bengali', ta: 'Tamil', te: 'Telugu', th: 'Thai', ka: 'Georgian', hy: 'Armenian',
}; // prettier-ignore

/** One of `candidates` (BCP-47), the first where nothing speaks for another. */
export function languageOf(sentence: string, candidates: readonly string[]): string {
  const found = sentence.toLowerCase().match(/[\p{L}\p{M}']+/gu) ?? [];
  let best = candidates[0]!;
  let most = 0;
  for (const candidate of candidates) {
    const score = scoreOf(sentence, found, candidate.split('-')[0]!.toLowerCase());
    if (score > most) [best, most] = [candidate, score];
  }
  return best;
}

function scoreOf(sentence: string, found: readonly string[], language: string): number {
  const script = scripts[language];
  if (script) {
    // Japanese is known by its kana, however many of its letters are Chinese.
    const own = sentence.match(new RegExp(`\\p{Script=${script}}`, 'gu'))?.length ?? 0;
    return own * (script === 'Hiragana' ? 10 : 1);
  }
  const known = new Set(words[language]?.split(' '));
  const little = found.filter((word) => known.has(word)).length;
  return little + 1.5 * (sentence.match(letters[language] ?? /(?!)/gu)?.length ?? 0);
}
