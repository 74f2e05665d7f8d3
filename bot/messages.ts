/** Job → Message: the card that goes from queued to a playable film, and the one post that tells its end. */
import type { Origin } from '../core/jobs/types.ts';
import { isFinal, type Job } from '../core/schema/job.ts';
import { encodeAction, type ActionName } from './actions.ts';
import { readDraft } from './drafts.ts';
import { issueLines } from './issue-lines.ts';
import { clockTime, sayDuration, saySize, wordsOf, type Words } from './texts/index.ts';
import type { ActionButton, Attachment, Button, Confirmation, Line, Link, Locale, Message } from './types.ts';

export type CardOptions = {
  locale: Locale;
  /** The film, the speech or the poster, as far as they fit. */
  files?: Attachment[];
  /** Where this job was shown before, after a hand-over. */
  earlier?: string | null;
  /** Shown to the asker directly, for the channel it was asked for in is closed to us. */
  isDirect?: boolean;
};

const BAR_LENGTH = 16;
const WARNINGS_SHOWN = 3;
/** Below this a number would be wrong before it is read. */
const SOON_SECONDS = 3;

/** The card of a job in its present state. Pure: the same job gives the same card. */
export function jobCard(job: Job, { locale, files = [], earlier, isDirect }: CardOptions): Message {
  const words = wordsOf(locale);
  const card: Message = {
    key: cardKey(job.id),
    tone: toneOf(job),
    title: titleOf(job, words),
    lines: [
      ...(isDirect ? [{ text: words.done.movedToDirect } satisfies Line] : []),
      ...stateLines(job, words),
      ...previewLines(job, files, words),
      ...warningLines(job, words),
    ],
    fields: factsOf(job, words),
    links: linksOf(job, words),
    files,
    footer: words.card.job(job.id),
    buttons: buttonsOf(job, words),
  };
  const picture = pictureOf(job, words, files);
  if (picture) card.picture = picture;
  if (earlier) card.links!.push({ label: words.card.earlier, url: earlier });
  return card;
}

/** The post that tells once that a job is over, with an active mention; null where the card says it all. */
export function closingPost(
  job: Job,
  origin: Pick<Origin, 'user'>,
  {
    locale,
    key,
    files = [],
    cardLink,
  }: { locale: Locale; key: string; files?: Attachment[]; cardLink: string | null },
): Message | null {
  if (job.status === 'cancelled') return null;
  const words = wordsOf(locale);
  const message: Message = {
    key,
    tone: toneOf(job),
    lines: [{ text: closingText(job, words) }, ...previewLines(job, files, words)],
    links: linksOf(job, words).slice(0, 1),
    files,
  };
  if (origin.user) message.mention = origin.user;
  if (job.error) {
    message.lines!.push({ text: failureText(job.error, words), style: 'quote' });
    // Who is called reads it here; the card may be far up.
    message.buttons = buttonsOf(job, words);
  }
  if (cardLink) message.links!.push({ label: words.card.goTo, url: cardLink });
  return message;
}

/** By which the card of a job can be found among the messages of a channel. */
export function cardKey(jobId: string): string {
  return `card:${jobId}`;
}

export function titleOf(job: Pick<Job, 'title' | 'kind' | 'metadata'>, words: Words): string {
  if (job.kind === 'tts') return job.title ?? words.card.speech;
  const title = job.title ?? words.card.untitled;
  return readDraft(job.metadata) ? `${words.card.draft}: ${title}` : title;
}

/** What happened and what to do, in the language of the reader. */
export function failureText({ code, message, hint }: NonNullable<Job['error']>, words: Words): string {
  const [what, advice] = words.faults[code] ?? words.faults['internal']!;
  return `${words.reason(message) ?? what} ${adviceOn(hint, advice, words)}`;
}

/** Core writes in English; elsewhere its hints, which are many, give way to the advice of the language. */
function adviceOn(hint: string | null, advice: string, words: Words): string {
  return words.tag === 'en' ? (words.reason(hint ?? advice) ?? advice) : advice;
}

function toneOf(job: Job): Message['tone'] {
  if (job.status === 'done') return 'good';
  if (job.status === 'failed') return 'bad';
  return job.status === 'queued' || job.status === 'cancelled' ? 'neutral' : 'working';
}

