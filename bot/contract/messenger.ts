/** What a chat platform does for us, and how it fails. */
import type { ChatPlatform } from './asker.ts';
import type { ChatHandlers } from './handlers.ts';
import type { Message } from './message.ts';
import type { MessageRef, Target } from './message-ref.ts';

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
