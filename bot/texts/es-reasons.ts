/**
 * Core's sentences in Spanish. Core writes for all its readers in English; a Spanish channel reads Spanish.
 * Each entry is a sentence as core writes it, `…` standing for what differs; `{1}`, `{2}` … put that back.
 */
// prettier-ignore
const sentences: readonly (readonly [english: string, spanish: string])[] = [
  // fetching
  ['There is nothing at this address (…).', 'No hay nada en esa dirección ({1}).'],
  ['The other side answered ….', 'El otro servidor respondió {1}.'],
  ['The connection broke off in the middle of the file.', 'La conexión se cortó a mitad del archivo.'],
  ['The connection to the other side failed.', 'Falló la conexión con el otro servidor.'],
  ['The certificate of the other side is not valid.', 'El certificado del otro servidor no es válido.'],
  ['The name of the host could not be looked up.', 'No se pudo consultar el nombre del servidor.'],
  ['There is no host of this name.', 'No existe ningún servidor con ese nombre.'],
  ['The address gave an empty file.', 'La dirección dio un archivo vacío.'],
  ['The address leads to a private, local or reserved network.', 'La dirección lleva a una red privada, local o reservada.'],
  ['The address carries a user name or password.', 'La dirección contiene un usuario o una contraseña.'],
  ['The address uses port …; only 80 and 443 are fetched from.', 'La dirección usa el puerto {1}; solo se descarga de los puertos 80 y 443.'],
  ['Addresses with "…" are not fetched.', 'No se descarga de direcciones con «{1}».'],
  ['This is not a complete address.', 'La dirección no está completa.'],
  ['This is no id of an upload.', 'Eso no es el identificador de un archivo subido.'],
  ['This is a web page and no media file.', 'Es una página web, no un archivo de imagen, vídeo o sonido.'],
  // media
  ['The file is a HEIC picture.', 'El archivo es una imagen HEIC.'],
  ['The file is a JPEG XL picture.', 'El archivo es una imagen JPEG XL.'],
  ['The file is a Photoshop file.', 'El archivo es de Photoshop.'],
  ['The file is a PDF.', 'El archivo es un PDF.'],
  ['The file is an archive.', 'El archivo es un archivo comprimido.'],
  ['The TIFF picture is cut short or damaged.', 'La imagen TIFF está cortada o dañada.'],
  ['The file is empty.', 'El archivo está vacío.'],
  ['The upload is empty.', 'El archivo subido está vacío.'],
  ['The file cannot be opened.', 'No se puede abrir el archivo.'],
  ['The file is cut short: its index is missing.', 'El archivo está cortado: le falta el índice.'],
  ['The file is damaged and cannot be read.', 'El archivo está dañado y no se puede leer.'],
  ['A stream of the file is in a format that is not taken (…).', 'Una pista del archivo está en un formato que no se admite ({1}).'],
  ['The file is of no kind that we know, or it is damaged.', 'No conozco este tipo de archivo, o está dañado.'],
  ['The file is a HEIC picture, which cannot be read here.', 'El archivo es una imagen HEIC, que aquí no se puede leer.'],
  ['The file is a playlist, which refers to other files.', 'El archivo es una lista de reproducción que remite a otros archivos.'],
  ['The file is an SVG drawing, which may refer to other files.', 'El archivo es un dibujo SVG, que puede remitir a otros archivos.'],
  ['The file is larger than ….', 'El archivo ocupa más de {1}.'],
  ['Files of the kind "…" are not taken.', 'No se aceptan archivos del tipo «{1}».'],
  ['The size of the picture cannot be read.', 'No se puede leer el tamaño de la imagen.'],
  ['The picture of the clip cannot be decoded.', 'No se puede decodificar la imagen del clip.'],
  ['The sound cannot be decoded.', 'No se puede decodificar el sonido.'],
  ['There is no sound in the file that can be decoded.', 'El archivo no tiene ningún sonido que se pueda decodificar.'],
  ['There are no frames in the clip.', 'El clip no tiene fotogramas.'],
  ['The frame rate cannot be read.', 'No se puede leer la frecuencia de fotogramas.'],
  ['The sound is longer than … s.', 'El sonido dura más de {1} s.'],
  ['The clip has … frames a second; at most … are taken.', 'El clip tiene {1} fotogramas por segundo; se admiten {2} como mucho.'],
  ['The clip lasts … s; at most … s are taken.', 'El clip dura {1} s; se admiten {2} s como mucho.'],
  ['The frames are … px; at most … million px are taken.', 'Los fotogramas miden {1} px; se admiten {2} millones de px como mucho.'],
  ['The media of this film come to more than … MB of downloads.', 'Los archivos de este vídeo suman más de {1} MB de descargas.'],
  ['The film would last … s; … s are the most.', 'El vídeo duraría {1} s; {2} s son el máximo.'],
  ['The address is one of this service itself.', 'La dirección es de este mismo servicio.'],
  ['The clip lasts … and cannot start at … s.', 'El clip dura {1} y no puede empezar en {2} s.'],
  ['The animation is longer than … s.', 'La animación dura más de {1} s.'],
  // speech
  ['There is no voice "…".', 'No existe la voz «{1}».'],
  ['The voice "…" speaks …, not ….', 'La voz «{1}» habla {2}, no {3}.'],
  ['Voices for …: ….', 'Voces para {1}: {2}.'],
  ['No voice speaks "…".', 'Ninguna voz habla «{1}».'],
  ['No voice speaks ….', 'Ninguna voz habla {1}.'],
  ['`genscene voices` lists all.', '/voices las muestra todas.'],
  ['`genscene voices` lists the voices.', '/voices muestra las voces.'],
  ['It said nothing.', 'No dijo nada.'],
  ['There is nothing to say in this text.', 'En este texto no hay nada que decir.'],
  ['The … engine took longer than … s for one sentence.', 'El motor {1} tardó más de {2} s en una frase.'],
  // the job
  ['The job took longer than … s.', 'El trabajo tardó más de {1} s.'],
  ['The disk is full.', 'El disco está lleno.'],
  ['The disk is almost full: no new work is taken.', 'El disco está casi lleno: no se acepta trabajo nuevo.'],
  ['The service is stopping and takes no new work.', 'El servicio se está deteniendo y no acepta trabajo nuevo.'],
  ['Too many jobs are waiting already.', 'Ya hay demasiados trabajos en espera.'],
  ['The job is … already.', 'El trabajo ya está en otro estado.'],
  ['The job is ….', 'El trabajo está en otro estado.'],
  ['Another worker owns this job now, or it is over.', 'Otro proceso lleva ahora este trabajo, o ya ha terminado.'],
  ['Cancelled.', 'Cancelado.'],
  // scripts and storyboards
  ['… is empty.', '{1} está vacío.'],
  ['… is not UTF-8 text….', '{1} no es texto UTF-8.'],
  ['There is more than one script.', 'Hay más de un guion.'],
  ['is given twice; send either text or one file', 'está dos veces; envía o texto o un solo archivo'],
  ['is missing', 'falta'],
  ['is missing; it must be …', 'falta'],
  ['the script has no scene; write some text', 'el guion no tiene ninguna escena; escribe algún texto'],
  ['must have at least … characters; it has …', 'debe tener al menos {1} caracteres; tiene {2}'],
  ['must have at most … characters; it has …', 'debe tener como mucho {1} caracteres; tiene {2}'],
  ['must have at least … entries; it has …', 'debe tener al menos {1} elementos; tiene {2}'],
  ['must have at most … entries; it has …', 'debe tener como mucho {1} elementos; tiene {2}'],
  ['must be at least …; got …', 'debe ser al menos {1}; es {2}'],
  ['must be at most …; got …', 'debe ser como mucho {1}; es {2}'],
  ['must be more than …; got …', 'debe ser más de {1}; es {2}'],
  ['must be less than …; got …', 'debe ser menos de {1}; es {2}'],
  ['must be one of …; got …; did you mean "…"?', 'debe ser una de estas opciones: {1}; es {2}; ¿querías decir «{3}»?'],
  ['must be one of …; got …', 'debe ser una de estas opciones: {1}; es {2}'],
  ['unknown field …; did you mean …?', 'campo desconocido {1}; ¿querías decir {2}?'],
  ['unknown field …; known here: …', 'campo desconocido {1}; aquí se conocen: {2}'],
  ['is longer than … characters; split it into several scenes', 'tiene más de {1} caracteres; repártelo en varias escenas'],
  ['is longer than … characters', 'tiene más de {1} caracteres'],
  ['is empty; write what should be said', 'está vacío; escribe lo que se debe decir'],
  ['is empty; …', 'está vacío'],
  ['is empty', 'está vacío'],
  ['is not a field; remove it', 'no es un campo; quítalo'],
  ['is wrong', 'no es válido'],
  ['may be … at most for you; got …', 'puede ser {1} como mucho para ti; es {2}'],
  ['must be a text, not …; put it in quotes: …', 'debe ser un texto; ponlo entre comillas: {2}'],
  ['must be a text, not …', 'debe ser un texto'],
  ['must be a number, not …', 'debe ser un número'],
  ['must be a whole number, not …', 'debe ser un número entero'],
  ['must be true or false, not …', 'debe ser true o false'],
  ['must be a list, not …', 'debe ser una lista'],
  ['must be an object, not …', 'debe ser un objeto'],
  ['must be …, not …', 'no es del tipo debido'],
  ['must be an https:// address or the asset:… id of an upload; file paths work on the command line only', 'debe ser una dirección https://; si la tienes en un archivo, adjúntalo'],
  ['"…" is no transition or direction; did you mean "…"?', '«{1}» no es una transición ni una dirección; ¿querías decir «{2}»?'],
  ['"…" is no transition or direction; there are …', '«{1}» no es una transición ni una dirección; hay {2}'],
  ['"…" is no …; did you mean "…"?', '«{1}» no se conoce aquí; ¿querías decir «{3}»?'],
  ['"…" is no …; there are …', '«{1}» no se conoce aquí; hay {3}'],
  ['unknown tag […: …]; did you mean "…"?', 'etiqueta desconocida [{1}: …]; ¿querías decir «{3}»?'],
  ['unknown tag […: …]; there are …', 'etiqueta desconocida [{1}: …]; hay {3}'],
  ['[…: … is not closed; add "]" on the same line', '[{1}: … no está cerrada; añade «]» en la misma línea'],
  ['[title: …] has more than three parts; they are text | subtitle | position', '[title: …] tiene más de tres partes; son texto | subtítulo | posición'],
  ['[duration: …] must be seconds, e.g. 5 or 2.5, or auto; got "…"', '[duration: …] debe decir segundos, como 5 o 2.5, o auto; dice «{2}»'],
  ['column "…" must be one of …', 'la columna «{1}» debe ser una de {2}'],
  ['column …: …', 'no se entiende a partir de la columna {1}'],
  ['the block between the "---" lines cannot be read: …', 'no se entiende el bloque entre las líneas «---»'],
  ['needs at least one scene', 'necesita al menos una escena'],
  ['needs at least two colours', 'necesita al menos dos colores'],
  ['has more than … scenes; make two films of it', 'tiene más de {1} escenas; haz dos vídeos'],
  ['has a character no voice name has', 'tiene un signo que ningún nombre de voz tiene'],
  ['must be a language tag such as "en", "en-US" or "es-419"…', 'debe ser un idioma, como «es», «es-419» o «en-US»'],
  ['must be a colour such as "#1e90ff" or "#fff"…', 'debe ser un color, como «#1e90ff» o «#fff»'],
  ['must be a number of seconds from … to …, or "auto"…', 'debe ser un número de segundos de {1} a {2}, o «auto»'],
  ['must be an http(s) address…', 'debe ser una dirección http(s)'],
  ['must be a file', 'debe ser un archivo'],
  ['must be later than start (… s); got …', 'debe ir después del comienzo ({1} s); es {2}'],
  ['must have "scenes"', 'debe tener «scenes»'],
  ['last … s together; a film may last … s (FILM_MAX_S), so make two of it', 'duran {1} s en total; un vídeo puede durar {2} s (FILM_MAX_S): haz dos'],
  ['and … more faults; correct these first', 'y {1} fallos más; corrige estos primero'],
  // warnings
  ['its speech lasts longer than its duration of … s, so it was lengthened to … s.', 'su narración dura más que sus {1} s, así que se alargó a {2} s.'],
  ['its … transition was shortened to … s to fit the scenes.', 'su transición {1} se acortó a {2} s para que quepa en las escenas.'],
  ['The film would last about … minutes; more than … are refused once the speech is measured.', 'El vídeo duraría unos {1} minutos; más de {2} se rechazan al medir la narración.'],
  ['The font "…" is not installed here; Noto Sans is used instead.', 'El tipo de letra «{1}» no está instalado; se usa Noto Sans.'],
  ['No font here can draw … in …; left out of the picture.', 'Ningún tipo de letra puede dibujar {1} en {2}; no aparece en la imagen.'],
  ['The clip ends at …, before the wanted … s.', 'El clip termina en {1}, antes de los {2} s que se querían.'],
];

