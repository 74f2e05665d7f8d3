/** What can be done with a job, whether by a command or a button: one set of rules for both. */
import type { Caller, JobDetails } from '../core/studio-service.ts';
import { isFinal } from '../core/schema/job.ts';
import type { Storyboard } from '../core/schema/storyboard.ts';
import { asFilm, readDraft } from './drafts.ts';
import { refusal, textFile } from './refusals.ts';
import { captionFiles } from './result-files.ts';
import { scriptText } from './script-text.ts';
import { callerOf, findJob, idempotency, takeOn, type ChatDeps } from './take-on.ts';
import { wordsOf } from './texts/index.ts';
import type { Asker, Invocation, Message } from './types.ts';

type Steering = (invocation: Invocation, details: JobDetails, deps: ChatDeps) => Promise<void>;

/** Finds the job, checks the right, acts. `steer`: only who asked for it and operators. */
export async function onJob(
  invocation: Invocation,
  jobId: string,
  right: 'see' | 'steer',
  act: Steering,
  deps: ChatDeps,
): Promise<void> {
  const { refusals } = wordsOf(invocation.locale);
  const details = await findJob(jobId, invocation, deps);
  if (!details) return invocation.whisper(refusal(refusals.noJob));
  if (right === 'steer' && !deps.permissions.maySteer(invocation, details))
    return invocation.whisper(refusal(refusals.notYours));
  await act(invocation, details, deps);
}

export const cancelJob: Steering = async (invocation, { job }, { studio }) => {
  const words = wordsOf(invocation.locale);
  if (isFinal(job.status)) return invocation.whisper(refusal(words.refusals.over(words.status[job.status])));
  const { status } = await studio.cancel(job.id, operatorFor(invocation));
  await invocation.whisper(note(status === 'cancelled' ? words.done.cancelled : words.done.cancelling));
};

export const retryJob: Steering = async (invocation, { job }, { studio }) => {
  const words = wordsOf(invocation.locale);
  if (!isFinal(job.status)) return invocation.whisper(refusal(words.refusals.running));
  if (job.status === 'done')
    return invocation.whisper(refusal(words.refusals.over(words.status[job.status])));
  await studio.retry(job.id, operatorFor(invocation));
  await invocation.whisper(note(words.done.retrying));
};

/** The same film once more, with changes to its settings. */
export function remakeJob(change: (storyboard: Storyboard) => Storyboard): Steering {
  return async (invocation, { job, request }, deps) => {
    if (request.kind !== 'compose')
      return invocation.whisper(refusal(wordsOf(invocation.locale).refusals.noJob));
    await takeOn(
      invocation,
      async (caller) => {
        const accepted = await deps.studio.compose(
          change(request.storyboard),
          caller,
          idempotency(invocation),
        );
        const script = deps.store.script(job.id);
        if (script !== null) deps.store.saveScript(accepted.job.id, script);
        return accepted;
      },
      deps,
    );
  };
}

export const approveDraft: Steering = async (invocation, details, deps) => {
  const words = wordsOf(invocation.locale);
  if (details.job.status !== 'done') return invocation.whisper(refusal(words.refusals.running));
  // One film for a draft, however often it is approved.
  const once: Invocation = { ...invocation, id: `approve:${details.job.id}` };
  await remakeJob(asFilm)(once, details, deps);
};

export const discardDraft: Steering = async (invocation, { job }) => {
  const words = wordsOf(invocation.locale);
  const message: Message = {
    tone: 'neutral',
    title: job.title ?? words.card.untitled,
    lines: [{ text: words.done.discarded }],
    footer: words.card.job(job.id),
  };
  if (invocation.update) await invocation.update(message);
  else await invocation.whisper(message);
};

export const sendCaptions: Steering = async (invocation, { job }, { studio }) => {
  const words = wordsOf(invocation.locale);
  const files = await captionFiles(job, studio);
  if (files.length === 0) return invocation.whisper(refusal(words.refusals.noCaptions));
  await invocation.whisper({
    ...note(`${words.buttons.captions}: ${job.title ?? words.card.untitled}`),
    files,
  });
};

/** The script does not fit a form, or there was no time to open one. */
export const sendScript: Steering = async (invocation, { job, request }, deps) => {
  const { refusals } = wordsOf(invocation.locale);
  const script =
    deps.store.script(job.id) ?? (request.kind === 'compose' ? scriptText(request.storyboard) : '');
  await invocation.whisper({
    ...refusal(refusals.scriptTooLong),
    files: [textFile('script.md', script)],
  });
};

/** Whether editing it gives a draft again. */
export function isDraft({ job }: JobDetails): boolean {
  return readDraft(job.metadata) !== null;
}

export function note(text: string): Message {
  return { tone: 'neutral', lines: [{ text }] };
}

/** Rights were checked here, where roles are known. */
function operatorFor(asker: Asker): Caller {
  return { ...callerOf(asker), sees: 'all' };
}
