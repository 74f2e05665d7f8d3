/**
 * The question before a button counts: a private message with Yes and No. What it is about stands in the
 * buttons themselves, so that an answer counts after any restart.
 */
import type { Confirmation, Locale, Texts } from '../types.ts';
import { formatMessage, type MessageBody } from './format.ts';

const YES = /^!(\d{1,20}):(.+)$/s;
const NO = '!no';
const EPHEMERAL = 64;

const sure: Texts = { en: 'Are you sure?', es: '¿Seguro?' };
const yes: Texts = { en: 'Yes', es: 'Sí' };
const no: Texts = { en: 'No', es: 'No' };
const confirmed: Texts = { en: 'Confirmed.', es: 'Confirmado.' };
const left: Texts = { en: 'Nothing was changed.', es: 'No se ha cambiado nada.' };

/** @param label of the button that asks, said where no better words are known */
export function questionBody(about: {
  action: string;
  messageId: string;
  label: string;
  words: Confirmation | null;
  locale: Locale;
}): MessageBody & { flags: number } {
  const { action, messageId, label, locale } = about;
  const words = about.words ?? { title: sure[locale], text: label, yes: yes[locale], no: no[locale] };
  const body = formatMessage(
    {
      tone: 'neutral',
      title: words.title,
      lines: [{ text: words.text }],
      buttons: [
        { kind: 'action', action: `!${messageId}:${action}`, label: words.yes, style: 'danger' },
        { kind: 'action', action: NO, label: words.no, style: 'plain' },
      ],
    },
    { mentions: false },
  );
  return { ...body, flags: EPHEMERAL };
}

/** What a button of the question means; `action` null for No. Null for buttons that are none of its. */
export function answerOf(customId: string): { action: string; messageId: string } | { action: null } | null {
  if (customId === NO) return { action: null };
  const [, messageId, action] = YES.exec(customId) ?? [];
  return messageId && action ? { action, messageId } : null;
}

/** The question once it is answered: its buttons are gone. */
export function settledBody(isConfirmed: boolean, locale: Locale): MessageBody {
  const text = (isConfirmed ? confirmed : left)[locale];
  return formatMessage({ tone: 'neutral', lines: [{ text }] }, { mentions: false });
}
