/** What is written around messages – by the platforms' own clients, or by the tour – in each language. */
import { wordsText, type Conversation, type Entry, type Part, type SeenState } from './seen.ts';

type Chrome = {
  onlyFor: (name: string) => string;
  answerTo: (name: string) => string;
  directTo: (name: string) => string;
  inThread: string;
  fillsIn: string;
  before: (edits: number) => string;
  /** Under the name of a channel. */
  drawnFrom: (platform: string) => string;
};

const chromes: Record<Conversation['language'], Chrome> = {
  English: {
    onlyFor: (name) => `Only ${name} sees this`,
    answerTo: (name) => `Answer to ${name}`,
    directTo: (name) => `Direct message to ${name}`,
    inThread: 'in the thread',
    fillsIn: 'fills in',
    before: (edits) => `What this message said before (${edits} ${edits === 1 ? 'edit' : 'edits'})`,
    drawnFrom: (platform) => `Drawn from what the loopback ${platform} received.`,
  },
  Spanish: {
    onlyFor: (name) => `Solo lo ve ${name}`,
    answerTo: (name) => `Respuesta a ${name}`,
    directTo: (name) => `Mensaje directo a ${name}`,
    inThread: 'en el hilo',
    fillsIn: 'rellena',
    before: (edits) => `Lo que este mensaje decía antes (${edits} ${edits === 1 ? 'cambio' : 'cambios'})`,
    drawnFrom: (platform) => `Dibujado a partir de lo que recibió el ${platform} de prueba.`,
  },
};

export function chromeOf({ language }: Pick<Conversation, 'language'>): Chrome {
  return chromes[language];
}

/** The small line above a message, if it has one. */
export function aboveText(entry: Extract<Entry, { kind: 'message' }>, chrome: Chrome): string | null {
  if (entry.answers) return chrome.answerTo(entry.answers);
  return entry.directTo ? chrome.directTo(entry.directTo) : null;
}

/** `m:ss` since the beginning. */
export function clock(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
}

/** What a message said before each of its edits, one line each, without title, buttons and the job's id. */
export function editLines(states: readonly SeenState[]): { at: number; text: string }[] {
  return states.slice(0, -1).map((state, index) => {
    const parts = partsOf(state);
    const before = new Set(index === 0 ? [] : partsOf(states[index - 1]!).map(shortText));
    // Links and pictures that stay are told of once.
    const shown = parts.filter((part) => !stays(part) || !before.has(shortText(part)));
    const texts = shown.map(shortText).filter((text) => !/^(Job|Trabajo) \w+$/.test(text));
    return { at: state.at, text: texts.join(' · ') };
  });
}

function partsOf({ above, parts }: SeenState): Part[] {
  return [...above, ...parts].filter(({ kind }) => kind !== 'buttons' && kind !== 'title');
}

function stays(part: Part): boolean {
  if (part.kind === 'picture' || part.kind === 'file') return true;
  return part.kind === 'line' && part.words.some(({ mark }) => mark === 'link');
}

/** A part in a few words: where a link leads is left out. */
function shortText(part: Part): string {
  switch (part.kind) {
    case 'title':
    case 'line':
      return part.words.map(({ text }) => text).join('');
    case 'fields':
      return part.fields.map(({ name, value }) => `${wordsText(name)}: ${wordsText(value)}`).join(' · ');
    case 'picture':
      return `🖼 ${part.alt}`;
    case 'file':
      return `📄 ${part.file.name}`;
    case 'buttons':
      return part.buttons.map(({ label }) => label).join(', ');
  }
}
