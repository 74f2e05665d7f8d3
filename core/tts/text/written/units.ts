/** Units of measurement behind a number: `5 km`, `37,5 ºC`, `120 km/h`, `6'2"`. */
import { cardinal, type Language } from '../number-words.ts';
import { replace, rewrite, type MappedText } from '../mapped-text.ts';
import { figure, isOne, sayFigure, type Locale } from './figures.ts';

/** Unit → its names for one and for many, by a space; `+` joins words, `!` marks Spanish feminines. */
const names: Record<Language, string> = {
  en: `km/h kilometre+per+hour kilometres+per+hour|kph kilometre+per+hour kilometres+per+hour|m/s metre+per+second metres+per+second|mph mile+per+hour miles+per+hour
km kilometre kilometres|m metre metres|cm centimetre centimetres|mm millimetre millimetres|µm micrometre micrometres|nm nanometre nanometres|mi mile miles|yd yard yards|ft foot feet
sq+ft square+foot square+feet|sq+m square+metre square+metres|sq+km square+kilometre square+kilometres|sq+mi square+mile square+miles|tsp teaspoon teaspoons|tbsp tablespoon tablespoons
km² square+kilometre square+kilometres|m² square+metre square+metres|cm² square+centimetre square+centimetres|m³ cubic+metre cubic+metres|cm³ cubic+centimetre cubic+centimetres|ha hectare hectares
kg kilogram kilograms|g gram grams|mg milligram milligrams|µg microgram micrograms|t tonne tonnes|lb pound pounds|lbs pound pounds|oz ounce ounces|l litre litres|L litre litres|cl centilitre centilitres|ml millilitre millilitres|mL millilitre millilitres|gal gallon gallons
°C degree+Celsius degrees+Celsius|°F degree+Fahrenheit degrees+Fahrenheit|° degree degrees
h hour hours|hr hour hours|hrs hour hours|min minute minutes|mins minute minutes|s second seconds|sec second seconds|secs second seconds|ms millisecond milliseconds|µs microsecond microseconds|ns nanosecond nanoseconds
W watt watts|kW kilowatt kilowatts|MW megawatt megawatts|GW gigawatt gigawatts|TW terawatt terawatts|Wh watt+hour watt+hours|kWh kilowatt+hour kilowatt+hours|MWh megawatt+hour megawatt+hours|GWh gigawatt+hour gigawatt+hours|TWh terawatt+hour terawatt+hours|mAh milliamp+hour milliamp+hours|V volt volts|kV kilovolt kilovolts|mA milliamp milliamps
Hz hertz hertz|kHz kilohertz kilohertz|MHz megahertz megahertz|GHz gigahertz gigahertz|dB decibel decibels|fps frame+per+second frames+per+second|rpm revolution+per+minute revolutions+per+minute|px pixel pixels|kcal kilocalorie kilocalories|hp horsepower horsepower|kPa kilopascal kilopascals|hPa hectopascal hectopascals|psi P.S.I. P.S.I.
kB kilobyte kilobytes|KB kilobyte kilobytes|MB megabyte megabytes|GB gigabyte gigabytes|TB terabyte terabytes|PB petabyte petabytes|KiB kibibyte kibibytes|MiB mebibyte mebibytes|GiB gibibyte gibibytes|Mbps megabit+per+second megabits+per+second|Gbps gigabit+per+second gigabits+per+second|Mbit/s megabit+per+second megabits+per+second|Gbit/s gigabit+per+second gigabits+per+second|MB/s megabyte+per+second megabytes+per+second|GB/s gigabyte+per+second gigabytes+per+second|MP megapixel megapixels`,
  es: `km/h kilómetro+por+hora kilómetros+por+hora|m/s metro+por+segundo metros+por+segundo|mph milla+por+hora millas+por+hora !
km kilómetro kilómetros|m metro metros|cm centímetro centímetros|mm milímetro milímetros|µm micrómetro micrómetros|nm nanómetro nanómetros|ft pie pies
km² kilómetro+cuadrado kilómetros+cuadrados|m² metro+cuadrado metros+cuadrados|cm² centímetro+cuadrado centímetros+cuadrados|m³ metro+cúbico metros+cúbicos|cm³ centímetro+cúbico centímetros+cúbicos|ha hectárea hectáreas !
kg kilogramo kilogramos|g gramo gramos|mg miligramo miligramos|µg microgramo microgramos|t tonelada toneladas !|lb libra libras !|lbs libra libras !|oz onza onzas !|l litro litros|L litro litros|cl centilitro centilitros|ml mililitro mililitros|mL mililitro mililitros
°C grado+Celsius grados+Celsius|ºC grado+Celsius grados+Celsius|°F grado+Fahrenheit grados+Fahrenheit|ºF grado+Fahrenheit grados+Fahrenheit|° grado grados
h hora horas !|hs hora horas !|hrs hora horas !|min minuto minutos|s segundo segundos|seg segundo segundos|ms milisegundo milisegundos|µs microsegundo microsegundos|ns nanosegundo nanosegundos
W vatio vatios|kW kilovatio kilovatios|MW megavatio megavatios|GW gigavatio gigavatios|TW teravatio teravatios|Wh vatio+hora vatios+hora|kWh kilovatio+hora kilovatios+hora|MWh megavatio+hora megavatios+hora|GWh gigavatio+hora gigavatios+hora|TWh teravatio+hora teravatios+hora|mAh miliamperio+hora miliamperios+hora|V voltio voltios|kV kilovoltio kilovoltios|mA miliamperio miliamperios
Hz hercio hercios|kHz kilohercio kilohercios|MHz megahercio megahercios|GHz gigahercio gigahercios|dB decibelio decibelios|fps fotograma+por+segundo fotogramas+por+segundo|rpm revolución+por+minuto revoluciones+por+minuto !|px píxel píxeles|kcal kilocaloría kilocalorías !|CV caballo+de+vapor caballos+de+vapor|kPa kilopascal kilopascales|hPa hectopascal hectopascales
kB kilobyte kilobytes|KB kilobyte kilobytes|MB megabyte megabytes|GB gigabyte gigabytes|TB terabyte terabytes|PB petabyte petabytes|Mbps megabit+por+segundo megabits+por+segundo|Gbps gigabit+por+segundo gigabits+por+segundo|Mbit/s megabit+por+segundo megabits+por+segundo|MB/s megabyte+por+segundo megabytes+por+segundo|GB/s gigabyte+por+segundo gigabytes+por+segundo|Mpx megapíxel megapíxeles`,
};

