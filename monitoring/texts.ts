/** What monitoring says of incidents, in each language; what a check found it says itself. */
import type { OpsLocale, OpsTexts } from '../core/ops/types.ts';

const en = {
  recovered: (what: string) => `Recovered: ${what}`,
  flapping: (what: string) => `Unsteady: ${what}`,
  also: 'It also fails',
  is: 'Check',
  since: (time: string) => `since ${time} UTC`,
  lasted: (length: string, from: string, to: string) => `It lasted ${length}, ${from} to ${to} UTC.`,
  recoveredAfter: (length: string) => `Recovered after ${length}.`,
  still: (length: string, what: string) => `Still failing after ${length}: ${what}`,
  acked: (name: string) => `Acknowledged by ${name}: no more reminders.`,
  silenced: (name: string, time: string) => `Silenced by ${name} until ${time} UTC.`,
  earlier: 'Earlier message about this',
  unsteady: 'It keeps going down and up. I tell again when it has been steady for ten minutes.',
  incident: (id: string) => `Incident ${id}`,
  cure: 'What to do',
  ack: 'Acknowledge',
  silence: 'Silence 1 h',
  diagnose: 'Diagnose',
};

const es: typeof en = {
  recovered: (what) => `Resuelto: ${what}`,
  flapping: (what) => `Inestable: ${what}`,
  also: 'También falla',
  is: 'Comprobación',
  since: (time) => `desde las ${time} UTC`,
  lasted: (length, from, to) => `Duró ${length}, de ${from} a ${to} UTC.`,
  recoveredAfter: (length) => `Resuelto tras ${length}.`,
  still: (length, what) => `Sigue fallando tras ${length}: ${what}`,
  acked: (name) => `Visto por ${name}: sin más recordatorios.`,
  silenced: (name, time) => `Silenciado por ${name} hasta las ${time} UTC.`,
  earlier: 'Mensaje anterior sobre esto',
  unsteady: 'Cae y vuelve una y otra vez. Avisaré cuando lleve diez minutos estable.',
  incident: (id) => `Incidente ${id}`,
  cure: 'Qué hacer',
  ack: 'Visto',
  silence: 'Silenciar 1 h',
  diagnose: 'Diagnosticar',
};

const languages: Record<OpsLocale, typeof en> = { en, es };

export function alertWords(locale: OpsLocale): typeof en {
  return languages[locale];
}

/** The same in both languages: names, numbers. */
export function same(text: string): OpsTexts {
  return { en: text, es: text };
}

/** ms as people say them: `45 s`, `3 min`, `1 h 20 min`, `2 d 3 h`. */
export function sayLength(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return minutes % 60 === 0 ? `${hours} h` : `${hours} h ${minutes % 60} min`;
  return `${Math.floor(hours / 24)} d ${hours % 24} h`;
}

/** `14:03`, with the day where it is not the day of `now`. */
export function clock(at: number, now: number): string {
  const text = new Date(at).toISOString();
  const time = text.slice(11, 16);
  return text.slice(0, 10) === new Date(now).toISOString().slice(0, 10)
    ? time
    : `${text.slice(0, 10)} ${time}`;
}
