/** The markup that Azure and Edge take: a voice, its pace, and plain text inside. */
import type { SentenceRequest } from '../engine.ts';

const entities: Record<string, string> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&apos;',
};

/** W3C Speech Synthesis Markup Language 1.0; nothing in the text can become markup. */
export function ssmlOf({ text, voice, language, speed }: SentenceRequest): string {
  const [, ofVoice] = /^([a-z]{2,3}-[A-Z]{2})-/.exec(voice) ?? [];
  const percent = Math.round((speed - 1) * 100);
  const rate = `${percent < 0 ? '' : '+'}${percent}%`;
  return (
    `<speak version='1.0' xmlns='http://www.w3.org/2001/10/synthesis' xml:lang='${escape(ofVoice ?? language)}'>` +
    `<voice name='${escape(voice)}'><prosody rate='${rate}'>${escape(text)}</prosody></voice></speak>`
  );
}

/** What the services repeat of the text is markup still. */
export function unescapeMarkup(text: string): string {
  return text.replace(/&(amp|lt|gt|quot|apos);/g, (entity) => Object.keys(entities).find((key) => entities[key] === entity) ?? entity); // prettier-ignore
}

function escape(text: string): string {
  return text.replace(/[&<>"']/g, (character) => entities[character]!);
}

/** Offsets and durations of both services count 100 ns. */
export const ticksPerSecond = 1e7;
