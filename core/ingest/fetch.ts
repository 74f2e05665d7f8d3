/**
 * Downloads one file over http(s) into a path of ours: addresses checked at every hop and at
 * connect time, bytes and time capped, an interrupted body resumed where the server can.
 */
import { createHash, type Hash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open, rm, type FileHandle } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Agent, Dispatcher } from 'undici';
import { asStudioError, type StudioError } from '../errors.ts';
import { checkUrl, hostOf, type AddressRules } from './addresses.ts';
import { createAgent, realNetwork, type Network } from './connect.ts';
import { failed, fetchError, tookTooLong } from './fetch-error.ts';
import type { IngestLimits } from './limits.ts';
import { tooLarge } from './refusal.ts';
import type { Progress } from './shared-work.ts';
import { strongEtag, type Begun, type Validators } from './validators.ts';

export type Download = {
  sha256: string;
  bytes: number;
  /** For asking next time whether it changed; both null means that cannot be asked. */
  validators: Validators;
  /** Where redirects led: the address that the validators are of. */
  at: string;
};

export type FetchTask = {
  url: string;
  /** Where the body goes; removed if the download fails, unless `onBroken` takes it. */
  target: string;
  /** What is at `target` already, to be gone on with. */
  begun?: Begun | null;
  /** Takes over `target` when the download failed in a way that another try may mend. */
  onBroken?: (begun: Begun) => Promise<void>;
  /** Largest body, by the limits given beside. */
  limit: 'pictureBytes' | 'clipBytes' | 'trackBytes';
  /** Of the copy we have: the server may then answer that it did not change. */
  known?: (Validators & { at: string }) | undefined;
  signal: AbortSignal;
  onBytes?: Progress | undefined;
};

type Options = { rules: AddressRules; limits: IngestLimits; network?: Network | undefined };

/** A body on its way: what has arrived is in the file and in the hash. */
type Arrival = { file: FileHandle; hash: Hash; bytes: number; validators: Validators | null };

type Response = Dispatcher.ResponseData;

const USER_AGENT = 'gen-scene-studio/0.1 (media download)';
const TRANSIENT_STATUS = [408, 425, 429, 500, 502, 503, 504];
/** First pause before another attempt, ms; doubled each time. */
const RETRY_PAUSE_MS = 250;

/**
 * Fetches a file; null means the copy that `known` describes is still right.
 * @throws {StudioError} url_not_allowed, fetch_failed, too_large, timeout, no_space, cancelled
 */
export async function fetchFile(task: FetchTask, options: Options): Promise<Download | null> {
  const { limits } = options;
  checkUrl(task.url, options.rules);
  const agent = await createAgent(
    options.rules,
    options.network ?? realNetwork,
    limits.connectMs,
    limits.idleMs,
  );
  const deadline = new AbortController();
  const late = () => deadline.abort(tookTooLong(limits.fetchMs));
  const timer = setTimeout(late, limits.fetchMs);
  const signal = AbortSignal.any([task.signal, deadline.signal]);
  const arrival = await openArrival(task);
  try {
    const done = await fetchWithAttempts({ ...task, signal }, options, agent, arrival);
    await arrival.file.close();
    return done;
  } catch (error) {
    await arrival.file.close().catch(() => {});
    const failure = fetchError(signal.aborted ? signal.reason : error);
    const { bytes, validators } = arrival;
    const mayBeMended = failure.retryable || failure.code === 'cancelled';
    if (task.onBroken && mayBeMended && validators) await task.onBroken({ bytes, validators });
    else await rm(task.target, { force: true });
    throw failure;
  } finally {
    clearTimeout(timer);
    await agent.destroy();
  }
}

/** A new file, or the one that was begun, read once more for its hash. */
async function openArrival({ target, begun }: FetchTask): Promise<Arrival> {
  const hash = createHash('sha256');
  if (!begun) return { file: await open(target, 'wx'), hash, bytes: 0, validators: null };
  for await (const piece of createReadStream(target)) hash.update(piece as Buffer);
  return { file: await open(target, 'r+'), hash, ...begun };
}

async function fetchWithAttempts(
  task: FetchTask,
  options: Options,
  agent: Agent,
  arrival: Arrival,
): Promise<Download | null> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await fetchOnce(task, options, agent, arrival);
    } catch (error) {
      const failure = task.signal.aborted
        ? asStudioError(task.signal.reason, 'cancelled')
        : fetchError(error);
      if (
        !failure.retryable ||
        failure.code === 'cancelled' ||
        task.signal.aborted ||
        attempt >= options.limits.fetchAttempts
      )
        throw failure;
      await sleep(RETRY_PAUSE_MS * 2 ** (attempt - 1), undefined, { signal: task.signal });
    }
  }
}

async function fetchOnce(
  task: FetchTask,
  options: Options,
  agent: Agent,
  arrival: Arrival,
): Promise<Download | null> {
  const { response, at } = await followRedirects(task, options, agent, requestHeaders(task, arrival));
  try {
    if (response.statusCode === 304 && task.known?.at === at) return null;
    if (response.statusCode === 416 && arrival.bytes > 0) throw await startOver(arrival);
    checkStatus(response.statusCode);
    await continueOrRestart(response, arrival);
    const total = expectedBytes(response, arrival.bytes);
    const most = options.limits[task.limit];
    if (total !== null && total > most) throw tooLarge(most, task.limit);
    arrival.validators = validatorsOf(response);
    await receive(response, arrival, total, most, task);
    if (total !== null && arrival.bytes !== total)
      throw failed('The connection broke off in the middle of the file.', 'Try again later.', true);
    if (arrival.bytes === 0) throw failed('The address gave an empty file.', 'Check the address.');
    return { sha256: arrival.hash.digest('hex'), bytes: arrival.bytes, validators: arrival.validators, at };
  } finally {
    // Whatever was not read is not waited for.
    response.body.on('error', () => {}).destroy();
  }
}

