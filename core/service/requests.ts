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
  pathsAllowed?: boolean;
};

/** All that can be said of a storyboard without looking at its media. */
export function checkStoryboard(
  input: unknown,
  { workshop, pathsAllowed }: Pick<RequestDeps, 'workshop' | 'pathsAllowed'>,
): Validation {
  const checked = workshop.validate(input);
  if (!checked.ok) return checked;
  const issues = foreignSources(checked.storyboard, pathsAllowed);
  return issues.length > 0 ? { ok: false, issues } : checked;
}

/**
 * The uploads it names count as used.
 * @throws {StudioError} invalid_storyboard; url_not_allowed when nothing but its paths is wrong
 */
export async function readCompose(input: unknown, deps: RequestDeps): Promise<JobRequest> {
  const checked = deps.workshop.validate(input);
  if (!checked.ok) throw refused('invalid_storyboard', checked.issues);
  const { storyboard } = checked;
  const foreign = foreignSources(storyboard, deps.pathsAllowed);
  const missing = await missingAssets(sourcesOf(storyboard), deps.assets);
  if (missing.length > 0) throw refused('invalid_storyboard', [...foreign, ...missing]);
  if (foreign.length > 0) throw refused('url_not_allowed', foreign);
  return { kind: 'compose', storyboard };
}

/** @throws {StudioError} invalid_request with every fault */
export function readSpeech(input: unknown, { workshop }: Pick<RequestDeps, 'workshop'>): JobRequest {
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
  if (!asFilm.ok) throw refused('invalid_request', asFilm.issues);
  return { kind: 'tts', speech };
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
  code: 'invalid_storyboard' | 'invalid_request' | 'url_not_allowed',
  issues: Issue[],
): StudioError {
  const what = code === 'invalid_request' ? 'The request' : 'The storyboard';
  const many = issues.length === 1 ? 'a fault' : `${issues.length} faults`;
  return new StudioError(code, `${what} has ${many}.`, {
    issues,
    hint: 'Correct what is listed and try again.',
  });
}
