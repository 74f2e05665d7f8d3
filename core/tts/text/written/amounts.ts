/** Amounts of money, before and after the number: `$5.50`, `3,5 M€`, `20 USD`. */
import { cardinal, type Language } from '../number-words.ts';
import { replace, rewrite, type Edit, type MappedText } from '../mapped-text.ts';
import { figure, isOne, readFigure, sayFigure, type Locale } from './figures.ts';

/** Names of one and of many, and of hundredths; `f` where Spanish counts them as feminine. */
type Currency = { one: string; many: string; cents?: string; f?: true };

const currencies: Record<Language, Record<string, Currency>> = {
  en: {
    '$': { one: 'dollar', many: 'dollars', cents: 'cents' }, '€': { one: 'euro', many: 'euros', cents: 'cents' }, '£': { one: 'pound', many: 'pounds', cents: 'pence' }, '¥': { one: 'yen', many: 'yen' }, '₹': { one: 'rupee', many: 'rupees' },
    'R$': { one: 'real', many: 'reais' }, CHF: { one: 'Swiss franc', many: 'Swiss francs' }, MXN: { one: 'Mexican peso', many: 'Mexican pesos' }, ARS: { one: 'Argentine peso', many: 'Argentine pesos' }, COP: { one: 'Colombian peso', many: 'Colombian pesos' }, CLP: { one: 'Chilean peso', many: 'Chilean pesos' },
  },
  es: {
    '$': { one: 'dólar', many: 'dólares', cents: 'centavos' }, '€': { one: 'euro', many: 'euros', cents: 'céntimos' }, '£': { one: 'libra', many: 'libras', f: true }, '¥': { one: 'yen', many: 'yenes' }, '₹': { one: 'rupia', many: 'rupias', f: true },
    'R$': { one: 'real', many: 'reales' }, 'S/': { one: 'sol', many: 'soles' }, CHF: { one: 'franco suizo', many: 'francos suizos' }, MXN: { one: 'peso mexicano', many: 'pesos mexicanos' }, ARS: { one: 'peso argentino', many: 'pesos argentinos' }, COP: { one: 'peso colombiano', many: 'pesos colombianos' }, CLP: { one: 'peso chileno', many: 'pesos chilenos' },
  },
}; // prettier-ignore
const sameAs: Record<string, string> = {
  'US$': '$', USD: '$', 'A$': '$', 'C$': '$', 'MX$': 'MXN', EUR: '€', GBP: '£', JPY: '¥', INR: '₹', BRL: 'R$', PEN: 'S/',
}; // prettier-ignore
/** Where a bare `$` is a peso. */
const pesos = /^es-(?:MX|AR|CL|CO|UY|DO|CU)\b/i;

const signs = '(?<!\\p{L})(?:US\\$|MX\\$|A\\$|C\\$|R\\$|S\\/|[$€£¥₹]|(?:USD|EUR|GBP|JPY|INR|CHF|MXN|ARS|COP|CLP|BRL|PEN)(?= ?\\d))'; // prettier-ignore
const signsAfter = '(?:[$€£¥₹](?!\\d)|(?:USD|EUR|GBP|JPY|INR|CHF|MXN|ARS|COP|CLP|BRL|PEN)(?!\\p{L}))';
const magnitudes: Record<Language, Record<string, string>> = {
  en: { k: 'thousand', K: 'thousand', m: 'million', M: 'million', mn: 'million', bn: 'billion', B: 'billion', tn: 'trillion' },
  es: { k: 'mil', K: 'mil', m: 'millones', M: 'millones', mm: 'millones', MM: 'millones' },
}; // prettier-ignore
const inWords = 'hundred|thousand|million|billion|trillion|mil(?: millones)?|mill[oó]n(?:es)?|billones';
const letters = '(?<short>k|K|MM|M|mn|mm|m|bn|B|tn)';

/** Amounts in the words of the language; a bare `$` is what it is where the text comes from. */
export function sayAmounts(source: MappedText, locale: Locale): MappedText {
  const perEach = locale.language === 'es' ? ' por ' : ' per ';
  let text = replace(source, /(?<=[\d%€$£¥] ?)\/(?=\p{Ll}{2})/gu, perEach);
  text = sayWithSignBefore(text, locale);
  text = sayWithSignAfter(text, locale);
  if (locale.language === 'es') return text;
  return rewrite(text, new RegExp(`(?<number>${figure})(?<sign>¢)`, 'dgu'), ({ number }) => ({
    number: sayFigure(number!, locale),
    sign: isOne(number!, locale) ? ' cent' : ' cents',
  }));
}

