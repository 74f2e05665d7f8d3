/** The few sentences only Discord needs. */
import type { Message, Texts } from '../types.ts';

/** The bot's own token reaches nothing here, so all ends with the interaction. */
export const cannotSeeChannel: Texts = {
  en: 'I cannot post in this channel on my own, so I can only update my answer for 15 minutes. Ask an administrator to let me view this channel, send messages, embed links and attach files. The film is kept either way: see /video list.',
  es: 'No puedo publicar en este canal por mi cuenta, así que solo actualizaré mi respuesta durante 15 minutos. Pide a un administrador que me deje ver el canal, enviar mensajes, insertar enlaces y adjuntar archivos. El vídeo se guarda de todos modos: mira /video list.',
};

export const wentWrong: Texts = {
  en: 'Something went wrong on our side. Nothing was lost; please try again in a moment.',
  es: 'Algo ha fallado por nuestra parte. No se ha perdido nada; prueba de nuevo en un momento.',
};

export function notice(text: string, tone: Message['tone'] = 'neutral'): Message {
  return { tone, lines: [{ text }] };
}
