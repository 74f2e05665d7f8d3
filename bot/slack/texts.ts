/** The few sentences only Slack needs. */
import type { Locale, Texts } from '../types.ts';

const texts = {
  invite: {
    en: 'I am not in this channel, so I cannot show the film here. Type `/invite @{bot}`, or use the command in a direct message with me.',
    es: 'No estoy en este canal, así que no puedo mostrar el vídeo aquí. Escribe `/invite @{bot}` o usa el comando en un mensaje directo conmigo.',
  },
  formFailed: {
    en: 'Slack did not open the form. Nothing was started: please try again, or type the text behind the command.',
    es: 'Slack no abrió el formulario. No se ha empezado nada: inténtalo otra vez o escribe el texto detrás del comando.',
  },
  filesSent: {
    en: 'I sent you the file as a direct message.',
    es: 'Te he enviado el archivo por mensaje directo.',
  },
  close: { en: 'Close', es: 'Cerrar' },
  messageShortcut: { en: 'Make a video of this', es: 'Hacer un vídeo con esto' },
  globalShortcut: { en: 'Make a video', es: 'Hacer un vídeo' },
} satisfies Record<string, Texts>;

export function slackText(name: keyof typeof texts, locale: Locale, bot = ''): string {
  return texts[name][locale].replace('{bot}', bot);
}