function currencyOf(sign: string, { language, tag }: Locale): Currency | undefined {
  if (sign === '$' && pesos.test(tag)) return { one: 'peso', many: 'pesos', cents: 'centavos' };
  return currencies[language][sameAs[sign] ?? sign];
}

/** The word for `M` or for ` millones de`; undefined where there is none. */
function magnitudeOf(short: string | undefined, words: string | undefined, language: Language): string | undefined {
  return short ? magnitudes[language][short] : words?.trim().replace(/ de$/, '');
} // prettier-ignore

const before = new RegExp(
  `(?<sign>${signs}) ?(?<number>${figure})(?:(?: ?${letters}(?![\\p{L}\\p{N}]))|(?<words> (?:${inWords})\\b(?: de\\b)?)|(?: ?[-–] ?[$€£]?| (?:to|a) [$€£])(?<upto>${figure}))?(?<code> (?:MXN|USD|ARS|COP|CLP)\\b)?`,
  'dgu',
);

function sayWithSignBefore(source: MappedText, locale: Locale): MappedText {
  const { language } = locale;
  return rewrite(source, before, ({ sign, number, short, words, upto, code }, match) => {
    const currency = currencyOf(code?.trim() ?? sign!, locale);
    const magnitude = magnitudeOf(short, words, language);
    if (!currency || (short && !magnitude)) return null;
    const end = match[0].length;
    const all = (text: string): Edit[] => [{ start: 0, end, text }];
    if (magnitude) {
      const said = sayFigure(number!, locale, 'masculine');
      const rest = ` ${magnitude} ${named(currency, magnitude, language)}`;
      if (!words) return all(said + rest);
      // Each word keeps its place: "$2.5" and "million".
      const numberEnd = match.indices!.groups!['number']![1] - match.index;
      return [
        { start: 0, end: numberEnd, text: said },
        { start: numberEnd, end, text: rest },
      ];
    }
    if (!upto) return all(sayMoney(number!, currency, locale));
    return all(`${sayFigure(number!, locale, agreementOf(currency))} ${language === 'es' ? 'a' : 'to'} ${sayMoney(upto, currency, locale)}`); // prettier-ignore
  });
}

const after = new RegExp(
  `(?<![\\p{L}])(?<number>${figure})(?: ?${letters}(?= ?[$€£])|(?<words> (?:${inWords})(?: de)?))? ?(?<sign>${signsAfter})`,
  'dgu',
);

function sayWithSignAfter(source: MappedText, locale: Locale): MappedText {
  const { language } = locale;
  return rewrite(source, after, ({ number, short, words, sign }) => {
    const currency = currencyOf(sign!, locale);
    const magnitude = magnitudeOf(short, words, language);
    if (!currency || (short && !magnitude)) return null;
    if (magnitude)
      return {
        number: sayFigure(number!, locale, 'masculine'),
        [words ? 'words' : 'short']: ` ${magnitude}`,
        sign: ` ${named(currency, magnitude, language)}`,
      };
    if (readFigure(number!, locale).fraction.length === 2)
      return { number: sayMoney(number!, currency, locale), sign: '' };
    const { said, name } = counted(number!, currency, locale);
    return { number: said, sign: ` ${name}` };
  });
}

function agreementOf({ f }: Currency): 'feminine' | 'masculine' {
  return f ? 'feminine' : 'masculine';
}

/** Spanish says "millones de euros", but "mil euros". */
function named({ many }: Currency, magnitude: string, language: Language): string {
  return language === 'es' && /ll/.test(magnitude) ? `de ${many}` : many;
}

function counted(number: string, currency: Currency, locale: Locale): { said: string; name: string } {
  const said = sayFigure(number, locale, agreementOf(currency));
  const name = isOne(number, locale) ? currency.one : currency.many;
  return { said, name: locale.language === 'es' && /mill(?:ón|ones)$/.test(said) ? `de ${name}` : name };
}

/** `5.50` dollars: with hundredths where there are two digits of them. */
function sayMoney(number: string, currency: Currency, locale: Locale): string {
  const { language } = locale;
  const { whole, fraction } = readFigure(number, locale);
  const { said, name } = counted(fraction.length === 2 ? whole : number, currency, locale);
  if (fraction.length !== 2 || fraction === '00') return `${said} ${name}`;
  const cents = cardinal(Number(fraction), language, 'masculine');
  const { cents: several } = currency;
  const centName = Number(fraction) === 1 && several !== 'pence' ? several?.slice(0, -1) : several;
  if (Number(whole) === 0 && centName) return `${cents} ${centName}`;
  if (language === 'es') return `${said} ${name} con ${cardinal(Number(fraction), language)}`;
  return `${said} ${name} and ${cents}${centName ? ` ${centName}` : ''}`;
}
