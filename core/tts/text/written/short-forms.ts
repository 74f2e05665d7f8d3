/** Abbreviations in full, where only one thing can be meant. */
import type { Language } from '../number-words.ts';
import { replace, type MappedText } from '../mapped-text.ts';

/** One that may end a sentence keeps its full stop where one seems to end. */
const endsSentence = '(?=\\s*$|\\s+[\\p{Lu}¿¡"(])';
const beforeName = '(?= ?\\p{Lu}| (?:and|y|e|o|&) )';
const beforeNumber = '(?= ?(?:\\d|[IVXL]+\\b))';
/** "Main St. The shop" is no "St. Mary": a short word with a capital before a small one begins a sentence. */
const beforeNoName = '(?! ?\\p{Lu}\\p{Ll}(?!\\p{Ll}{0,4} \\p{Ll}))';
const beforeDigit = '(?= ?\\d)';
const beforeDate = '(?=[-–]|,? (?:\\d|Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec))';

type Form = readonly [pattern: string, words: string, mayEnd?: 'mayEnd'];

const forms: Record<Language, readonly Form[]> = {
  en: [
    ['e\\. ?g\\.', 'for example'], ['i\\. ?e\\.', 'that is'], ['approx\\.', 'approximately'], ['vs\\.?', 'versus'], ['etc\\.', 'et cetera', 'mayEnd'], ['a\\.k\\.a\\.', 'also known as'],
    [`Nos?\\.${beforeDigit}`, 'number'], [`pp\\.${beforeNumber}`, 'pages'], [`p\\.${beforeNumber}`, 'page'], [`[Ff]ig\\.${beforeNumber}`, 'figure'], [`[Vv]ol\\.${beforeNumber}`, 'volume'], [`[Cc]h\\.${beforeNumber}`, 'chapter'], [`[Ss]ec\\.${beforeNumber}`, 'section'],
    [`Mr\\.?${beforeName}`, 'Mister'], [`Mrs\\.?${beforeName}`, 'Missus'], [`Ms\\.?${beforeName}`, 'Miz'], [`Dr\\.?${beforeName}`, 'Doctor'], [`Prof\\.${beforeName}`, 'Professor'], [`Rev\\.${beforeName}`, 'Reverend'],
    [`Gen\\.${beforeName}`, 'General'], [`Col\\.${beforeName}`, 'Colonel'], [`Capt\\.${beforeName}`, 'Captain'], [`Lt\\.${beforeName}`, 'Lieutenant'], [`Sgt\\.${beforeName}`, 'Sergeant'], [`Gov\\.${beforeName}`, 'Governor'], [`Sen\\.${beforeName}`, 'Senator'],
    [`Mt\\.${beforeName}`, 'Mount'], [`(?<=\\p{Lu}\\p{Ll}+ )St\\.${beforeNoName}`, 'Street', 'mayEnd'], [`St\\.${beforeName}`, 'Saint'], ['(?<=\\p{Lu}\\p{Ll}+ )Ave\\.', 'Avenue', 'mayEnd'], ['(?<=\\p{Lu}\\p{Ll}+ )Rd\\.', 'Road', 'mayEnd'], ['(?<=\\p{Lu}\\p{Ll}+ )Blvd\\.', 'Boulevard', 'mayEnd'],
    ['Mon\\.', 'Monday'], ['Tues?\\.', 'Tuesday'], ['Wed\\.', 'Wednesday'], ['Thu(?:rs?)?\\.', 'Thursday'], ['Fri\\.', 'Friday'], [`Sat\\.${beforeDate}`, 'Saturday'], [`Sun\\.${beforeDate}`, 'Sunday'],
    ['Jr\\.', 'Junior', 'mayEnd'], ['(?<=\\p{Lu}\\p{Ll}+,? )Sr\\.', 'Senior', 'mayEnd'], ['Inc\\.', 'Incorporated', 'mayEnd'], ['Ltd\\.', 'Limited', 'mayEnd'], ['Corp\\.', 'Corporation', 'mayEnd'], ['[Dd]ept\\.', 'department'],
  ],
  es: [
    ['p\\. ?ej\\.', 'por ejemplo'], ['EE\\. ?UU\\.', 'Estados Unidos', 'mayEnd'], ['EE ?UU', 'Estados Unidos'], ['JJ\\. ?OO\\.', 'Juegos Olímpicos', 'mayEnd'], ['RR\\. ?HH\\.', 'recursos humanos', 'mayEnd'], ['FF\\. ?AA\\.', 'Fuerzas Armadas', 'mayEnd'],
    ['etc\\.', 'etcétera', 'mayEnd'], ['aprox\\.', 'aproximadamente'], ['vs\\.?', 'contra'], ['a\\. ?C\\.', 'antes de Cristo', 'mayEnd'], ['d\\. ?C\\.', 'después de Cristo', 'mayEnd'],
    [`[Pp]ágs\\.${beforeNumber}`, 'páginas'], [`[Pp]ág\\.${beforeNumber}`, 'página'], [`pp\\.${beforeNumber}`, 'páginas'], [`p\\.${beforeNumber}`, 'página'], [`[Nn](?:\\.[ºo°]|[º°])${beforeDigit}`, 'número'], ['s\\.(?= ?[IVX]+\\b)', 'siglo'], [`[Nn]úm\\.${beforeDigit}`, 'número'],
    [`[Aa]rts?\\.${beforeNumber}`, 'artículo'], [`[Cc]ap\\.${beforeNumber}`, 'capítulo'], [`[Vv]ol\\.${beforeNumber}`, 'volumen'], [`[Ff]ig\\.${beforeNumber}`, 'figura'], ['[Tt]e?lf?\\.', 'teléfono'],
    [`Sres\\.${beforeName}`, 'señores'], [`Sra\\.${beforeName}`, 'señora'], [`Srta\\.${beforeName}`, 'señorita'], [`Sr\\.${beforeName}`, 'señor'], [`Dra\\.${beforeName}`, 'doctora'], [`Dr\\.${beforeName}`, 'doctor'], [`(?<![\\p{Lu}.] ?|\\p{Lu}\\p{Ll}+ )D\\.${beforeName}(?! ?\\p{Lu}\\.)`, 'don'], ['Dña\\.', 'doña'],
    [`Prof\\.${beforeName}`, 'profesor'], [`Profa\\.${beforeName}`, 'profesora'], [`Lic\\.${beforeName}`, 'licenciado'], [`Ing\\.${beforeName}`, 'ingeniero'], [`Gral\\.${beforeName}`, 'general'], [`Sto\\.${beforeName}`, 'Santo'], [`Sta\\.${beforeName}`, 'Santa'],
    ['Avda?\\.', 'Avenida'], [`C\\/${beforeName}`, 'calle'], [`[Pp]za\\.${beforeName}`, 'plaza'], ['Uds\\.', 'ustedes'], ['Ud\\.', 'usted'], ['Vds\\.', 'ustedes'], ['Vd\\.', 'usted'], ['[Dd]p?to\\.', 'departamento'], ['Cía\\.', 'compañía', 'mayEnd'], ['Ltda\\.', 'limitada', 'mayEnd'],
  ],
}; // prettier-ignore

/** Puts abbreviations in full. */
export function sayShortForms(source: MappedText, language: Language): MappedText {
  let text = source;
  for (const [pattern, words, mayEnd] of forms[language]) {
    const whole = `(?<![\\p{L}\\p{N}.])(?:${pattern})(?!\\p{L})`;
    if (mayEnd) text = replace(text, new RegExp(whole + endsSentence, 'gu'), `${words}.`);
    text = replace(text, new RegExp(whole, 'gu'), words);
  }
  return text;
}
