/**
 * The key of a message, hidden in the message, so that it can be found again after a lost answer:
 * in the custom_id of its buttons, or else as a short reference in its footer.
 */
import { createHash } from 'node:crypto';

const MARK_LENGTH = 16;
const IN_BUTTON = new RegExp(`~([0-9a-z]{${MARK_LENGTH}})$`);
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

/** The action as it was before it was marked. */
export function unmarkedAction(customId: string): string {
  return customId.replace(IN_BUTTON, '');
}

export function markedFooter(footer: string | undefined, key: string): string {
  return footer ? `${footer} · #${markOf(key)}` : `#${markOf(key)}`;
}

type Rows = { components?: { custom_id?: string }[] }[];

/** Whether a message, as the API shows it, was posted with this key. */
export function hasKey(message: { components?: unknown; embeds?: unknown }, key: string): boolean {
  const mark = markOf(key);
  const buttons = ((message.components ?? []) as Rows).flatMap((row) => row.components ?? []);
  const footers = ((message.embeds ?? []) as { footer?: { text?: string } }[]).map(
    ({ footer }) => footer?.text ?? '',
  );
  return (
    buttons.some(({ custom_id: id }) => IN_BUTTON.exec(id ?? '')?.[1] === mark) ||
    footers.some((text) => IN_FOOTER.exec(text)?.[1] === mark)
  );
}
