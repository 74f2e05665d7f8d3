/** A platform in memory, which keeps what was posted and fails as it is told to. */
import {
  MessengerError,
  type Asker,
  type ChatHandlers,
  type Form,
  type IncomingFile,
  type Invocation,
  type Locale,
  type Message,
  type MessageRef,
  type Messenger,
  type MessengerLimits,
  type Target,
} from '../../bot/types.ts';
import { Readable } from 'node:stream';

export type Posted = {
  ref: MessageRef;
  target: Target;
  message: Message;
  /** Every state it had, the first included. */
  states: Message[];
  deleted: boolean;
};
export type Call = { kind: 'post' | 'edit' | 'find'; at: number; lane: string; id?: string };
/** What a call meets: a fault before it counts, an answer that is lost after it did, or no answer ever. */
export type Trouble = MessengerError | 'lost answer' | 'hang' | null;

export type FakeMessenger = Messenger & {
  readonly posts: Posted[];
  readonly calls: Call[];
  handlers: ChatHandlers | null;
  /** Asked before every call. */
  trouble: (call: Call, target: Target) => Trouble;
  limits: MessengerLimits;
  delete(id: string): void;
};

export function fakeMessenger(
  now: () => number,
  limits: Partial<MessengerLimits> = {},
  posts: Posted[] = [],
): FakeMessenger {
  const calls: Call[] = [];
  const laneOf = (place: Target): string => place.channel ?? `dm:${place.user}`;

  /** Lost answers are thrown by the function that is returned, after the call has counted. */
  async function meet(kind: Call['kind'], place: Target, id?: string): Promise<() => Promise<void>> {
    const call: Call = { kind, at: now(), lane: laneOf(place), ...(id ? { id } : {}) };
    calls.push(call);
    const trouble = fake.trouble(call, place);
    await Promise.resolve();
    if (trouble instanceof MessengerError) throw trouble;
    return async () => {
      if (trouble === 'lost answer') throw new MessengerError('unavailable', 'socket hang up');
      if (trouble === 'hang') await new Promise(() => {});
    };
  }

  const fake: FakeMessenger = {
    platform: 'discord',
    posts,
    calls,
    handlers: null,
    trouble: () => null,
    limits: {
      editIntervalMs: 2000,
      laneIntervalMs: 1100,
      editableMs: 3540_000,
      uploadBytes: 10 * 1024 ** 2,
      filesIn: 'card',
      formText: 4000,
      ...limits,
    },
    async start(handlers) {
      fake.handlers = handlers;
    },
    async stop() {},
    lane: laneOf,
    async post(target, message) {
      const answer = await meet('post', target);
      const ref: MessageRef = {
        channel: target.channel ?? `dm-${target.user}`,
        id: `m${posts.length + 1}`,
        postedAt: now(),
        ...(target.team ? { team: target.team } : {}),
        ...(target.thread ? { thread: target.thread } : {}),
      };
      posts.push({ ref, target, message, states: [message], deleted: false });
      await answer();
      return ref;
    },
    async edit(ref, message) {
      const answer = await meet('edit', ref, ref.id);
      const post = posts.find((each) => each.ref.id === ref.id);
      if (!post || post.deleted) throw new MessengerError('gone', 'Unknown Message');
      if (now() - post.ref.postedAt > fake.limits.editableMs)
        throw new MessengerError('too_old', 'Maximum number of edits to messages older than 1 hour reached');
      // What a platform cannot tell from the message any more, it must not find either.
      post.message = { ...message, key: post.states[0]!.key };
      post.states.push(message);
      await answer();
      return ref;
    },
    async find(target, key, since) {
      const answer = await meet('find', target);
      const post = posts.find(
        (each) =>
          !each.deleted &&
          each.states[0]!.key === key &&
          each.ref.postedAt >= since &&
          each.ref.channel === (target.channel ?? `dm-${target.user}`),
      );
      await answer();
      return post?.ref ?? null;
    },
    linkTo: (ref) => `https://chat.example/${ref.channel}/${ref.id}`,
    delete(id) {
      posts.find((each) => each.ref.id === id)!.deleted = true;
    },
    health: () => ({ connected: true, detail: 'in memory' }),
  };
  return fake;
}

export function asker(
  changes: {
    user?: string;
    roles?: string[];
    isAdmin?: boolean;
    locale?: Locale;
    team?: string;
    channel?: string;
    isDirect?: boolean;
  } = {},
): Asker {
  const { user = 'u1', roles = [], isAdmin = false, locale = 'en', team = 't1', channel = 'c1' } = changes;
  return {
    platform: 'discord',
    user: { id: user, name: user.toUpperCase(), roles, isAdmin },
    place: { team, channel, thread: null, isDirect: changes.isDirect ?? false },
    locale,
  };
}

export type Press = Invocation & { whispers: Message[]; replies: Message[]; updates: Message[] };
let presses = 0;

/** One press of someone: what it was answered is kept, public answers are posted. */
export function press(fake: FakeMessenger, who: Asker, changes: Partial<Invocation> = {}): Press {
  const kept = { whispers: [] as Message[], replies: [] as Message[], updates: [] as Message[] };
  return {
    ...who,
    ...kept,
    id: `press-${++presses}`,
    uploadLimit: null,
    async reply(message) {
      kept.replies.push(message);
      const { team, channel } = who.place;
      return fake.post({ channel, ...(team ? { team } : {}) }, message, new AbortController().signal);
    },
    async whisper(message) {
      kept.whispers.push(message);
    },
    async update(message) {
      kept.updates.push(message);
    },
    ...changes,
  };
}

export function incoming(
  name: string,
  bytes: Buffer | string,
  contentType: string | null = null,
): IncomingFile {
  const content = Buffer.from(bytes);
  return { name, contentType, size: content.length, open: async () => Readable.from([content]) };
}

/** All that a person reads of a message. */
export function textOf(message: Message | undefined): string {
  if (!message) return '';
  const { title, lines = [], fields = [], links = [], footer, buttons = [] } = message;
  return [
    title,
    ...lines.map(({ text }) => text),
    ...fields.map(({ name, value }) => `${name}: ${value}`),
    ...links.map(({ label, url }) => `${label} <${url}>`),
    footer,
    ...buttons.map(({ label }) => `[${label}]`),
  ]
    .filter(Boolean)
    .join('\n');
}

export function buttonOf(message: Message | undefined, label: string): string {
  const button = message?.buttons?.find((each) => each.label === label);
  if (button?.kind !== 'action') throw new Error(`no button "${label}" in:\n${textOf(message)}`);
  return button.action;
}

export function fieldOf(form: Form | null, name: string): string | undefined {
  const field = form?.fields.find((each) => each.name === name);
  return field && 'value' in field ? field.value : undefined;
}
