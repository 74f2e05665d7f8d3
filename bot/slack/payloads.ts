/** What Slack sends, as far as it is used; the library's own types are unions over its whole history. */
import type { SlackFileObject } from './incoming-files.ts';

export type PressBody = {
  trigger_id: string;
  response_url: string;
  user: { id: string; username?: string; name?: string };
  team?: { id: string } | null;
};
export type SourceBody = { text?: string; files?: SlackFileObject[]; user?: string };
export type MessageShortcutBody = PressBody & {
  channel: { id: string };
  message: SourceBody & { ts: string; thread_ts?: string };
};
export type ActionBody = PressBody & {
  channel?: { id: string };
  container: { message_ts?: string; channel_id?: string; thread_ts?: string; is_ephemeral?: boolean };
  message?: { thread_ts?: string };
};
export type MentionEvent = SourceBody & {
  ts: string;
  channel: string;
  thread_ts?: string;
  bot_id?: string;
  channel_type?: string;
  subtype?: string;
};
