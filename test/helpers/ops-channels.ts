/** Ops channels in memory, which keep what was posted and fail as they are told to. */
import { once } from 'node:events';
import type { OpsChannel, OpsMessage } from '../../core/ops/types.ts';

export type KeptMessage = {
  id: string;
  at: number;
  message: OpsMessage;
  /** Every state it had. */
  states: OpsMessage[];
  parent: string | null;
  deleted: boolean;
};
/**
 * - `down`: nothing arrives; - `deaf`: it arrives, and the answer is lost; - `gone`: it may not be edited;
 * - `hangs`: nothing arrives, and no answer comes either
 */
export type Trouble = null | 'down' | 'deaf' | 'gone' | 'hangs';
export type KeepingChannel = OpsChannel & {
  readonly kept: KeptMessage[];
  trouble: () => Trouble;
};

export function keepingChannel(id: string, now: () => number, kept: KeptMessage[] = []): KeepingChannel {
  async function meet(signal: AbortSignal, work: () => string): Promise<string> {
    const trouble = channel.trouble();
    if (trouble === 'hangs') await once(signal, 'abort');
    signal.throwIfAborted();
    if (trouble === 'down') throw new Error('socket hang up');
    const made = work();
    if (trouble === 'deaf') throw new Error('the answer was lost');
    return made;
  }
  function add(message: OpsMessage, parent: string | null): string {
    const made = {
      id: `${id}#${kept.length + 1}`,
      at: now(),
      message,
      states: [message],
      parent,
      deleted: false,
    };
    kept.push(made);
    return made.id;
  }
  const channel: KeepingChannel = {
    id,
    kept,
    trouble: () => null,
    locale: () => 'en',
    post: (message, signal) => meet(signal, () => add(message, null)),
    reply: (posted, message, signal) => meet(signal, () => add(message, String(posted))),
    edit: (posted, message, signal) =>
      meet(signal, () => {
        const known = kept.find((each) => each.id === posted);
        if (!known || known.deleted || channel.trouble() === 'gone')
          throw Object.assign(new Error('Unknown Message'), { fault: 'gone' });
        known.message = message;
        known.states.push(message);
        return known.id;
      }),
    async find(key, since, parent) {
      if (channel.trouble() === 'down') throw new Error('socket hang up');
      const found = kept.find(
        (each) => !each.deleted && each.at >= since && each.states[0]!.key === key && each.parent === parent,
      );
      return found?.id ?? null;
    },
    linkTo: (posted) => `https://chat.example/${String(posted)}`,
  };
  return channel;
}

/** All that a person reads of a message. */
export function readMessage({ title, lines, fields, links, footer, buttons }: OpsMessage): string {
  return [
    title,
    ...lines.map(({ text }) => text),
    ...fields.map(({ name, value }) => `${name}: ${value}`),
    ...links.map(({ label, url }) => `${label} <${url}>`),
    footer,
    buttons.map(({ label }) => `[${label}]`).join(' '),
  ]
    .filter(Boolean)
    .join('\n');
}
