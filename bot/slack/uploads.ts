/**
 * Uploads without holding the file in memory: ask for an address, stream the body there, complete.
 * (The library's own upload reads everything first.)
 */
import type { webApi } from '@slack/bolt';
import { Readable } from 'node:stream';
import { MessengerError, type Attachment } from '../types.ts';
import { asMessengerError } from './faults.ts';

/** Bytes a second below which an upload is given up, and the least it gets, ms. */
const SLOWEST_BYTES_PER_S = 256 * 1024;
const LEAST_MS = 30_000;

/**
 * Brings the bytes to Slack. The file is seen by nobody until it is shared.
 * @returns its id, for shareFiles
 * @throws {MessengerError}
 */
export async function uploadFile(
  client: webApi.WebClient,
  file: Attachment,
  signal: AbortSignal,
): Promise<string> {
  try {
    const { upload_url: address, file_id: id } = await client.files.getUploadURLExternal({
      filename: file.name,
      length: file.size,
      ...(file.alt ? { alt_text: file.alt.slice(0, 1000) } : {}),
    });
    if (!address || !id) throw new MessengerError('unavailable', 'Slack gave no address to upload to.');
    signal.throwIfAborted();
    await sendBody(address, file, signal);
    return id;
  } catch (error) {
    throw asMessengerError(error);
  }
}

async function sendBody(address: string, file: Attachment, signal: AbortSignal): Promise<void> {
  const body = await file.open();
  const deadline = AbortSignal.timeout(Math.ceil(LEAST_MS + (file.size / SLOWEST_BYTES_PER_S) * 1000));
  try {
    const response = await fetch(address, {
      method: 'POST',
      headers: { 'content-type': 'application/octet-stream', 'content-length': String(file.size) },
      body: Readable.toWeb(body) as unknown as NonNullable<RequestInit['body']>,
      duplex: 'half',
      redirect: 'error',
      signal: AbortSignal.any([signal, deadline]),
    } as RequestInit);
    await response.body?.cancel();
    if (response.ok) return;
    const fault =
      response.status === 429 ? 'rate_limited' : response.status >= 500 ? 'unavailable' : 'refused';
    throw new MessengerError(fault, `Slack answered the upload with status ${response.status}.`);
  } finally {
    body.destroy();
  }
}

/** Shows uploaded files in a channel or thread; without a channel they only become usable in blocks. */
export async function shareFiles(
  client: webApi.WebClient,
  files: readonly { id: string; title: string }[],
  place: { channel?: string; thread?: string } = {},
): Promise<void> {
  const [first, ...rest] = files;
  if (!first) return;
  const list: [{ id: string; title: string }, ...{ id: string; title: string }[]] = [first, ...rest];
  const { channel, thread } = place;
  try {
    if (channel && thread)
      await client.files.completeUploadExternal({ files: list, channel_id: channel, thread_ts: thread });
    else if (channel) await client.files.completeUploadExternal({ files: list, channel_id: channel });
    else await client.files.completeUploadExternal({ files: list });
  } catch (error) {
    throw asMessengerError(error);
  }
}
