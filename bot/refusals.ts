/** What went wrong as a private message: what it was, what to do, and what was typed. */
import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { StudioError } from '../core/errors.ts';
import { encodeAction } from './actions.ts';
import { issueLines } from './issue-lines.ts';
import { ownerOf } from './permissions.ts';
import type { QuotaRefusal } from './quotas.ts';
import { sayDuration, wordsOf } from './texts/index.ts';
import type { Asker, Attachment, ChatStore, Invocation, Locale, Message } from './types.ts';

const TYPED = 'typed-';

/** What someone typed; `goesOn`: the form of a film may go on with it. */
export type Typed = { text: string | null | undefined; goesOn: boolean };

/** A refusal in plain words. */
export function refusal(text: string): Message {
  return { tone: 'bad', lines: [{ text }] };
}

export function quotaRefusal(refused: QuotaRefusal, locale: Locale): Message {
  const { refusals } = wordsOf(locale);
  return refusal(
    refused.kind === 'atOnce'
      ? refusals.atOnce(refused.limit)
      : refusals.perDay(refused.limit, sayDuration(refused.freeInMs / 1000)),
  );
}

/** An error as people can use it; of what is not a StudioError nothing is shown. */
export function faultMessage(error: unknown, locale: Locale): Message {
  const words = wordsOf(locale);
  const code = error instanceof StudioError ? error.code : 'internal';
  const [what, advice] = words.faults[code] ?? words.faults['internal']!;
  const message: Message = { tone: 'bad', lines: [{ text: what, style: 'strong' }] };
  if (error instanceof StudioError) {
    const issues = error.issues?.length ? error.issues : [{ path: '', message: error.message }];
    message.lines!.push(...issueLines(issues, words));
  }
  message.lines!.push({ text: advice });
  return message;
}

/**
 * Adds what was typed, as a file and, if it is a film's script that fits a form, behind a button that goes
 * on with it.
 */
export function withTyped(
  message: Message,
  { text: typed, goesOn }: Typed,
  invocation: Invocation,
  { store, formText }: { store: ChatStore; formText: number },
): Message {
  if (!typed?.trim()) return message;
  const words = wordsOf(invocation.locale);
  const fits = goesOn && typed.length <= formText;
  const key = typedKey(invocation, invocation.id);
  if (fits) store.saveScript(key, typed);
  return {
    ...message,
    lines: [
      ...(message.lines ?? []),
      { text: fits ? words.refusals.typed : words.refusals.typedFile, style: 'small' },
    ],
    files: [textFile(goesOn ? 'script.md' : 'text.txt', typed)],
    buttons: fits
      ? [
          {
            kind: 'action',
            action: encodeAction({ name: 'edit', jobId: key }),
            label: words.buttons.editAgain,
            style: 'primary',
          },
        ]
      : [],
  };
}

/** Whether a button's id is not of a job but of something typed that became none. */
export function isTyped(jobId: string): boolean {
  return jobId.startsWith(TYPED);
}

export function textFile(name: string, text: string): Attachment {
  const bytes = Buffer.from(text, 'utf8');
  return { name, contentType: 'text/markdown', size: bytes.length, open: () => Readable.from([bytes]) };
}

function typedKey(asker: Asker, id: string): string {
  return (
    TYPED +
    createHash('sha256')
      .update(`${ownerOf(asker)} ${id}`)
      .digest('hex')
      .slice(0, 32)
  );
}
