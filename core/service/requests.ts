/** From what someone sent to a request a worker can run, or every fault of it. */
import type { AssetsStore } from '../assets-store.ts';
import { assetIdOf } from '../assets/names.ts';
import { StudioError, type Issue } from '../errors.ts';
import { explainIssue } from '../explain-issue.ts';
import type { JobRequest } from '../jobs/types.ts';
import { ttsRequestSchema } from '../schema/speech.ts';
import type { Studio } from '../studio.ts';
import type { Validation } from '../validate.ts';
import { sourcesOf } from '../storyboard-sources.ts';
import { foreignSources } from './sources.ts';
import { speechRequestOf } from './speech-request.ts';

export type RequestDeps = {
  workshop: Pick<Studio, 'validate' | 'voices'>;
  assets: Pick<AssetsStore, 'use'>;
  /** Whether media may be file paths. */
  pathsAllowed?: boolean | undefined;
  /** Of who asks. */
  mostPriority: number | undefined;
};

/** All that can be said of a storyboard without looking at its media. */
export function checkStoryboard(
  input: unknown,
  { workshop, pathsAllowed, mostPriority }: Omit<RequestDeps, 'assets'>,
): Validation {
  const checked = workshop.validate(input);
  if (!checked.ok) return checked;
  const { storyboard } = checked;
  const issues = [...foreignSources(storyboard, pathsAllowed), ...tooUrgent(storyboard, mostPriority)];
  return issues.length > 0 ? { ok: false, issues } : checked;
}

/**
 * The uploads it names count as used.
 * @throws {StudioError} invalid_storyboard; url_not_allowed when nothing but its paths is wrong, forbidden
 * when nothing but its priority is
 */
export async function readCompose(input: unknown, deps: RequestDeps): Promise<JobRequest> {
  const checked = deps.workshop.validate(input);
  if (!checked.ok) throw refused('invalid_storyboard', checked.issues);
  const { storyboard } = checked;
  const foreign = foreignSources(storyboard, deps.pathsAllowed);
  const missing = await missingAssets(sourcesOf(storyboard), deps.assets);
  const urgent = tooUrgent(storyboard, deps.mostPriority);
  const issues = [...foreign, ...missing, ...urgent];
  if (issues.length === 0) return { kind: 'compose', storyboard };
  if (issues.length === foreign.length) throw refused('url_not_allowed', issues);
  if (issues.length === urgent.length) throw refused('forbidden', issues);
  throw refused('invalid_storyboard', issues);
}

/** @throws {StudioError} invalid_request with every fault; forbidden when nothing but its priority is wrong */
export function readSpeech(
  input: unknown,
  { workshop, mostPriority }: Pick<RequestDeps, 'workshop' | 'mostPriority'>,
): JobRequest {
  const parsed = ttsRequestSchema.safeParse(input);
  if (!parsed.success)
    throw refused(
      'invalid_request',
      parsed.error.issues.flatMap((issue) => explainIssue(issue, input)),
    );
  const speech = parsed.data;
  const { text, language, engine, voice } = speechRequestOf(speech, workshop.voices());
  // A film of one scene with this voice: one set of rules says which voices fit.
  const asFilm = workshop.validate({
    scenes: [{ text }],
    language,
    voice: { language, engine, name: voice },
  });
  const urgent = tooUrgent(speech, mostPriority);
  if (!asFilm.ok) throw refused('invalid_request', [...asFilm.issues, ...urgent]);
  if (urgent.length > 0) throw refused('forbidden', urgent);
  return { kind: 'tts', speech };
}

/** Whoever may not overtake others is told so, instead of being put behind in silence. */
function tooUrgent({ priority }: { priority: number }, mostPriority = 0): Issue[] {
  if (priority <= mostPriority) return [];
  return [{ path: 'priority', message: `may be ${mostPriority} at most for you; got ${priority}` }];
}

async function missingAssets(
  sources: ReturnType<typeof sourcesOf>,
  assets: Pick<AssetsStore, 'use'>,
): Promise<Issue[]> {
  const issues: Issue[] = [];
  for (const { path, src } of sources) {
    const id = assetIdOf(src);
    if (id === null || (await assets.use(id))) continue;
    issues.push({
      path,
      message: 'is no upload we have; upload the file (again) and use the "src" it answers',
    });
  }
  return issues;
}

function refused(
  code: 'invalid_storyboard' | 'invalid_request' | 'url_not_allowed' | 'forbidden',
  issues: Issue[],
): StudioError {
  const what = code === 'invalid_request' ? 'The request' : 'The storyboard';
  const many = issues.length === 1 ? 'a fault' : `${issues.length} faults`;
  if (code === 'forbidden')
    return new StudioError(code, 'Others may not be overtaken like this.', {
      issues,
      hint: 'Lower the priority, or ask the operator to be allowed a higher one.',
    });
  return new StudioError(code, `${what} has ${many}.`, {
    issues,
    hint: 'Correct what is listed and try again.',
  });
}
