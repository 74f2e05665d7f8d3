/** Sentences of the kind films are narrated with, for measuring speech. All words, no figures. */

export const sentences: Record<'en' | 'es', readonly string[]> = {
  en: [
    'The museum opens at nine, but the garden behind it never closes.',
    'We left the harbour before sunrise and saw nobody for two days.',
    'A telescope is a machine for looking into the past.',
    'First, warm the milk slowly; then stir in the flour and the butter.',
    'Nobody expected the bridge to last, and yet it is still standing today.',
    'Our new app shows every bus in the city, second by second.',
    'When the wind turns, the birds gather on the old roof and wait.',
    'She wrote the letter in one evening and sent it the next morning.',
    'It took ten years, three engineers, and a great deal of patience.',
    'Thank you for watching.',
    'The first photograph of the valley was taken from a balloon, high above the trees, by a young teacher.',
    'Press the green button, count to five, and listen.',
  ],
  es: [
    'El museo abre a las nueve, pero el jardín de atrás no cierra nunca.',
    'Salimos del puerto antes del amanecer y no vimos a nadie en dos días.',
    'Un telescopio es una máquina para mirar hacia el pasado.',
    'Primero, calienta la leche despacio; luego añade la harina y la mantequilla.',
    'Nadie esperaba que el puente durase, y sin embargo hoy sigue en pie.',
    'Nuestra nueva aplicación muestra cada autobús de la ciudad, segundo a segundo.',
    'Cuando cambia el viento, los pájaros se reúnen en el tejado viejo y esperan.',
    'Escribió la carta en una tarde y la envió a la mañana siguiente.',
    'Hicieron falta diez años, tres ingenieros y muchísima paciencia.',
    'Gracias por ver este vídeo.',
    'La primera fotografía del valle la hizo desde un globo, muy por encima de los árboles, una joven maestra.',
    'Pulsa el botón verde, cuenta hasta cinco y escucha.',
  ],
};
