/**
 * The contract of chat. Commands and messages are written once, in these words; a platform (bot/discord,
 * bot/slack) implements Messenger, turns what it receives into Invocations and calls ChatHandlers.
 * Nothing here knows Discord or Slack. Times are epoch ms, sizes bytes.
 */
import type { Readable } from 'node:stream';
import type { z } from 'zod';

export type ChatPlatform = 'discord' | 'slack';
export type Locale = 'en' | 'es';
/** The same sentence in each language. */
export type Texts = Readonly<Record<Locale, string>>;

// ---------------------------------------------------------------- messages

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

// ---------------------------------------------------------------- forms (modals)

/** A modal. `id` comes back with the values, at most 100 characters, and holds all that is needed to go on. */
export type Form = {
  id: string;
  /** At most 45 characters (24 are shown by Slack). */
  title: string;
  submit: string;
  fields: FormField[];
};
export type FormField =
  | {
      kind: 'text';
      name: string;
      label: string;
      hint?: string;
      placeholder?: string;
      value?: string;
      multiline: boolean;
      required: boolean;
      maxLength?: number;
    }
  | {
      kind: 'choice';
      name: string;
      label: string;
      hint?: string;
      value?: string;
      required: boolean;
      options: { value: string; label: string }[];
    }
  | {
      kind: 'files';
      name: string;
      label: string;
      hint?: string;
      required: boolean;
      most: number;
      accept: readonly ('image' | 'video' | 'audio' | 'text')[];
    };
/** Empty and absent fields are left out. */
export type FormValues = Record<string, string | IncomingFile[]>;

// ---------------------------------------------------------------- commands

/** A file a person attached; the platform fetches it, from allow-listed hosts only, with its credentials. */
export type IncomingFile = {
  name: string;
  contentType: string | null;
  /** As the platform says it; null if it does not. */
  size: number | null;
  /** @throws {StudioError} url_not_allowed, fetch_failed, cancelled */
  open(signal: AbortSignal): Promise<Readable>;
};

export type Option<S extends z.ZodType = z.ZodType> = {
  schema: S;
  description: Texts;
  /** Default: what the schema says. `file`: the value is an IncomingFile. */
  kind?: 'file';
  /** Shown instead of the values of an enum. */
  labels?: Readonly<Record<string, Texts>>;
  /** Suggestions while typing, best first, at most 25. Must answer within 2 s. */
  complete?: (typed: string, place: Asker) => Promise<{ value: string; label: string }[]>;
};
export type Options = Readonly<Record<string, Option>>;
export type OptionValues<O extends Options> = { [K in keyof O]: z.output<O[K]['schema']> };

export type Command<O extends Options = Options> = {
  /** `['video', 'new']` is `/video new`; one word is a command without subcommands. */
  path: readonly [string] | readonly [string, string];
  description: Texts;
  /** `ops`: operators only; hidden from others where the platform can. */
  access: 'everyone' | 'ops';
  /** `private`: only the asker sees the answer. */
  answer: 'public' | 'private';
  options: O;
  /** For platforms that have one line of text instead of options (Slack): which option gets it. */
  textOption?: keyof O & string;
  /**
   * The form to show instead of running, or null to run. Asked before the platform acknowledges, so it
   * must answer within a second.
   */
  form?(options: OptionValues<O>, invocation: Asker): Promise<Form | null>;
  run(options: OptionValues<O>, invocation: Invocation): Promise<void>;
};

/** Option definition as platforms register it; from `optionSpecs` (bot/options.ts). */
export type OptionSpec = {
  name: string;
  description: Texts;
  kind: 'text' | 'integer' | 'number' | 'boolean' | 'choice' | 'file';
  required: boolean;
  min?: number;
  max?: number;
  minLength?: number;
  maxLength?: number;
  choices?: { value: string; label: Texts }[];
  autocomplete: boolean;
};

// ---------------------------------------------------------------- who asks

