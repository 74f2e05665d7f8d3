/** What is shown in chat: cards with lines, fields, files and buttons, in the words of no platform. */
import type { Readable } from 'node:stream';

/**
 * What is shown. All strings are plain text and may come from people: the platform escapes them,
 * keeps mentions inactive, and cuts them to its lengths. From top to bottom: `mention`, title, lines,
 * fields, links, picture, files, footer, buttons.
 */
export type Message = {
  /**
   * Identity for "look before resend": a message posted with a key can be found again by
   * `Messenger.find`. The platform hides it in the message (nonce, metadata, custom_id).
   */
  key?: string;
  /** Colour of the card. */
  tone: 'neutral' | 'working' | 'good' | 'bad';
  title?: string;
  lines?: Line[];
  fields?: { name: string; value: string }[];
  links?: Link[];
  /** Shown large: by its address, or else the file of that name from `files`. */
  picture?: { url?: string; file?: string; alt: string };
  files?: Attachment[];
  footer?: string;
  buttons?: Button[];
  /** User to call with an active mention: the only one in any message. Only honoured by `post`. */
  mention?: string;
};

/** `bar` is drawn in a fixed-width font, `quote` set apart, `small` de-emphasised. */
export type Line = { text: string; style?: 'plain' | 'strong' | 'small' | 'quote' | 'bar' };
export type Link = { label: string; url: string };

/** A file to upload. `open` may be called again for a second try. */
export type Attachment = {
  name: string;
  contentType: string;
  /** Bytes. */
  size: number;
  alt?: string;
  open(): Readable | Promise<Readable>;
};

export type ActionButton = {
  kind: 'action';
  /** From encodeAction (bot/actions.ts), at most 100 characters; comes back in ChatHandlers.action. */
  action: string;
  label: string;
  style: 'primary' | 'plain' | 'danger';
  /** Asked before it counts. */
  confirm?: Confirmation;
};
export type Confirmation = { title: string; text: string; yes: string; no: string };
export type LinkButton = { kind: 'link'; label: string; url: string };
export type Button = ActionButton | LinkButton;
