/** Roman numerals, where a name or a word before or behind them shows that they are: `Felipe VI`, `siglo XXI`, `Chapter IV`. */
import { cardinal, ordinal, type Language } from '../number-words.ts';
import { rewrite, type MappedText } from '../mapped-text.ts';
import { sayYear } from './figures.ts';

const numeral = '(?:X{0,3}(?:IX|IV|V?I{1,3}|V)|X{1,3}|[XL]{1,4}(?:IX|IV|V?I{0,3}))';
const values: Record<string, number> = { I: 1, V: 5, X: 10, L: 50, C: 100, D: 500, M: 1000 };

function valueOf(roman: string): number {
  return Array.from(roman, (letter) => values[letter]!).reduce((sum, value, index, all) => sum + (value < (all[index + 1] ?? 0) ? -value : value), 0); // prettier-ignore
}

/** Who is numbered: `the Eighth`. */
const rulers: Record<Language, string> = {
  en: 'Henry|Louis|Elizabeth|George|William|Charles|Edward|Richard|James|John|John Paul|Paul|Benedict|Pius|Francis|Philip|Leo|Gregory|Innocent|Clement|Alexander|Catherine|Frederick|Napoleon|Nicholas|Ferdinand|Alfonso|Ramesses|Ramses|Ptolemy|Otto|Peter|Ivan|Mary|Victor|Umberto|Wilhelm|Gustav|Haakon|Harald|Christian|Mehmed|Murad|Selim|Thutmose|Rudolf|Maximilian|Sixtus|Urban|Boniface|Julius|Margrethe|Isabella|Joseph|Leopold|Albert|Baldwin|Robert|David|Malcolm',
  es: 'Enrique|Luis|Isabel|Jorge|Guillermo|Carlos|Eduardo|Ricardo|Jacobo|Jaime|Juan|Juan Pablo|Pablo|Benedicto|Pío|Francisco|Felipe|León|Gregorio|Inocencio|Clemente|Alejandro|Catalina|Federico|Napoleón|Nicolás|Fernando|Alfonso|Ramsés|Ptolomeo|Otón|Pedro|Iván|María|Víctor|Humberto|Gustavo|Sancho|Ramiro|Bermudo|Ordoño|García|Sixto|Urbano|Bonifacio|Julio|José|Leopoldo|Alberto|Roberto|Darío|Ciro|Jerjes|Teodosio|Constantino|Amenhotep|Tutmosis|Isabel|Margarita|Cristina',
};
const counted: Record<Language, string> = {
  en: '[Cc]hapter|[Pp]art|[Vv]olume|[Bb]ook|[Aa]ct|[Ss]cene|[Tt]ype|[Pp]hase|[Ss]ection|[Aa]rticle|[Tt]itle|World War|Super Bowl|[Tt]able|[Ff]igure|[Ll]evel|[Cc]lass|[Gg]rade|Mark|Apollo|Rocky|Rambo|Episode',
  es: '[Ss]iglos?|[Cc]apítulo|[Pp]arte|[Vv]olumen|[Tt]omo|[Ll]ibro|[Aa]cto|[Ee]scena|[Tt]ipo|[Ff]ase|[Ss]ección|[Aa]rtículo|[Tt]ítulo|[Tt]abla|[Ff]igura|[Nn]ivel|[Cc]lase|Guerra Mundial|Apolo|Episodio',
}; // prettier-ignore
const ends = "(?![\\p{L}\\p{N}'’]|\\.\\p{L})";

/** Numerals in words: ordinals of rulers (`the eighth`; Spanish up to ten), numbers of centuries and chapters. */
export function sayRomans(source: MappedText, language: Language): MappedText {
  const queens = /^(?:Isabel|María|Catalina|Margarita|Cristina)$/;
  let text = rewrite(source, new RegExp(`(?<![\\p{L}])(?<name>${rulers[language]}) (?<roman>${numeral})${ends}`, 'dgu'), ({ name, roman }) => {
    const value = valueOf(roman!);
    // "Malcolm X", and "Peter I think": one letter is a number only for those who have had several.
    if (language === 'en') return roman === 'I' || (roman === 'X' && name === 'Malcolm') ? null : { roman: `the ${ordinal(value, 'en')}` };
    return { roman: value > 10 ? cardinal(value, 'es') : ordinal(value, 'es', queens.test(name!) ? 'feminine' : 'alone') };
  }); // prettier-ignore
  // "siglos XV-XVI" and "siglos XV y XVI".
  text = rewrite(text, new RegExp(`(?<![\\p{L}])(?<what>${counted[language]}) (?<roman>${numeral})(?:(?<dash> ?[-–] ?)(?<other>${numeral})|(?: (?:y|and|a|al|to|&) (?<next>${numeral})))?${ends}`, 'dgu'), ({ what, roman, other, next }) => (language === 'en' && roman === 'I' && /^\p{Ll}/u.test(what!) ? null : {
    // "The part I like" has no number.
    roman: cardinal(valueOf(roman!), language),
    dash: language === 'es' ? ' a ' : ' to ',
    ...(other ? { other: cardinal(valueOf(other), language) } : {}),
    ...(next ? { next: cardinal(valueOf(next), language) } : {}),
  })); // prettier-ignore
  // Years of a film's end, such as MCMXCIX.
  text = rewrite(text, /(?<![\p{L}\d.-])(?<roman>M{1,2}(?:CM|CD|D?C{0,3})(?:XC|XL|L?X{0,3})(?:IX|IV|V?I{0,3}))(?![\p{L}\d.-])/dgu, ({ roman }) => (roman!.length > 3 ? { roman: sayYear(String(valueOf(roman!)), language) } : null)); // prettier-ignore
  return language === 'en' ? englishOrdinals(text) : spanishOrdinals(text);
}

function englishOrdinals(source: MappedText): MappedText {
  return rewrite(source, new RegExp(`(?<![\\p{L}])(?<roman>${numeral})(?= [Cc]entur(?:y|ies)\\b)`, 'dgu'), ({ roman }) => ({ roman: ordinal(valueOf(roman!), 'en') })); // prettier-ignore
}

const masculine = 'Congreso|Festival|Encuentro|Premio|Concurso|Reich|Imperio|Plan|Foro|Certamen|Torneo|Campeonato|Simposio|aniversario|congreso|festival|encuentro|concurso|milenio|Concilio|Distrito|Salón'; // prettier-ignore
const feminine = 'Guerra|República|Edición|edición|Internacional|Cumbre|Feria|Semana|Jornada|Copa|Liga|Legislatura|legislatura|Dinastía|dinastía|Bienal|Asamblea|Conferencia|Cruzada|Región'; // prettier-ignore

/** `II Guerra Mundial`, `la V República`, `el XV Congreso`. */
function spanishOrdinals(source: MappedText): MappedText {
  return rewrite(source, new RegExp(`(?<![\\p{L}])(?<roman>${numeral}) (?=(?:(?<m>${masculine})|(?<f>${feminine}))(?!\\p{L}))`, 'dgu'), ({ roman, f }) => ({ roman: ordinal(valueOf(roman!), 'es', f ? 'feminine' : 'masculine') })); // prettier-ignore
}