export type Asker = {
  platform: ChatPlatform;
  user: {
    id: string;
    name: string;
    /** Ids of roles (Discord) or user groups (Slack). */
    roles: readonly string[];
    /** Administrator of the server or workspace: counts as operator. */
    isAdmin: boolean;
  };
  place: {
    /** Discord guild or Slack workspace; null in direct messages outside one. */
    team: string | null;
    channel: string;
    thread: string | null;
    isDirect: boolean;
  };
  /** Of the person where the platform says it, else of the settings. */
  locale: Locale;
};

/** One press, command, form or mention. The platform has acknowledged it before `run` is called. */
export type Invocation = Asker & {
  /** Unique per press and the same if the platform delivers it twice: becomes the job's idempotency key. */
  id: string;
  /** Largest file that may be attached to the answer; null if not said. */
  uploadLimit: number | null;
  /**
   * The public answer; the returned message becomes the job's own and is edited from then on.
   * Called again: one more message.
   * @throws {MessengerError}
   */
  reply(message: Message): Promise<MessageRef>;
  /** Seen by the asker only, whatever was begun before; files and buttons work in it too. */
  whisper(message: Message): Promise<void>;
  /**
   * Of a button press: replaces the message the button is in. Absent elsewhere.
   * @throws {MessengerError}
   */
  update?(message: Message): Promise<void>;
  /** Of a button press: where the button is. */
  message?: MessageRef;
};

// ---------------------------------------------------------------- the platform

/** A place to post to. `user` without channel: a direct message. `replyTo`: below that message of the channel. */
export type Target = { team?: string; channel?: string; thread?: string; user?: string; replyTo?: string };

/** A message that was posted; plain data, kept over restarts. */
export type MessageRef = {
  channel: string;
  id: string;
  team?: string;
  thread?: string;
  postedAt: number;
  /** Only its asker sees it: cannot be handed over nor edited when its handle ends. */
  private?: boolean;
  /** Opaque, the platform's own: what edits it beside the bot's token (Discord's interaction token). */
  handle?: string;
  handleUntil?: number;
  /** Largest file that may be attached to it, if it was said. */
  uploadLimit?: number;
  /** False: the bot cannot see this channel, so the message ends with its handle. */
  reachable?: boolean;
};

export type MessengerLimits = {
  /** Least time between two edits of one message. */
  editIntervalMs: number;
  /** Least time between two calls in one lane. */
  laneIntervalMs: number;
  /** Age at which a message can no longer be edited and a new one takes over. */
  editableMs: number;
  /** Bytes, where neither message nor invocation says. */
  uploadBytes: number;
  /** Where the film is attached: to the card that was edited all along, or to the closing post. */
  filesIn: 'card' | 'closing';
  /** Characters of one multi-line form field. */
  formText: number;
};

/**
 * - `gone`: the message was deleted, or its handle is over and there is nothing else; post a new one
 * - `too_old`: it can no longer be edited; post a new one
 * - `no_access`: the bot may not post or see there (yet); another place is needed
 * - `refused`: the platform will never take this content
 * - `rate_limited`: after `retryAfterMs`
 * - `unavailable`: 5xx, timeout, no connection: it may or may not have arrived
 * - `unauthorised`: the token was revoked
 */
export type MessengerFault =
  'gone' | 'too_old' | 'no_access' | 'refused' | 'rate_limited' | 'unavailable' | 'unauthorised';

export class MessengerError extends Error {
  override readonly name = 'MessengerError';
  readonly fault: MessengerFault;
  readonly retryAfterMs: number | undefined;

  constructor(
    fault: MessengerFault,
    message: string,
    details: { retryAfterMs?: number; cause?: unknown } = {},
  ) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.fault = fault;
    this.retryAfterMs = details.retryAfterMs;
  }
}

/**
 * A chat platform. Calls are tried once (the reporter retries), end within 30 s or with the signal,
 * and throw MessengerError only.
 */