type Pattern = { expression: RegExp; spanish: string };
const patterns: readonly Pattern[] = sentences.map(([english, spanish]) => ({
  expression: new RegExp(
    `^${english.replaceAll(/[\\^$.*+?()[\]{}|]/g, String.raw`\$&`).replaceAll('…', '(.*?)')}$`,
  ),
  spanish,
}));

/** Sentences as the table has them, for tests that look whether core still writes them. */
export const englishSentences: readonly string[] = sentences.map(([english]) => english);

/** Words of core in Spanish, sentence by sentence; what has no translation is left out, null if nothing has. */
export function spanishReason(text: string): string | null {
  const whole = spanishSentence(text);
  if (whole !== null) return whole;
  const said = text
    .split(/(?<=[.!?])\s+(?=[\p{Lu}`])/u)
    .map((sentence) => spanishSentence(sentence))
    .filter((sentence) => sentence !== null);
  return said.length > 0 ? said.join(' ') : null;
}

function spanishSentence(sentence: string): string | null {
  const [, first, count] = /^(.+) \(and (\d+) more faults?\)$/s.exec(sentence) ?? [];
  if (first !== undefined) {
    const inner = spanishSentence(first);
    return inner === null ? null : `${inner} (y ${count} ${count === '1' ? 'fallo' : 'fallos'} más)`;
  }
  const [, scene, rest] = /^Scene (\d+): (.+)$/s.exec(sentence) ?? [];
  if (scene !== undefined) {
    const inner = spanishSentence(rest!);
    return inner === null ? null : `Escena ${scene}: ${inner}`;
  }
  for (const { expression, spanish } of patterns) {
    const found = expression.exec(sentence);
    if (found) return spanish.replaceAll(/\{(\d)\}/g, (_, index: string) => found[Number(index)] ?? '');
  }
  return null;
}
