/** Sends a file as a form. Only XMLHttpRequest can tell how much of it has gone, so pages use that. */
import { errorOfAnswer, networkError } from './error.ts';
import { parse, type Requests } from './requests.ts';

/** Bytes. */
export type UploadProgress = { sent: number; total: number };

export type UploadOptions = {
  name?: string;
  signal?: AbortSignal;
  onProgress?: (progress: UploadProgress) => void;
};

/** No time limit: a slow line is no fault. @throws {GenSceneError}, or the signal's reason */
export async function upload<T>(
  requests: Requests,
  path: string,
  file: Blob,
  { name, signal, onProgress }: UploadOptions,
): Promise<T> {
  signal?.throwIfAborted();
  const form = new FormData();
  form.append('file', file, name ?? (file as { name?: string }).name ?? 'file');
  const answer =
    onProgress && typeof XMLHttpRequest !== 'undefined'
      ? await sendTelling(requests, path, form, onProgress, signal)
      : await send(requests, path, form, signal);
  if (answer.status < 200 || answer.status > 299)
    throw errorOfAnswer(answer.status, answer.text, answer.retryAfter);
  onProgress?.({ sent: file.size, total: file.size });
  return parse<T>(answer.text, answer.status);
}

type Answer = { status: number; text: string; retryAfter: string | null };

async function send(
  requests: Requests,
  path: string,
  form: FormData,
  signal: AbortSignal | undefined,
): Promise<Answer> {
  try {
    const answer = await requests.send(path, { post: form, signal });
    return {
      status: answer.status,
      text: await answer.text(),
      retryAfter: answer.headers.get('retry-after'),
    };
  } catch (error) {
    signal?.throwIfAborted();
    throw networkError(error);
  }
}

function sendTelling(
  requests: Requests,
  path: string,
  form: FormData,
  onProgress: (progress: UploadProgress) => void,
  signal: AbortSignal | undefined,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    const abort = (): void => request.abort();
    signal?.addEventListener('abort', abort, { once: true });
    request.upload.onprogress = ({ loaded, total }) => onProgress({ sent: loaded, total });
    request.onload = () =>
      resolve({
        status: request.status,
        text: request.responseText,
        retryAfter: request.getResponseHeader('retry-after'),
      });
    request.onerror = () => reject(networkError(undefined));
    request.onabort = () => reject((signal?.reason as Error | undefined) ?? networkError(undefined));
    request.onloadend = () => signal?.removeEventListener('abort', abort);
    request.open('POST', requests.urlOf(path));
    for (const [header, value] of Object.entries(requests.keyHeader)) request.setRequestHeader(header, value);
    request.send(form);
  });
}
