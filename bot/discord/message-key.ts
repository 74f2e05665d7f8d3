/**
 * The key of a message, hidden in the message, so that it can be found again after a lost answer:
 * in the custom_id of its buttons, or else behind the address of a link (a fragment leads nowhere else),
 * or else as a short reference in its footer.
 */
import { createHash } from 'node:crypto';

const MARK_LENGTH = 16;
const ASKS = '?';
const IN_BUTTON = new RegExp(`~([0-9a-z]{${MARK_LENGTH}})$`);
const IN_LINK = new RegExp(`#gs-([0-9a-z]{${MARK_LENGTH}})\\)`, 'g');
const IN_FOOTER = new RegExp(`#([0-9a-z]{${MARK_LENGTH}})$`);

/** Stable and short: 16 of 36 signs. */
export function markOf(key: string): string {
  const digest = createHash('sha256').update(key).digest('hex').slice(0, 28);
  return BigInt(`0x${digest}`).toString(36).padStart(MARK_LENGTH, '0').slice(-MARK_LENGTH);
}

/** At most 25 characters, as Discord's nonce allows. */
export function nonceOf(key: string): string {
  return `gs-${markOf(key)}`;
}

export function markedAction(action: string, key: string | undefined): string {
  return key === undefined ? action : `${action}~${markOf(key)}`;
}

/** Buttons of Discord cannot ask before they count: this one says that it must be asked. */
export function askingAction(action: string): string {
  return `${ASKS}${action}`;
}

/** What a button's custom_id says, with or without a key and a question. */
export function readAction(customId: string): { action: string; asks: boolean } {
  const asks = customId.startsWith(ASKS);
  return { action: unmarkedAction(asks ? customId.slice(ASKS.length) : customId), asks };
}

/** The action as it was before it was marked. */
export function unmarkedAction(customId: string): string {
  return customId.replace(IN_BUTTON, '');
}

/** Null for an address that has a fragment already, or that Discord itself would open. */
export function markedAddress(url: string, key: string): string | null {
  const { hash, hostname } = new URL(url);
  return hash || /(^|\.)discord(app)?\.com$/.test(hostname) ? null : `${url}#gs-${markOf(key)}`;
}

export function markedFooter(footer: string | undefined, key: string): string {
  return footer ? `${footer} · #${markOf(key)}` : `#${markOf(key)}`;
}

type Rows = { components?: { custom_id?: string }[] }[];

/** Whether a message, as the API shows it, was posted with this key. */
export function hasKey(message: { components?: unknown; embeds?: unknown }, key: string): boolean {
  const mark = markOf(key);
  const buttons = ((message.components ?? []) as Rows).flatMap((row) => row.components ?? []);
  const embeds = (message.embeds ?? []) as { description?: string; footer?: { text?: string } }[];
  const links = embeds.flatMap(({ description }) => [...(description ?? '').matchAll(IN_LINK)]);
  const footers = embeds.map(({ footer }) => footer?.text ?? '');
  return (
    links.some(([, found]) => found === mark) ||
    buttons.some(({ custom_id: id }) => IN_BUTTON.exec(id ?? '')?.[1] === mark) ||
    footers.some((text) => IN_FOOTER.exec(text)?.[1] === mark)
  );
}