function requestHeaders(task: FetchTask, arrival: Arrival): Record<string, string> {
  const headers: Record<string, string> = {
    'user-agent': USER_AGENT,
    accept: '*/*',
    'accept-encoding': 'identity',
  };
  const resumeFrom =
    arrival.bytes > 0 && arrival.validators
      ? (strongEtag(arrival.validators) ?? arrival.validators.lastModified)
      : null;
  if (resumeFrom) return { ...headers, range: `bytes=${arrival.bytes}-`, 'if-range': resumeFrom };
  if (task.known?.etag) headers['if-none-match'] = task.known.etag;
  if (task.known?.lastModified) headers['if-modified-since'] = task.known.lastModified;
  return headers;
}

/** Redirects by hand: each target passes the same checks as the first address. */
async function followRedirects(
  task: FetchTask,
  options: Options,
  agent: Agent,
  headers: Record<string, string>,
): Promise<{ response: Response; at: string }> {
  let url = checkUrl(task.url, options.rules);
  for (let hops = 0; ; hops += 1) {
    // An address answers "unchanged" only about itself.
    const sent = url.href === task.known?.at ? headers : withoutConditions(headers);
    const response = await agent.request({
      origin: url.origin,
      path: url.pathname + url.search,
      method: 'GET',
      headers: sent,
      signal: task.signal,
    });
    const location = response.headers.location;
    if (![301, 302, 303, 307, 308].includes(response.statusCode)) return { response, at: url.href };
    response.body.on('error', () => {}).destroy();
    if (typeof location !== 'string')
      throw failed(`${hostOf(url)} redirects to nowhere.`, 'Check the address in a browser.');
    if (hops >= options.limits.redirects)
      throw failed(
        `${hostOf(url)} redirects more than ${options.limits.redirects} times.`,
        'Use the address the file is really at.',
      );
    url = checkUrl(
      URL.canParse(location, url.href) ? new URL(location, url.href).href : location,
      options.rules,
    );
  }
}

function withoutConditions(headers: Record<string, string>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).filter(([name]) => !['if-none-match', 'if-modified-since'].includes(name)),
  );
}

function checkStatus(status: number): void {
  if (status === 200 || status === 206) return;
  if (TRANSIENT_STATUS.includes(status))
    throw failed(`The other side answered ${status}.`, 'Try again later.', true);
  if (status === 401 || status === 403)
    throw failed(
      `The other side refused to give the file (${status}).`,
      'Make it public, or download it yourself and upload it.',
    );
  if (status === 404 || status === 410)
    throw failed(`There is nothing at this address (${status}).`, 'Check the address in a browser.');
  throw failed(`The other side answered ${status}.`, 'Check the address in a browser.');
}

/** A 206 that fits goes behind what we have; anything else starts over. */
async function continueOrRestart(response: Response, arrival: Arrival): Promise<void> {
  const encoding = response.headers['content-encoding'];
  if (encoding !== undefined && encoding !== 'identity')
    throw failed(
      'The other side sent the file compressed although asked not to.',
      'Download it yourself and upload it.',
    );
  if (response.statusCode === 206) {
    const from = /^bytes (\d+)-/.exec(String(response.headers['content-range'] ?? ''))?.[1];
    if (arrival.bytes > 0 && Number(from) === arrival.bytes) return;
    throw await startOver(arrival);
  }
  if (arrival.bytes > 0) await forget(arrival);
}

/** The error after which the next attempt asks for the whole file. */
async function startOver(arrival: Arrival): Promise<StudioError> {
  await forget(arrival);
  return failed('The other side gave another part of the file than asked for.', 'Try again later.', true);
}

async function forget(arrival: Arrival): Promise<void> {
  await arrival.file.truncate(0);
  arrival.hash = createHash('sha256');
  arrival.bytes = 0;
  arrival.validators = null;
}

/** Size of the whole file as the server says it, bytes. */
function expectedBytes(response: Response, received: number): number | null {
  const length = response.headers['content-length'];
  return typeof length === 'string' && /^\d+$/.test(length) ? received + Number(length) : null;
}

async function receive(
  response: Response,
  arrival: Arrival,
  total: number | null,
  most: number,
  task: FetchTask,
): Promise<void> {
  for await (const piece of response.body as AsyncIterable<Buffer>) {
    if (arrival.bytes + piece.length > most) throw tooLarge(most, task.limit);
    await arrival.file.write(piece, 0, piece.length, arrival.bytes);
    arrival.hash.update(piece);
    arrival.bytes += piece.length;
    task.onBytes?.(arrival.bytes, total);
  }
}

function validatorsOf(response: Response): Validators {
  const { etag, 'last-modified': lastModified } = response.headers;
  return {
    etag: typeof etag === 'string' ? etag : null,
    lastModified: typeof lastModified === 'string' ? lastModified : null,
  };
}
