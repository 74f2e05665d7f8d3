/** What the loopback Discord remembers: channels, messages, interactions, commands, and its clock. */
import { randomBytes } from 'node:crypto';

export const APPLICATION_ID = '1100000000000000001';
export const BOT_USER_ID = APPLICATION_ID;
export const GUILD_ID = '1100000000000000002';
export const BOT_TOKEN = 'MTEwMDAwMDAwMDAwMDAwMDAwMQ.loopback.token-of-the-double';

/** An answer that is an error, in Discord's own numbers. */
export class DiscordFault extends Error {
  readonly status: number;
  readonly code: number;
  readonly errors: unknown;

  constructor(status: number, code: number, message: string, errors?: unknown) {
    super(message);
    this.status = status;
    this.code = code;
    this.errors = errors;
  }
}

export type DoubleChannel = {
  id: string;
  type: number;
  name: string;
  parent: string | null;
  /** Whether the bot sees it; if not, its routes answer 50001. */
  visible: boolean;
  /** Whether the bot may write there; if not, 50013. */
  writable: boolean;
  /** Bytes an attachment may have. */
  attachmentLimit: number;
};

export type DoubleAttachment = {
  id: string;
  filename: string;
  content_type: string;
  size: number;
  url: string;
  bytes: Buffer;
};
export type DoubleMessage = {
  id: string;
  channel: string;
  author: string;
  createdAt: number;
  editedAt: number | null;
  /** What people read: the body as it was sent. */
  body: MessageBody;
  attachments: DoubleAttachment[];
  flags: number;
  /** Only this user sees it, if any. */
  ephemeralFor: string | null;
  interaction: string | null;
  reference: string | null;
  nonce: string | null;
  deleted: boolean;
  /** Every state it ever showed, oldest first, with the time of each, ms. */
  history: { at: number; body: MessageBody; attachments: DoubleAttachment[] }[];
  /** User and role ids (or `everyone`) that were notified by it. */
  pings: string[];
};
export type MessageBody = {
  content: string;
  embeds: Record<string, unknown>[];
  components: Record<string, unknown>[];
};

export type DoubleInteraction = {
  id: string;
  token: string;
  type: number;
  channel: string;
  user: string;
  createdAt: number;
  /** Real time from dispatch to acknowledgement, ms; null until then. */
  ackMs: number | null;
  dispatchedAt: number;
  callback: { type: number; data: Record<string, unknown> } | null;
  /** The message the interaction was on, or that answers it. */
  message: string | null;
  replies: string[];
};

export type DoubleState = ReturnType<typeof createState>;

/** An empty Discord with one guild. `now` is epoch ms of its clock, which tests may move. */
export function createState() {
  let offset = 0;
  let counter = 0;
  const now = (): number => Date.now() + offset;
  return {
    now,
    /** Lets time pass for tokens and messages, ms; sockets and rate limits keep to real time. */
    advance(ms: number): void {
      offset += ms;
    },
    newId(): string {
      counter = (counter + 1) % 4096;
      return ((BigInt(now() - 1_420_070_400_000) << 22n) | BigInt(counter)).toString();
    },
    newToken: (): string => randomBytes(48).toString('base64url'),
    channels: new Map<string, DoubleChannel>(),
    messages: new Map<string, DoubleMessage>(),
    interactions: new Map<string, DoubleInteraction>(),
    /** By scope: `global` or a guild id. */
    commands: new Map<string, Record<string, unknown>[]>(),
    commandPuts: 0,
    attachments: new Map<string, DoubleAttachment>(),
    /** Valid bot tokens. */
    tokens: new Set([BOT_TOKEN]),
    modals: new Map<string, Record<string, unknown>>(),
  };
}