function stateLines(job: Job, words: Words): Line[] {
  switch (job.status) {
    case 'done':
      return readDraft(job.metadata) ? [{ text: words.card.draftQuestion, style: 'strong' }] : [];
    case 'failed':
      return failureLines(job, words);
    case 'cancelled':
      return [{ text: words.status.cancelled, style: 'strong' }];
    case 'queued':
      return [{ text: words.status.queued, style: 'strong' }, ...small(queuedFacts(job, words))];
    case 'fetching':
    case 'voicing':
    case 'rendering':
    case 'saving':
      return [
        { text: progressBar(job.progress), style: 'bar' },
        { text: words.status[job.status], style: 'strong' },
        ...small(runningFacts(job, words)),
      ];
  }
}

function failureLines(job: Job, words: Words): Line[] {
  const error = job.error;
  if (!error) return [{ text: words.status.failed, style: 'strong' }];
  const [what, advice] = words.faults[error.code] ?? words.faults['internal']!;
  if (error.issues && error.issues.length > 1)
    return [{ text: what, style: 'strong' }, ...issueLines(error.issues, words), { text: advice }];
  const reason = words.reason(withoutScene(error));
  return [
    { text: what, style: 'strong' },
    ...(error.scene === null ? [] : [{ text: words.card.failedIn(error.scene) }]),
    {
      text: [reason, adviceOn(error.hint, advice, words)].filter(Boolean).join(' '),
      style: 'quote',
    },
  ];
}

/** The scene is said in a line of its own. */
function withoutScene({ message, scene }: NonNullable<Job['error']>): string {
  const prefix = `Scene ${scene}: `;
  return message.startsWith(prefix) ? message.slice(prefix.length) : message;
}

/** `▰▰▰▱▱▱ 42 %`: whole steps, full only at the end. */
export function progressBar(percent: number): string {
  const known = Math.max(0, Math.min(100, Number.isFinite(percent) ? percent : 0));
  const filled = Math.floor((known / 100) * BAR_LENGTH);
  return `${'▰'.repeat(filled)}${'▱'.repeat(BAR_LENGTH - filled)} ${Math.floor(known)} %`;
}

function queuedFacts(job: Job, words: Words): string[] {
  const facts: string[] = [];
  if (job.queuePosition !== null) facts.push(words.card.place(job.queuePosition));
  return [...facts, ...commonFacts(job, words)];
}

function runningFacts(job: Job, words: Words): string[] {
  const facts: string[] = [];
  if (job.scene !== null && job.scenesTotal > 0) facts.push(words.card.scene(job.scene, job.scenesTotal));
  return [...facts, ...commonFacts(job, words)];
}

function commonFacts(job: Job, words: Words): string[] {
  const facts: string[] = [];
  const left = timeLeft(job, words);
  if (left) facts.push(left);
  if (job.attempts > 1) facts.push(words.card.again(job.attempts));
  return facts;
}

function timeLeft({ kind, status, etaSeconds }: Job, words: Words): string | null {
  // How long a place in the queue takes is known of films; speech is there in a moment.
  if (etaSeconds === null || (kind === 'tts' && status === 'queued')) return null;
  return etaSeconds < SOON_SECONDS ? words.card.soon : words.card.eta(sayDuration(etaSeconds));
}

function small(facts: string[]): Line[] {
  return facts.length > 0 ? [{ text: facts.join(' · '), style: 'small' }] : [];
}

/** Said where the film was too large for the platform and its preview came instead. */
function previewLines(job: Job, files: readonly Attachment[], words: Words): Line[] {
  if (!job.previewUrl || job.previewUrl === job.url) return [];
  const name = decodeURIComponent(new URL(job.previewUrl).pathname.split('/').at(-1) ?? '');
  const isAttached = files.some((file) => file.name === name);
  return isAttached ? [{ text: words.card.previewOnly, style: 'small' }] : [];
}

function warningLines(job: Job, words: Words): Line[] {
  if (job.status !== 'done' || job.warnings.length === 0) return [];
  // What cannot be said in this language is left to the REST answer.
  const sayable = job.warnings.map((text) => words.reason(text)).filter((text) => text !== null);
  if (sayable.length === 0) return [];
  const shown = sayable.slice(0, WARNINGS_SHOWN).map((text): Line => ({ text, style: 'small' }));
  const rest = sayable.length - shown.length;
  return [
    { text: words.card.warnings(sayable.length), style: 'small' },
    ...shown,
    ...(rest > 0 ? [{ text: words.card.more(rest), style: 'small' } satisfies Line] : []),
  ];
}

