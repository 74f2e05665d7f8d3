/** Several faults of one storyboard, one a line, each with its place. */
import type { Issue } from '../core/errors.ts';
import type { Words } from './texts/index.ts';
import type { Line } from './types.ts';

const ISSUES_SHOWN = 8;

export function issueLines(issues: readonly Pick<Issue, 'path' | 'message'>[], words: Words): Line[] {
  const lines: Line[] = [];
  for (const { path, message } of issues.slice(0, ISSUES_SHOWN)) {
    const known = words.reason(message) ?? (path ? words.refusals.wrong : '');
    const said = [path && words.faultPlace(path), known].filter(Boolean).join(': ');
    if (said) lines.push({ text: said, style: 'quote' });
  }
  if (issues.length > ISSUES_SHOWN)
    lines.push({ text: words.refusals.manyFaults(issues.length - ISSUES_SHOWN), style: 'small' });
  return lines;
}