export interface Messenger {
  readonly platform: ChatPlatform;
  readonly limits: MessengerLimits;
  /**
   * Connects and registers the commands; keeps the connection for as long as it runs, whatever happens to it.
   * Resolves when listening has begun, not when connected: the platform may be down at start.
   * @throws {StudioError} invalid_request for settings that cannot work
   */
  start(handlers: ChatHandlers): Promise<void>;
  /** Takes no more presses, lets those under way end (2 s), disconnects. Idempotent. */
  stop(): Promise<void>;
  /** What this call counts against: calls of one lane are spaced by `laneIntervalMs`. */
  lane(place: { team?: string; channel?: string; user?: string }): string;
  /** A new message. With a `key` the platform also refuses doubles where it can. */
  post(target: Target, message: Message, signal: AbortSignal): Promise<MessageRef>;
  /** Replaces everything of a message, files too. @returns its ref, which may have changed */
  edit(ref: MessageRef, message: Message, signal: AbortSignal): Promise<MessageRef>;
  /**
   * The message of ours with this key in a place, posted at `since` or later; null if there is none.
   * @throws {MessengerError} no_access if the bot may not read there
   */
  find(target: Target, key: string, since: number, signal: AbortSignal): Promise<MessageRef | null>;
  /** Address that leads to a message; null if there is none. */
  linkTo(ref: MessageRef): string | null;
  health(): { connected: boolean; detail: string };
}

/**
 * What a platform calls. Handlers answer through the invocation and never throw: faults become private
 * messages. A platform acknowledges before, except where `form…` is asked first.
 */
export type ChatHandlers = {
  /** To register; those of ops too. */
  readonly commands: readonly Command[];
  /**
   * The form a command, button or shortcut opens, or null: acknowledge and call `command`/`action`/
   * `shortcut`. Never rejects; answers within a second or so.
   */
  formFor(what: Press, asker: Asker): Promise<Form | null>;
  /** `options` as they came (strings, numbers, booleans, IncomingFile); validated here. */
  command(
    path: readonly string[],
    options: Readonly<Record<string, unknown>>,
    invocation: Invocation,
  ): Promise<void>;
  action(action: string, invocation: Invocation): Promise<void>;
  /** What is asked before this action counts, for platforms whose buttons cannot ask; null: nothing known. */
  confirmation?(action: string, locale: Locale): Confirmation | null;
  submit(formId: string, values: FormValues, invocation: Invocation): Promise<void>;
  /** "Make a video of this" on someone's message. */
  shortcut(message: SourceMessage, invocation: Invocation): Promise<void>;
  /** A mention of the bot: its text without the mention. */
  mention(message: SourceMessage, invocation: Invocation): Promise<void>;
  complete(
    path: readonly string[],
    option: string,
    typed: string,
    asker: Asker,
  ): Promise<{ value: string; label: string }[]>;
};

export type Press =
  | { kind: 'command'; path: readonly string[]; options: Readonly<Record<string, unknown>> }
  | { kind: 'action'; action: string };

/** A message of a person that a film is made of. */
export type SourceMessage = { text: string; files: IncomingFile[]; author: string; link?: string };

// ---------------------------------------------------------------- what is remembered

export type ChannelSettings = {
  voice?: string;
  format?: string;
  captions?: string;
  locale?: Locale;
};

/** The card of a job: which message shows it. */
export type Card = {
  jobId: string;
  ref: MessageRef;
  locale: Locale;
  /** How often it went on in a new message. */
  moves?: number;
  /** Address of the message it went on from. */
  earlier?: string;
};

/** Durable before a method returns; survives kill -9. Belongs to one platform. */
export interface ChatStore {
  settings(team: string | null, channel: string): ChannelSettings;
  saveSettings(team: string | null, channel: string, settings: ChannelSettings): void;
  card(jobId: string): Card | null;
  saveCard(card: Card): void;
  /** What someone typed for a job, for editing it later; null if it was not typed. */
  script(jobId: string): string | null;
  saveScript(jobId: string, script: string): void;
  /** Small facts by name, e.g. the hash of the commands that were registered. */
  fact(name: string): string | null;
  saveFact(name: string, value: string): void;
  /** Forgets cards and scripts untouched since then. */
  forget(before: number): void;
  close(): void;
}
