/** Where messages go, and where one is. Plain data, kept over restarts. */

/** A place to post to. `user` without channel: a direct message. `replyTo`: below that message of the channel. */
export type Target = { team?: string; channel?: string; thread?: string; user?: string; replyTo?: string };

/** A message that was posted. */
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
