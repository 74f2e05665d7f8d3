/** Writes a sentence in the ASCII that flite reads, keeping the way back to the original. */
import { mapText, replace, type MappedText } from '../text/mapped-text.ts';

const currencies: Record<string, string> = {
  '€': 'euros',
  '£': 'pounds',
  '¥': 'yen',
  '₹': 'rupees',
  '₽': 'roubles',
  '₩': 'won',
  '¢': 'cents',
};

const signs: Record<string, string> = {
  '°': ' degrees ',
  '×': ' times ',
  '÷': ' divided by ',
  '±': ' plus or minus ',
  '©': ' copyright ',
  '§': ' section ',
  '½': ' one half ',
  '¼': ' one quarter ',
  '¾': ' three quarters ',
  '²': ' squared ',
  '³': ' cubed ',
  µ: ' micro ',
  ß: 'ss',
  æ: 'ae',
  Æ: 'Ae',
  œ: 'oe',
  Œ: 'Oe',
  ø: 'o',
  Ø: 'O',
  ł: 'l',
  Ł: 'L',
  đ: 'd',
  Đ: 'D',
  ð: 'd',
  Ð: 'D',
  þ: 'th',
  Þ: 'Th',
  ı: 'i',
  '=': ' equals ',
  '+': ' plus ',
  '<': ' less than ',
  '>': ' greater than ',
  '@': ' at ',
  '[': ' ',
  ']': ' ',
};

/** The text, and the words flite has no letters for (they are left out). */
export function writeForFlite(sentence: string): { text: MappedText; dropped: string[] } {
  let text = replace(
    mapText(sentence),
    /([€£¥₹₽₩])\s?(\d[\d.,]*\d|\d)/gu,
    (_, sign, amount) => `${amount} ${currencies[sign!]}`,
  );
  text = replace(text, /[€£¥₹₽₩¢]/gu, (sign) => ` ${currencies[sign]} `);
  text = replace(text, /(?<=^|\s)[<>](?=\p{L})|(?<=\p{L})[<>]/gu, ' ');
  text = replace(text, /[^\p{L}\p{N}\s]|\p{No}|\p{L}/gu, (sign) => signs[sign] ?? sign);
  text = replace(text, /\P{ASCII}+/gu, (letters) =>
    letters.normalize('NFKD').replace(/\p{M}/gu, '').replace(/[¡¿]/g, ''),
  );
  const dropped = Array.from(text.text.matchAll(/\S*\P{ASCII}\S*/gu), ([word]) => word).filter((word) =>
    /\P{ASCII}/u.test(word.replace(/[^\p{L}\p{N}]/gu, '')),
  );
  text = replace(text, /\P{ASCII}+/gu, ' ');
  return { text: replace(text, /\s+/g, ' '), dropped: [...new Set(dropped)] };
}
