/** The conversation as text: who does what, what then stands there, and how a message got there. */
import { aboveText, chromeOf, clock, editLines } from './chrome.ts';
import { partText, type Conversation, type Entry, type SeenState } from './seen.ts';

/** Lines, without a line break at the end. */
export function transcript(conversation: Conversation): string {
  const { platform, channel, language, entries } = conversation;
  const begun = entries[0]?.at ?? 0;
  const chrome = chromeOf(conversation);
  const lines = entries.flatMap((entry) => ['', ...entryLines(entry, begun, chrome)]);
  return [`━━━ ${platform} · #${channel} · ${language} ━━━`, ...lines].join('\n');
}

function entryLines(entry: Entry, begun: number, chrome: ReturnType<typeof chromeOf>): string[] {
  const time = clock(entry.at - begun);
  switch (entry.kind) {
    case 'act':
      return [`${time}  ▸ ${entry.who} ${entry.text.replaceAll('\n', ' ⏎ ')}`];
    case 'note':
      return [`${time}  ⚙ ${entry.text}`];
    case 'form':
      return [
        `${time}  ▸ ${entry.who} ${chrome.fillsIn}: ${entry.title}`,
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
      const to = entry.onlyFor ? chrome.onlyFor(entry.onlyFor) : aboveText(entry, chrome);
      const edits = editLines(entry.states);
      return [
        `${time}  ${entry.author}${to ? ` (${to})` : ''}${entry.inThread ? ` [${chrome.inThread}]` : ''}`,
        ...stateLines(last),
        ...(edits.length > 0 ? [`${INDENT}${chrome.before(edits.length)}:`] : []),
        ...edits.map(({ at, text }) => `${INDENT}  ${clock(at - begun)} ${text}`),
      ];
    }
  }
}

const INDENT = '         ';

function stateLines({ above, parts }: SeenState): string[] {
  return [...above.map(partText), ...parts.map(partText)].map((text) => `${INDENT}│ ${text}`);
}
