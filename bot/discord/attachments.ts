/** Files people attach on Discord: fetched at once, from Discord's own hosts only. */
import { Readable } from 'node:stream';
import type { ReadableStream } from 'node:stream/web';
import type { Attachment } from 'discord.js';
import type { Config } from '../../core/config.ts';
import { asStudioError, StudioError } from '../../core/errors.ts';
import type { IncomingFile } from '../types.ts';

type Hosts = Pick<Config['discord'], 'attachmentHosts' | 'cdnBaseUrl'>;
/** From the request to the last byte, ms. The addresses end within a day. */
const FETCH_MS = 5 * 60_000;

export function incomingFile(
  attachment: Pick<Attachment, 'name' | 'url' | 'contentType' | 'size'>,
  hosts: Hosts,
): IncomingFile {
  return {
    name: attachment.name,
    contentType: attachment.contentType ?? null,
    size: attachment.size,
    open: (signal) => openAttachment(attachment.url, hosts, signal),
  };
}

/** @throws {StudioError} url_not_allowed, fetch_failed, cancelled */
export async function openAttachment(url: string, hosts: Hosts, signal: AbortSignal): Promise<Readable> {
  if (!isAllowed(url, hosts)) {
    throw new StudioError('url_not_allowed', 'This file is not on a host Discord keeps attachments on.', {
      hint: 'Attach the file itself, or add its host to DISCORD_ATTACHMENT_HOSTS.',
    });
  }
  const ends = AbortSignal.any([signal, AbortSignal.timeout(FETCH_MS)]);
  try {
    const response = await fetch(url, { redirect: 'error', signal: ends });
    if (response.ok && response.body)
      return Readable.fromWeb(response.body as ReadableStream, { signal: ends });
    await response.body?.cancel();
    throw new StudioError('fetch_failed', `Discord answered ${response.status} for the attached file.`, {
      retryable: response.status >= 500,
      hint: 'Attach the file again: addresses of attachments end after a day.',
    });
  } catch (error) {
    if (signal.aborted) throw new StudioError('cancelled', 'Cancelled.', { cause: error });
    if (error instanceof StudioError) throw error;
    throw asStudioError(
      ends.aborted ? new Error('It took too long.') : error,
      'fetch_failed',
      'The attached file could not be fetched.',
    );
  }
}

function isAllowed(url: string, { attachmentHosts, cdnBaseUrl }: Hosts): boolean {
  if (!URL.canParse(url)) return false;
  const { origin, protocol, hostname, host, username } = new URL(url);
  if (username) return false;
  if (cdnBaseUrl && origin === new URL(cdnBaseUrl).origin) return true;
  return protocol === 'https:' && attachmentHosts.some((allowed) => allowed === hostname || allowed === host);
}
