/**
 * What a reader sees, in words of no platform: messages and each state they showed, forms as they were
 * filled in, and what people did. The platforms' own wire formats are read into this, and both the text
 * and the page are made of it.
 */

/** Runs of words; at most one of the marks is set. */
export type Words = { text: string; mark?: 'bold' | 'code' | 'mention' | 'link'; url?: string }[];

export type Part =
  | { kind: 'title'; words: Words }
  | { kind: 'line'; words: Words; style: 'plain' | 'small' | 'quote' }
  | { kind: 'fields'; fields: { name: Words; value: Words }[] }
  /** `name`: a file of the message; `url`: fetched by the platform. */
  | { kind: 'picture'; alt: string; file?: SeenFile; url?: string }
  | { kind: 'file'; file: SeenFile }
  | { kind: 'buttons'; buttons: { label: string; style: 'primary' | 'plain' | 'danger' | 'link' }[] };

export type SeenFile = { name: string; bytes: Buffer };
export type SeenState = {
  /** Epoch ms. */
  at: number;
  /** Of the card, where the platform has one. */
  colour: string | null;
  /** Outside the card, above it. */
  above: Part[];
  parts: Part[];
};

export type Entry =
  | {
      kind: 'message';
      at: number;
      author: string;
      isBot: boolean;
      /** Name of the only one who sees it. */
      onlyFor: string | null;
      /** Name of whose command or press it answers, where the platform says so. */
      answers: string | null;
      /** Name of who gets it as a direct message. */
      directTo: string | null;
      inThread: boolean;
      /** Oldest first; the last is what stands there now. */
      states: SeenState[];
    }
  /** Someone types or presses something that is not itself shown in the channel. */
  | { kind: 'act'; at: number; who: string; text: string }
  | { kind: 'form'; at: number; who: string; title: string; submit: string; fields: FormField[] }
  /** What happens behind the scenes. */
  | { kind: 'note'; at: number; text: string };

export type FormField = { label: string; hint: string | null; value: string; files: SeenFile[] };

export type Conversation = {
  platform: 'Discord' | 'Slack';
  channel: string;
  language: 'English' | 'Spanish';
  /** In order of time. */
  entries: Entry[];
};

/** The words of a part on one line, as a person would read them out. */
export function partText(part: Part): string {
  switch (part.kind) {
    case 'title':
    case 'line':
      return wordsText(part.words);
    case 'fields':
      return part.fields.map(({ name, value }) => `${wordsText(name)}: ${wordsText(value)}`).join(' · ');
    case 'picture':
      return `[picture: ${part.alt}]`;
    case 'file':
      return `[file: ${part.file.name}, ${sayBytes(part.file.bytes.length)}]`;
    case 'buttons':
      return part.buttons.map(({ label }) => `( ${label} )`).join(' ');
  }
}

export function wordsText(words: Words): string {
  return words.map(({ text, url }) => (url ? `${text} <${url}>` : text)).join('');
}

export function sayBytes(bytes: number): string {
  return bytes < 1024 ** 2
    ? `${Math.max(1, Math.round(bytes / 1024))} KB`
    : `${(bytes / 1024 ** 2).toFixed(1)} MB`;
}
