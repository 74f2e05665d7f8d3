/** What a platform calls: finds the command, button or form, checks rights, runs it, and answers every fault. */
import { decodeAction, type ActionName } from './actions.ts';
import { systemClock } from './clock.ts';
import { createCommands } from './commands/index.ts';
import { filmForm } from './commands/film-options.ts';
import { decodeFormId, type FormPurpose } from './forms.ts';
import { captionsSchema, formatSchema, formats } from './looks.ts';
import { cancelConfirmation } from './messages.ts';
import { decodeOpsAction, pressOps } from './ops-actions.ts';
import { readOptions } from './options.ts';
import { faultMessage, isTyped, refusal, textFile, withTyped } from './refusals.ts';
import { scriptText } from './script-text.ts';
import {
  approveDraft,
  cancelJob,
  discardDraft,
  isDraft,
  onJob,
  remakeJob,
  retryJob,
  sendCaptions,
  sendScript,
} from './steer.ts';
import { findJob, takeFilm, type ChatDeps } from './take-on.ts';
import { wordsOf } from './texts/index.ts';
import {
  MessengerError,
  type Asker,
  type ChatHandlers,
  type Command,
  type Form,
  type FormValues,
  type Invocation,
  type SourceMessage,
} from './types.ts';

/** A form must open within three seconds of the press, on both platforms. */
const FORM_MS = 1500;
/** Presses remembered, to notice those that are delivered twice. */
const PRESSES_KEPT = 2000;

