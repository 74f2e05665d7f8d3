/** What a button does, written into the button itself, so that buttons outlive any restart. */

export const actions = [
  'cancel',
  'retry',
  'edit',
  'vertical',
  'square',
  'captions',
  'approve',
  'discard',
] as const;
export type ActionName = (typeof actions)[number];
export type Action = { name: ActionName; jobId: string };

const PREFIX = 'gs1';

/** At most 100 characters, as Discord's custom_id allows. */
export function encodeAction({ name, jobId }: Action): string {
  return `${PREFIX}:${name}:${jobId}`;
}

/** Null for anything that is not a button of ours. */
export function decodeAction(text: string): Action | null {
  const [prefix, name, jobId, ...rest] = text.split(':');
  if (prefix !== PREFIX || !jobId || rest.length > 0 || jobId.length > 80) return null;
  return (actions as readonly string[]).includes(name ?? '') ? { name: name as ActionName, jobId } : null;
}
