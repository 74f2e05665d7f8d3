/** What a Spanish number agrees with: the gender of the word behind it, as far as its ending tells. */
import type { Agreement } from '../number-words.ts';

const words = (list: string): ReadonlySet<string> => new Set(list.split(' '));

/** Little words that a number does not count. */
const none = words('de del y o e u a al en con sin por para que se es son fue más menos tras pues entre hasta desde contra como si no ni la las los el un una lo le les su sus este ese'); // prettier-ignore
const masculineInA = words(
  'día mapa problema sistema programa tema idioma planeta poema clima drama dilema esquema aroma sofá papá dálmata cometa turista artista gorila diploma fantasma síntoma panda',
);
const feminineOtherwise = words('mujer noche vez calle nave ley luz flor tarde parte clase imagen voz torre red frase llave sal piel nube fuente base sangre mano foto moto señal cruz muerte suerte gente leche serie especie superficie canción capital central catedral cárcel legumbre costumbre cumbre sede tesis crisis síntesis dosis hipótesis'); // prettier-ignore

/** Null where nothing is counted. */
export function genderOf(noun: string | undefined): 'masculine' | 'feminine' | null {
  if (noun === undefined || noun.length < 2 || none.has(noun) || noun !== noun.toLowerCase()) return null;
  const singular = [noun, noun.replace(/s$/, ''), noun.replace(/es$/, ''), noun.replace(/ces$/, 'z')];
  if (singular.some((form) => masculineInA.has(form))) return 'masculine';
  if (singular.some((form) => feminineOtherwise.has(form))) return 'feminine';
  return /(?:as?|(?:ción|sión|dad|tad|tud|umbre)|(?:ciones|siones|dades|tades|tudes|umbres))$/.test(noun) ? 'feminine' : 'masculine'; // prettier-ignore
}

/** How a number of so many agrees with the word behind it; more than one counts only plurals. */
export function agreementWith(noun: string | undefined, digits: string): Agreement {
  const gender = genderOf(noun);
  if (gender === null) return 'alone';
  if (Number(digits) !== 1 && !(noun!.endsWith('s') && noun!.length > 3)) return 'alone';
  return gender;
}