export function createHandlers(deps: ChatDeps): ChatHandlers {
  const commands = createCommands(deps);
  const pressed = new Set<string>();

  /** Runs once for each press, for those who may, and turns every fault into a private answer. */
  async function attend(invocation: Invocation, work: () => Promise<void>): Promise<void> {
    if (isRepeat(invocation.id)) return;
    try {
      if (!deps.permissions.mayUse(invocation))
        return await invocation.whisper(refusal(wordsOf(invocation.locale).refusals.notAllowed));
      await work();
    } catch (error) {
      deps.log.error({ error: describe(error), user: invocation.user.id }, 'a press could not be answered');
      if (error instanceof MessengerError) return;
      await invocation
        .whisper(faultMessage(error, invocation.locale))
        .catch((fault: unknown) => deps.log.warn({ error: String(fault) }, 'nor could that be said'));
    }
  }

  function isRepeat(id: string): boolean {
    if (pressed.has(id)) return true;
    pressed.add(id);
    if (pressed.size > PRESSES_KEPT) pressed.delete(pressed.values().next().value!);
    return false;
  }

  function find(path: readonly string[]): Command | undefined {
    return commands.find((command) => command.path.join(' ') === path.join(' '));
  }

  async function runCommand(
    path: readonly string[],
    given: Readonly<Record<string, unknown>>,
    invocation: Invocation,
  ): Promise<void> {
    const { refusals } = wordsOf(invocation.locale);
    const command = find(path);
    if (!command) {
      const others = commands.flatMap(({ path: [first, second] }) =>
        first === path[0] && second ? [second] : [],
      );
      const said = others.length > 0 ? refusals.unknownSubcommand(path.join(' '), others.join(', ')) : null;
      return invocation.whisper(refusal(said ?? refusals.unknownCommand));
    }
    if (command.access === 'ops' && !deps.permissions.isOperator(invocation))
      return invocation.whisper(refusal(refusals.opsOnly));
    let options;
    try {
      options = readOptions(command.options, given);
    } catch (error) {
      return refuseOptions(error, command, given, invocation);
    }
    await command.run(options, invocation);
  }

  /** An option that is wrong must not cost the text beside it: what was typed is gone from the platform. */
  function refuseOptions(
    fault: unknown,
    { path, textOption }: Command,
    given: Readonly<Record<string, unknown>>,
    invocation: Invocation,
  ): Promise<void> {
    const text = textOption === undefined ? null : given[textOption];
    const isText = typeof text === 'string' && (textOption === 'script' || textOption === 'text');
    const typed = { text: isText ? text : null, goesOn: path[0] === 'video' };
    const context = { store: deps.store, formText: deps.limits.formText };
    return invocation.whisper(withTyped(faultMessage(fault, invocation.locale), typed, invocation, context));
  }

  async function runAction(text: string, invocation: Invocation): Promise<void> {
    const opsAction = decodeOpsAction(text);
    if (opsAction) return pressOps(opsAction, invocation, deps);
    const action = decodeAction(text);
    if (!action) return invocation.whisper(refusal(wordsOf(invocation.locale).refusals.unknownButton));
    if (isTyped(action.jobId)) return giveBack(action.jobId, invocation);
    const { right, act } = steerings[action.name];
    await onJob(invocation, action.jobId, right, act, deps);
  }

  /** The form did not open: what was typed goes back as a file. */
  async function giveBack(key: string, invocation: Invocation): Promise<void> {
    const { refusals } = wordsOf(invocation.locale);
    const typed = deps.store.script(key);
    if (typed === null) return invocation.whisper(refusal(refusals.noJob));
    await invocation.whisper({ ...refusal(refusals.typedFile), files: [textFile('script.md', typed)] });
  }

  async function openForm(press: Parameters<ChatHandlers['formFor']>[0], asker: Asker): Promise<Form | null> {
    if (!deps.permissions.mayUse(asker)) return null;
    if (press.kind === 'action') return editForm(press.action, asker);
    const command = find(press.path);
    if (!command?.form) return null;
    return command.form(readOptions(command.options, press.options), asker);
  }

  async function editForm(text: string, asker: Asker): Promise<Form | null> {
    const action = decodeAction(text);
    if (action?.name !== 'edit') return null;
    const { formText } = deps.limits;
    const typed = deps.store.script(action.jobId);
    const look = { locale: asker.locale, formText };
    if (isTyped(action.jobId))
      return typed === null ? null : filmForm({ kind: 'new', draft: false }, { script: typed }, look);
    const details = await findJob(action.jobId, asker, deps);
    if (details?.request.kind !== 'compose') return null;
    const { storyboard } = details.request;
    const script = typed ?? scriptText(storyboard);
    if (script.length > formText) return null;
    const format = Object.entries(formats).find(([, ratio]) => ratio === storyboard.output.aspectRatio)?.[0];
    const values = {
      script,
      ...(storyboard.voice?.name ? { voice: storyboard.voice.name } : {}),
      ...(format ? { format } : {}),
    };
    return filmForm({ kind: 'edit', jobId: action.jobId }, values, look);
  }

  async function runForm(purpose: FormPurpose, values: FormValues, invocation: Invocation): Promise<void> {
    const text = (name: string): string | undefined => {
      const value = values[name];
      return typeof value === 'string' && value.trim() !== '' ? value : undefined;
    };
    const edited = purpose.kind === 'edit' ? await findJob(purpose.jobId, invocation, deps) : null;
    // The film it was made from may be gone: what was typed is a film of its own then.
    const base = edited?.request.kind === 'compose' ? edited.request.storyboard : undefined;
    await takeFilm(
      invocation,
      {
        text: text('script'),
        files: Array.isArray(values['files']) ? values['files'] : [],
        voice: text('voice')?.trim(),
        format: formatSchema.safeParse(values['format']).data,
        captions: captionsSchema.safeParse(values['captions']).data,
        draft: purpose.kind === 'new' ? purpose.draft : edited !== null && isDraft(edited),
        base,
      },
      deps,
    );
  }

  function fromMessage({ text, files }: SourceMessage, invocation: Invocation): Promise<void> {
    return takeFilm(invocation, { text, files }, deps);
  }

  return {
    commands,
    async formFor(press, asker) {
      const enough = new AbortController();
      try {
        return await Promise.race([
          openForm(press, asker),
          systemClock.wait(FORM_MS, enough.signal).then(() => null),
        ]);
      } catch {
        // Whatever is wrong is said by what runs instead.
        return null;
      } finally {
        enough.abort();
      }
    },
    command: (path, options, invocation) => attend(invocation, () => runCommand(path, options, invocation)),
    action: (action, invocation) => attend(invocation, () => runAction(action, invocation)),
    confirmation: (action, locale) =>
      decodeAction(action)?.name === 'cancel' ? cancelConfirmation(wordsOf(locale)) : null,
    submit: (formId, values, invocation) =>
      attend(invocation, async () => {
        const purpose = decodeFormId(formId);
        if (purpose) return runForm(purpose, values, invocation);
        await invocation.whisper(refusal(wordsOf(invocation.locale).refusals.unknownButton));
      }),
    shortcut: (message, invocation) => attend(invocation, () => fromMessage(message, invocation)),
    mention: (message, invocation) =>
      attend(invocation, () => {
        const isEmpty = message.text.trim() === '' && message.files.length === 0;
        return isEmpty ? runCommand(['help'], {}, invocation) : fromMessage(message, invocation);
      }),
    async complete(path, option, typed, asker) {
      if (!deps.permissions.mayUse(asker)) return [];
      try {
        return (await find(path)?.options[option]?.complete?.(typed, asker)) ?? [];
      } catch (error) {
        deps.log.warn({ error: describe(error) }, 'nothing could be suggested');
        return [];
      }
    },
  };
}

type Steering = { right: 'see' | 'steer'; act: Parameters<typeof onJob>[3] };

const steerings: Record<ActionName, Steering> = {
  cancel: { right: 'steer', act: cancelJob },
  retry: { right: 'steer', act: retryJob },
  edit: { right: 'see', act: sendScript },
  vertical: { right: 'see', act: remakeJob((film) => reshaped(film, '9:16')) },
  square: { right: 'see', act: remakeJob((film) => reshaped(film, '1:1')) },
  captions: { right: 'see', act: sendCaptions },
  approve: { right: 'steer', act: approveDraft },
  discard: { right: 'steer', act: discardDraft },
};

function reshaped<F extends { output: { aspectRatio: string } }>(
  film: F,
  aspectRatio: F['output']['aspectRatio'],
): F {
  return { ...film, output: { ...film.output, aspectRatio } };
}

function describe(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
}