function factsOf(job: Job, words: Words): { name: string; value: string }[] {
  if (job.status !== 'done') return [];
  const facts: { name: string; value: string }[] = [];
  if (job.duration !== null) facts.push({ name: words.card.length, value: clockTime(job.duration) });
  if (job.size !== null) facts.push({ name: words.card.size, value: saySize(job.size, words) });
  if (job.width !== null && job.height !== null)
    facts.push({ name: words.card.picture, value: `${job.width} × ${job.height}` });
  return facts;
}

function linksOf(job: Job, words: Words): Link[] {
  const isDraft = readDraft(job.metadata) !== null;
  if (showsSheetEarly(job)) return [{ label: words.card.sheet, url: job.sheetUrl! }];
  if (job.status !== 'done') return [];
  const label = job.kind === 'tts' ? words.card.listen : isDraft ? words.card.watchDraft : words.card.watch;
  const links: Link[] = job.url ? [{ label, url: job.url }] : [];
  if (isDraft && job.sheetUrl) links.push({ label: words.card.sheet, url: job.sheetUrl });
  return links;
}

/** A draft's sheet is there seconds after its speech, long before its film. */
export function showsSheetEarly({ status, sheetUrl, metadata }: Job): boolean {
  return !isFinal(status) && status !== 'queued' && sheetUrl !== null && readDraft(metadata) !== null;
}

/** A draft shows all its scenes, a film its poster. Platforms fetch pictures from public addresses only. */
function pictureOf(job: Job, words: Words, files: readonly Attachment[]): Message['picture'] {
  if (job.status !== 'done' && !showsSheetEarly(job)) return undefined;
  const title = job.title ?? words.card.untitled;
  const isSheet = readDraft(job.metadata) !== null;
  const alt = isSheet ? words.card.sheetOf(title) : words.card.poster(title);
  const attached = files.find((file) => file.contentType.startsWith('image/'));
  if (attached) return { file: attached.name, alt };
  const url = isSheet ? (job.sheetUrl ?? job.posterUrl) : job.posterUrl;
  return url?.startsWith('https://') ? { url, alt } : undefined;
}

function buttonsOf(job: Job, words: Words): Button[] {
  const { buttons } = words;
  const button = (
    name: ActionName,
    label: string,
    style: ActionButton['style'] = 'plain',
    confirm?: ActionButton['confirm'],
  ): ActionButton => ({
    kind: 'action',
    action: encodeAction({ name, jobId: job.id }),
    label,
    style,
    ...(confirm ? { confirm } : {}),
  });
  if (!isFinal(job.status)) {
    return [button('cancel', buttons.cancel, 'danger', cancelConfirmation(words))];
  }
  const isFilm = job.kind === 'compose';
  if (job.status !== 'done')
    return [button('retry', buttons.retry, 'primary'), ...(isFilm ? [button('edit', buttons.edit)] : [])];
  if (!isFilm) return [];
  if (readDraft(job.metadata))
    return [
      button('approve', buttons.approve, 'primary'),
      button('edit', buttons.editDraft),
      button('discard', buttons.discard, 'danger'),
    ];
  const { width, height } = job;
  const knowsShape = width !== null && height !== null;
  return [
    button('edit', buttons.edit),
    ...(knowsShape && width < height ? [] : [button('vertical', buttons.vertical)]),
    ...(knowsShape && width === height ? [] : [button('square', buttons.square)]),
    ...(job.captions ? [button('captions', buttons.captions)] : []),
  ];
}

export function cancelConfirmation({ buttons }: Words): Confirmation {
  return { title: buttons.cancelQuestion, text: buttons.cancelText, yes: buttons.yes, no: buttons.no };
}

function closingText(job: Job, words: Words): string {
  const { closing } = words;
  const isDone = job.status === 'done';
  if (job.kind === 'tts') return isDone ? closing.speech : closing.speechFailed;
  const title = job.title ?? words.card.untitled;
  if (!isDone) return closing.failed(title);
  return readDraft(job.metadata) ? closing.draft(title) : closing.done(title, clockTime(job.duration ?? 0));
}
