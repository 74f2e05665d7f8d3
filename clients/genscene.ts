/**
 * The typed client of the REST API, for browsers and Node: no dependency, types from the very schemas
 * that the service checks with. Requests that can be repeated without harm are, when the network or
 * the service fails for a moment; every failure is a GenSceneError that says what to do.
 */
import type { z } from 'zod';
import type {
  acceptedSchema,
  assetSchema,
  jobPageSchema,
  serviceStatusSchema,
  usageSchema,
  validationSchema,
  voiceSchema,
} from '../api/schema.ts';
import type { Job, JobStatus } from '../core/schema/job.ts';
import type { ttsRequestSchema } from '../core/schema/speech.ts';
import type { StoryboardInput } from '../core/schema/storyboard.ts';
import { Requests, type Fetch } from './requests.ts';
import { upload, type UploadProgress } from './upload.ts';
import { watchJob, type WatchOptions } from './watch.ts';

export { GenSceneError } from './error.ts';
export type { UploadProgress } from './upload.ts';
export type { Connection, WatchOptions } from './watch.ts';
export type { Job, JobStatus, StoryboardInput };
export type SpeechInput = z.input<typeof ttsRequestSchema>;
export type Accepted = z.infer<typeof acceptedSchema>;
export type Asset = z.infer<typeof assetSchema>;
export type JobPage = z.infer<typeof jobPageSchema>;
export type ServiceStatus = z.infer<typeof serviceStatusSchema>;
export type Usage = z.infer<typeof usageSchema>;
export type Validation = z.infer<typeof validationSchema>;
export type Voice = z.infer<typeof voiceSchema>;

export type GenSceneOptions = {
  /** Where the service is, e.g. `https://api.example.org`. */
  baseUrl: string;
  /** Sent as X-API-Key. In a web page everyone can read it: give it its own key with a low limit. */
  apiKey: string;
  /** Instead of the global one. */
  fetch?: Fetch;
  /** Longest wait for an answer, ms; 30,000 by default. Films are not waited for: they are watched. */
  timeoutMs?: number;
  /** How often a request is tried that may be repeated; 4 by default. */
  tries?: number;
};

type Cancellable = { signal?: AbortSignal };
type Wish = Cancellable & {
  /** One wish is one job, however often it is sent. Made for each call if left out. */
  idempotencyKey?: string;
};

export class GenScene {
  readonly #requests: Requests;

  constructor(options: GenSceneOptions) {
    this.#requests = new Requests(options);
  }

  /** Asks for a film; watch() tells how it goes. @throws {GenSceneError} */
  compose(storyboard: StoryboardInput, { idempotencyKey = newKey(), signal }: Wish = {}): Promise<Accepted> {
    return this.#requests.json('/api/compose', {
      post: storyboard,
      repeatable: true,
      idempotencyKey,
      signal,
    });
  }

  /**
   * Asks for a text to be spoken. With `wait` a short one is answered with the finished job, if that
   * takes less than ten seconds. @throws {GenSceneError}
   */
  speak(speech: SpeechInput, options: Wish & { wait: true }): Promise<Job | Accepted>;
  speak(speech: SpeechInput, options?: Wish): Promise<Accepted>;
  speak(
    speech: SpeechInput,
    { wait, idempotencyKey = newKey(), signal }: Wish & { wait?: boolean } = {},
  ): Promise<Job | Accepted> {
    return this.#requests.json('/api/tts', {
      query: wait ? { wait: 'true' } : {},
      post: speech,
      repeatable: true,
      idempotencyKey,
      signal,
    });
  }

  /** How a job stands. @throws {GenSceneError} not_found */
  status(id: string, { signal }: Cancellable = {}): Promise<Job> {
    return this.#requests.json(`/api/status/${encodeURIComponent(id)}`, { signal });
  }

  /** How the service stands. @throws {GenSceneError} */
  service({ signal }: Cancellable = {}): Promise<ServiceStatus> {
    return this.#requests.json('/api/status', { signal });
  }

  /**
   * The job each time it changes, until it is over: the last one is `done`, `failed` or `cancelled`.
   * Outlives breaks of the network and restarts of the service. Ends by an error only if the signal
   * aborts, or the service says that there is no such job or that the key is wrong.
   * @throws {GenSceneError} not_found, unauthorized; and the signal's reason
   */
  watch(id: string, options: WatchOptions = {}): AsyncGenerator<Job, void, void> {
    return watchJob(this.#requests, id, options);
  }

  /** Waits until a job is over, however it ends. @throws {GenSceneError} as watch() */
  async finished(id: string, options: WatchOptions = {}): Promise<Job> {
    let last: Job | undefined;
    for await (const job of this.watch(id, options)) last = job;
    return last!;
  }

  /** Jobs of this key, newest first. @throws {GenSceneError} */
  jobs(
    query: { status?: JobStatus | JobStatus[]; kind?: Job['kind']; limit?: number; cursor?: string } = {},
    { signal }: Cancellable = {},
  ): Promise<JobPage> {
    return this.#requests.json('/api/jobs', { query, signal });
  }

  /** @throws {GenSceneError} not_found, conflict */
  cancel(id: string, { signal }: Cancellable = {}): Promise<Job> {
    return this.#requests.json(`/api/jobs/${encodeURIComponent(id)}/cancel`, {
      post: {},
      repeatable: true,
      signal,
    });
  }

  /** Queues a failed or cancelled job again. @throws {GenSceneError} not_found, conflict */
  retry(id: string, { signal }: Cancellable = {}): Promise<Job> {
    return this.#requests.json(`/api/jobs/${encodeURIComponent(id)}/retry`, { post: {}, signal });
  }

  /** Every fault of a storyboard, or how long its film will be; nothing is made. @throws {GenSceneError} */
  validate(storyboard: unknown, { signal }: Cancellable = {}): Promise<Validation> {
    return this.#requests.json('/api/validate', { post: storyboard, repeatable: true, signal });
  }

  /** @param language BCP-47 tag, e.g. `en` or `pt-BR` */
  async voices(language?: string, { signal }: Cancellable = {}): Promise<Voice[]> {
    const { voices } = await this.#requests.json<{ voices: Voice[] }>('/api/voices', {
      query: { language },
      signal,
    });
    return voices;
  }

  /** Uploads a picture, clip or sound; write its `src` into a storyboard. @throws {GenSceneError} */
  uploadAsset(
    file: Blob,
    options: Cancellable & { name?: string; onProgress?: (progress: UploadProgress) => void } = {},
  ): Promise<Asset> {
    return upload<Asset>(this.#requests, '/api/assets', file, options);
  }

  /** What was made in a span of time. */
  usage(
    query: { from?: string; to?: string; by?: Usage['by'] } = {},
    { signal }: Cancellable = {},
  ): Promise<Usage> {
    return this.#requests.json('/api/usage', { query, signal });
  }
}

/** Not randomUUID(), which pages that came by plain http do not have. */
function newKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
