/**
 * The contract of chat. Commands and messages are written once, in these words; a platform (bot/discord,
 * bot/slack) implements Messenger, turns what it receives into Invocations and calls ChatHandlers.
 * Nothing here knows Discord or Slack. Times are epoch ms, sizes bytes.
 */
export type * from './contract/message.ts';
export type * from './contract/form.ts';
export type * from './contract/incoming-file.ts';
export type * from './contract/asker.ts';
export type * from './contract/invocation.ts';
export type * from './contract/command.ts';
export type * from './contract/message-ref.ts';
export * from './contract/messenger.ts';
export type * from './contract/handlers.ts';
export type * from './contract/store.ts';