type Unit = { one: string; many: string; feminine: boolean };

function read(table: string): Map<string, Unit> {
  const units = table.split(/[|\n]/).map((entry): [string, Unit] => {
    const [sign, one, many, mark] = entry.split(' ') as [string, string, string, string?];
    return [
      sign.replaceAll('+', ' '),
      { one: one.replaceAll('+', ' '), many: many.replaceAll('+', ' '), feminine: mark === '!' },
    ];
  });
  return new Map(units);
}

const units: Record<Language, Map<string, Unit>> = { en: read(names.en), es: read(names.es) };
const anyUnit = (language: Language, leastLetters = 1): string =>
  [...units[language].keys()]
    .filter((sign) => sign.length >= leastLetters)
    .sort((a, b) => b.length - a.length)
    .join('|');
/** Units without digits before them: `1.5 million km`, `€5 per kg`, `half a km`, `the km 21`. */
const wordsBefore: Record<Language, { one: string; many: string }> = {
  en: { one: 'per|half a|half|quarters?|thirds?', many: 'hundred|thousand|million|billion' },
  es: { one: 'por|medio|media|el|del', many: 'mil|miles de|cientos de|millón de|millones de' },
};
const patterns: Record<Language, RegExp> = {
  en: unitPattern('en'),
  es: unitPattern('es'),
};

/** `a 5 km run` and `a 5-km run` are said in the singular. */
function unitPattern(language: Language): RegExp {
  return new RegExp(`(?<an>\\ban? )?(?<![\\p{L}])(?<number>${figure})(?<gap>[ -]?)(?<unit>${anyUnit(language)})(?![\\p{L}\\p{N}/²³'])(?<noun>[ -]\\p{Ll})?`, 'dgu'); // prettier-ignore
}

/** Names of units behind numbers, in the number and gender they ask for. */
export function sayUnits(source: MappedText, locale: Locale): MappedText {
  const { language } = locale;
  // A square written as a plain two, and both signs of a thousandth.
  let text = replace(source, /(?<=\d ?[kcm]?m)[23](?![\p{L}\d])/gu, (power) => (power === '2' ? '²' : '³'));
  text = replace(text, /(?<=\d ?)μ(?=[mgs](?!\p{L}))/gu, 'µ');
  if (language === 'en') text = sayFeet(text);
  text = rewrite(text, patterns[language], ({ an, number, gap, unit, noun }) => {
    if (gap === '-' && !noun) return null;
    const { one, many, feminine } = units[language].get(unit!)!;
    const said = sayFigure(number!, locale, feminine ? 'feminine' : 'masculine');
    const isSingle = isOne(number!, locale) || (language === 'en' && an !== undefined && noun !== undefined);
    const of = language === 'es' && /mill(?:ón|ones)$/.test(said) ? 'de ' : '';
    return { number: said, gap: ' ', unit: of + (isSingle ? one : many) };
  });
  const { one: single, many: several } = wordsBefore[language];
  const bare = (before: string): RegExp => new RegExp(`(?<=\\b(?:${before}) )(?:${anyUnit(language, 2)})(?![\\p{L}\\p{N}/²³'])`, 'gu'); // prettier-ignore
  text = replace(text, bare(several), (unit) => units[language].get(unit!)!.many);
  text = replace(text, bare(single), (unit) => units[language].get(unit!)!.one);
  return replace(text, /(?<![\p{L}\p{N}/])km\/h(?![\p{L}/])/gu, units[language].get('km/h')!.many);
}

/** `6'2"` is six foot two. */
function sayFeet(source: MappedText): MappedText {
  return rewrite(source, /(?<![\d.,])(?<feet>\d{1,2})['’′] ?(?<inches>\d{1,2})(?:["”″]|'')/dgu, ({ feet, inches }, match) => [
    { start: 0, end: match[0].length, text: `${cardinal(feet!, 'en')} foot ${cardinal(Number(inches), 'en')}` },
  ]); // prettier-ignore
}
