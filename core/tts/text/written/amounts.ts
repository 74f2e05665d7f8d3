/** Amounts of money, before and after the number: `$5.50`, `3,5 M€`, `20 USD`. */
import { cardinal, type Language } from '../number-words.ts';
import { replace, rewrite, type MappedText } from '../mapped-text.ts';
import { figure, isOne, readFigure, sayFigure, type Locale } from './figures.ts';

/** Names of one and of many, and of hundredths; `f` where Spanish counts them as feminine. */
type Currency = { one: string; many: string; cents?: string; f?: true };

const dollarsAndMore: Record<Language, Record<string, Currency>> = {
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
const letters = '(?<short>k|K|MM|M|mn|mm|m|bn|B|tn)(?![\\p{L}\\p{N}])';

export function sayAmounts(source: MappedText, locale: Locale): MappedText {
  const { language } = locale;
  const currencyOf = (sign: string): Currency | undefined => {
    const known = sameAs[sign] ?? sign;
    if (sign === '$' && pesos.test(locale.tag)) return { one: 'peso', many: 'pesos', cents: 'centavos' };
    return dollarsAndMore[language][known];
  };
  const signless = new RegExp(
    `(?<sign>${signs}) ?(?<number>${figure})(?:(?: ?${letters})|(?<words> (?:${inWords})\\b(?: de\\b)?)|(?: ?(?:[-–]|to|a) ?[$€£]?(?<upto>${figure})))?(?<code> (?:MXN|USD|ARS|COP|CLP|CAD|AUD)\\b)?`,
    'dgu',
  );
  const eachOf = language === 'es' ? ' por ' : ' per ';
  let text = replace(source, /(?<=[\d%€$£¥] ?)\/(?=\p{Ll}{2})/gu, eachOf);
  text = rewrite(text, signless, ({ sign, number, short, words, upto, code }, match) => {
    const currency = currencyOf(code?.trim() ?? sign!) ?? currencyOf(sign!);
    if (!currency) return null;
    const magnitude = short ? magnitudes[language][short] : words?.trim().replace(/ de$/, '');
    if (short && !magnitude) return null;
    const [start] = match.indices!.groups!['number']!;
    const numberEnd = start + number!.length - match.index;
    const whole = { start: 0, end: match[0].length };
    if (magnitude && words) {
      // Each word keeps its place: "$2.5" and "million".
      const said = sayFigure(number!, locale, 'masculine');
      return [{ start: 0, end: numberEnd, text: said }, { start: numberEnd, end: whole.end, text: ` ${magnitude} ${named(currency, magnitude, language)}` }]; // prettier-ignore
    }
    if (magnitude) return [{ ...whole, text: `${sayFigure(number!, locale, 'masculine')} ${magnitude} ${named(currency, magnitude, language)}` }]; // prettier-ignore
    if (upto) {
      const to = language === 'es' ? 'a' : 'to';
      return [{ ...whole, text: `${sayFigure(number!, locale, agreementOf(currency))} ${to} ${sayMoney(upto, currency, locale)}` }]; // prettier-ignore
    }
    return [{ ...whole, text: sayMoney(number!, currency, locale) }];
  });
  const signAfter = new RegExp(
    `(?<![\\p{L}])(?<number>${figure})(?: ?${letters.replace('(?![\\p{L}\\p{N}])', '(?= ?[$€£])')}|(?<words> (?:${inWords})(?: de)?))? ?(?<sign>${signsAfter})`,
    'dgu',
  );
  text = rewrite(text, signAfter, ({ number, short, words, sign }) => {
    const currency = currencyOf(sign!);
    const magnitude = short ? magnitudes[language][short] : words?.trim().replace(/ de$/, '');
    if (!currency || (short && !magnitude)) return null;
    if (words) return { number: sayFigure(number!, locale, 'masculine'), words: ` ${magnitude}`, sign: ` ${named(currency, magnitude!, language)}` }; // prettier-ignore
    if (short) return { number: sayFigure(number!, locale, 'masculine'), short: ` ${magnitude}`, sign: ` ${named(currency, magnitude!, language)}` }; // prettier-ignore
    const { fraction } = readFigure(number!, locale);
    if (fraction.length === 2) return { number: sayMoney(number!, currency, locale), sign: '' };
    const { said, name } = counted(number!, currency, locale);
    return { number: said, sign: ` ${name}` };
  });
  return language === 'en' ? rewrite(text, new RegExp(`(?<number>${figure})(?<sign>¢)`, 'dgu'), ({ number }) => ({ number: sayFigure(number!, locale), sign: isOne(number!, locale) ? ' cent' : ' cents' })) : text; // prettier-ignore
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
  const cents = cardinal(Number(fraction), language, language === 'es' && currency.cents ? 'masculine' : 'alone'); // prettier-ignore
  if (Number(whole) === 0 && currency.cents) return `${cents} ${Number(fraction) === 1 && currency.cents !== 'pence' ? currency.cents.slice(0, -1) : currency.cents}`; // prettier-ignore
  if (language === 'es') return `${said} ${name} con ${cardinal(Number(fraction), language)}`;
  return `${said} ${name} and ${cents}${currency.cents ? ` ${Number(fraction) === 1 && currency.cents === 'cents' ? 'cent' : currency.cents}` : ''}`; // prettier-ignore
}
