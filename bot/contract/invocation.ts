/** One press, command, form or mention, and the ways to answer it. */
import type { Asker } from './asker.ts';
import type { Message } from './message.ts';
import type { MessageRef } from './message-ref.ts';

/** The platform has acknowledged it before `run` is called. */
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
