/**
 * IPA in the letters of a language, as near as its spelling comes: exact in Spanish but for sounds it has
 * not; in English a respelling of the kind newspapers print. Reference: Handbook of the IPA (1999).
 */

type Spelling = Readonly<Record<string, string>>;

/** Sounds of two signs stand before those of one. */
const spanish: Spelling = {
  'tʃ': 'ch', 'dʒ': 'y', 'ts': 'ts', 'aɪ': 'ai', 'aʊ': 'au', 'eɪ': 'ei', 'oʊ': 'ou', 'ɔɪ': 'oi', 'əʊ': 'ou', 'ks': 'x',
  a: 'a', e: 'e', i: 'i', o: 'o', u: 'u', ɛ: 'e', ɔ: 'o', ɪ: 'i', ʊ: 'u', ə: 'e', ʌ: 'a', æ: 'a', ɑ: 'a', ɒ: 'o', ɜ: 'e', y: 'iu', ø: 'e', œ: 'e',
  b: 'b', β: 'b', v: 'b', d: 'd', ð: 'd', f: 'f', ɡ: 'g', ɣ: 'g', g: 'g', x: 'j', h: 'j', χ: 'j', k: 'k', l: 'l', ʎ: 'll', m: 'm', n: 'n', ŋ: 'n', ɲ: 'ñ',
  p: 'p', r: 'rr', ɾ: 'r', ɹ: 'r', ʁ: 'rr', s: 's', z: 's', θ: 'z', t: 't', ʃ: 'sh', ʒ: 'y', ʝ: 'y', j: 'i', w: 'u',
}; // prettier-ignore

const english: Spelling = {
  'tʃ': 'ch', 'dʒ': 'j', 'aɪ': 'y', 'aʊ': 'ow', 'eɪ': 'ay', 'oʊ': 'oh', 'əʊ': 'oh', 'ɔɪ': 'oy', 'iː': 'ee', 'uː': 'oo', 'ɑː': 'ah', 'ɔː': 'aw', 'ɜː': 'ur', 'ɪə': 'eer', 'ks': 'x',
  a: 'ah', e: 'eh', i: 'ee', o: 'oh', u: 'oo', ɛ: 'e', ɔ: 'aw', ɪ: 'i', ʊ: 'oo', ə: 'uh', ɚ: 'er', ɝ: 'ur', ʌ: 'u', æ: 'a', ɑ: 'ah', ɒ: 'o', ɜ: 'ur', y: 'ew', ø: 'ur', œ: 'ur',
  b: 'b', β: 'v', v: 'v', d: 'd', ð: 'th', f: 'f', ɡ: 'g', ɣ: 'g', g: 'g', x: 'h', h: 'h', χ: 'h', k: 'k', l: 'l', ʎ: 'ly', m: 'm', n: 'n', ŋ: 'ng', ɲ: 'ny',
  p: 'p', r: 'r', ɾ: 'r', ɹ: 'r', ʁ: 'r', s: 's', z: 'z', θ: 'th', t: 't', ʃ: 'sh', ʒ: 'zh', ʝ: 'y', j: 'y', w: 'w',
}; // prettier-ignore

/** Where an accent tells the stress: the vowel of the syllable after `ˈ` gets one. */
const accented: Spelling = { a: 'á', e: 'é', i: 'í', o: 'ó', u: 'ú' };

/** A respelling of IPA (without its slashes); unknown signs are left out. English spelling serves all but Spanish. */
export function respellIpa(ipa: string, language: string): string {
  const isSpanish = /^es\b/i.test(language);
  const spelling = isSpanish ? spanish : english;
  let rest = ipa.normalize('NFC').replace(/[͜͡]/g, '').replaceAll('.', '');
  let written = '';
  let stressed = false;
  while (rest !== '') {
    if (rest[0] === 'ˈ') stressed = true;
    const sound = Object.hasOwn(spelling, rest.slice(0, 2)) ? rest.slice(0, 2) : rest[0]!;
    let letters = rest[0] === ' ' ? ' ' : Object.hasOwn(spelling, sound) ? spelling[sound]! : '';
    rest = rest.slice(sound.length);
    if (isSpanish) letters = spanishLetters(letters, sound, written, rest);
    if (isSpanish && stressed && /^[aeiou]/.test(letters) && !/[jw]/.test(sound)) {
      letters = letters.replace(/[aeiou]/, (vowel) => accented[vowel]!);
      stressed = false;
    }
    written += letters;
  }
  return written;
}

/** Letters that sound otherwise before e and i, or at the start of a word. */
function spanishLetters(letters: string, sound: string, before: string, rest: string): string {
  const frontVowel = /^[ˈˌ]?[eiɛɪj]/.test(rest);
  if (letters === 'g' && frontVowel) return 'gu';
  if (letters === 'z' && frontVowel) return 'c';
  if (sound === 'r' && (before === '' || before.endsWith(' '))) return 'r';
  if (sound === 'w' && (before === '' || before.endsWith(' '))) return 'hu';
  if (sound === 'j' && (before === '' || before.endsWith(' '))) return 'y';
  return letters;
}
