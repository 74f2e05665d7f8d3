/** The words of the loopback Slack: what is stored, what is sent, and the faults that can be switched on. */

export type SlackText = { type: 'plain_text' | 'mrkdwn'; text: string; verbatim?: boolean; emoji?: boolean };
/** A block as posted. The double checks its shape, so tests read it loosely. */
export type SlackBlock = { type: string; block_id?: string; [key: string]: unknown };

export type SlackMessage = {
  channel: string;
  ts: string;
  user: string;
  text: string;
  blocks: SlackBlock[];
  thread_ts?: string;
  metadata?: { event_type: string; event_payload: Record<string, unknown> };
  files: SlackFile[];
  /** How often it was edited. */
  edits: number;
  /** What it showed before each edit, oldest first, with the time of the edit, ms. */
  earlier: { until: number; text: string; blocks: SlackBlock[] }[];
  /** Whom only it is shown to, for ephemeral ones. */
  onlyFor?: string;
};

export type SlackFile = {
  id: string;
  name: string;
  title: string;
  mimetype: string;
  size: number;
  bytes: Buffer;
  url_private_download: string;
};

export type SlackView = {
  id: string;
  callback_id: string;
  private_metadata: string;
  title: SlackText;
  submit: SlackText;
  blocks: SlackBlock[];
  user: string;
  /** After a submission that was accepted. */
  closed: boolean;
};

export type SlackChannel = { id: string; name: string; botIsMember: boolean; isPrivate: boolean };
export type SlackUser = { id: string; name: string; locale: string };

/** How the app answered one delivery. */
export type Delivery = {
  kind: string;
  /** Within the three seconds of Slack; people see an error otherwise. */
  acked: boolean;
  ackMs: number;
  /** HTTP status in HTTP mode. */
  status?: number;
  /** What the ack carried, e.g. `response_action: errors`. */
  answer: Record<string, unknown>;
};

/** What is done to the next calls of a method (or `*`). */
export type Fault =
  | { kind: 'rateLimited'; retryAfterS: number }
  | { kind: 'status'; status: number }
  | { kind: 'error'; error: string }
  /** No answer at all for so long, then the connection is cut. */
  | { kind: 'hangs'; ms: number }
  /** Done as asked, but the connection is cut before the answer. */
  | { kind: 'dropsAnswer' };

export type ApiCall = { method: string; args: Record<string, string>; at: number; answer: string };
