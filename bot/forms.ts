/** What a form is for, written into its id, so that it can be sent whatever happened since it was opened. */

export type FormPurpose = { kind: 'new'; draft: boolean } | { kind: 'edit'; jobId: string };

const PREFIX = 'gs1f';

export function encodeFormId(purpose: FormPurpose): string {
  return purpose.kind === 'new'
    ? `${PREFIX}:new:${purpose.draft ? 'draft' : 'film'}`
    : `${PREFIX}:edit:${purpose.jobId}`;
}

/** Null for anything that is not a form of ours. */
export function decodeFormId(id: string): FormPurpose | null {
  const [prefix, kind, rest, ...more] = id.split(':');
  if (prefix !== PREFIX || !rest || more.length > 0) return null;
  if (kind === 'new' && (rest === 'draft' || rest === 'film')) return { kind, draft: rest === 'draft' };
  return kind === 'edit' ? { kind, jobId: rest } : null;
}
