/** The conversation as text: who does what, what then stands there, and how a message got there. */
import { partText, type Conversation, type Entry, type SeenState } from './seen.ts';

/** Lines, without a line break at the end. */
export function transcript({ platform, channel, language, entries }: Conversation): string {
  const begun = entries[0]?.at ?? 0;
  const lines = entries.flatMap((entry) => ['', ...entryLines(entry, begun)]);
  return [`━━━ ${platform} · #${channel} · ${language} ━━━`, ...lines].join('\n');
}

function entryLines(entry: Entry, begun: number): string[] {
  const time = clock(entry.at - begun);
  switch (entry.kind) {
    case 'act':
      return [`${time}  ▸ ${entry.who} ${entry.text.replaceAll('\n', ' ⏎ ')}`];
    case 'note':
      return [`${time}  ⚙ ${entry.text}`];
    case 'form':
      return [
        `${time}  ▸ ${entry.who} fills in: ${entry.title}`,
        ...entry.fields
          .filter(({ value, files }) => value || files.length > 0)
          .map(
            ({ label, value, files }) =>
              `${INDENT}${label}: ${[value.replaceAll('\n', ' ⏎ '), ...files.map(({ name }) => name)].filter(Boolean).join(', ')}`,
          ),
      ];
    case 'message': {
      const last = entry.states.at(-1);
      if (!last) return [];
      const to = entry.onlyFor
        ? ` (only ${entry.onlyFor} sees this)`
        : entry.above
          ? ` (${entry.above})`
          : '';
      const edits = entry.states.slice(0, -1);
      return [
        `${time}  ${entry.author}${to}${entry.inThread ? ' [in the thread]' : ''}`,
        ...stateLines(last),
        ...(edits.length > 0 ? [`${INDENT}before, in this same message:`] : []),
        ...edits.map((state) => `${INDENT}  ${clock(state.at - begun)} ${summary(state)}`),
      ];
    }
  }
}

const INDENT = '         ';

function stateLines({ above, parts }: SeenState): string[] {
  return [...above.map(partText), ...parts.map(partText)].map((text) => `${INDENT}│ ${text}`);
}

/** One state on one line, without its title, its buttons and the job's id. */
export function summary({ parts, above }: SeenState): string {
  return [...above, ...parts]
    .filter(({ kind }) => kind !== 'buttons' && kind !== 'title')
    .map(partText)
    .filter((text) => !/^(Job|Trabajo) \w+$/.test(text))
    .join(' · ');
}

/** `m:ss` since the beginning. */
export function clock(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
}
