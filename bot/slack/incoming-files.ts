/**
 * Files people attach. Slack gives them out to the bot's token only, and answers a login page with
 * status 200 to everyone else: so the content type is checked, and the token goes to Slack's hosts only.
 */
import { Readable } from 'node:stream';
import { StudioError } from '../../core/errors.ts';
import type { IncomingFile } from '../types.ts';

export type FileAccess = {
  token: string;
  /** Hosts, with port where it is not the usual one, that may see the token. `*.` stands for any name below. */
  hosts: readonly string[];
};

/** A file as Slack describes it in views, events and messages. */
export type SlackFileObject = {
  id: string;
  name?: string | null;
  mimetype?: string;
  size?: number;
  url_private_download?: string;
  url_private?: string;
};

export function incomingFile(file: SlackFileObject, access: FileAccess): IncomingFile {
  return {
    name: file.name ?? file.id,
    contentType: file.mimetype ?? null,
    size: file.size ?? null,
    open: (signal) => download(file, access, signal),
  };
}

async function download(file: SlackFileObject, access: FileAccess, signal: AbortSignal): Promise<Readable> {
  const address = allowedAddress(file.url_private_download ?? file.url_private ?? '', access.hosts);
  let response: Response;
  try {
    response = await fetch(address, {
      headers: { authorization: `Bearer ${access.token}` },
      redirect: 'error',
      signal,
    });
  } catch (error) {
    if (signal.aborted) throw new StudioError('cancelled', 'Cancelled.', { cause: error });
    throw fetchFailed(file, 'could not be reached', error);
  }
  const type = response.headers.get('content-type') ?? '';
  if (!response.ok || !response.body) {
    await response.body?.cancel();
    throw fetchFailed(file, `answered ${response.status}`);
  }
  if (/^text\/html\b/i.test(type) && !/^text\/html\b/i.test(file.mimetype ?? '')) {
    await response.body.cancel();
    throw fetchFailed(file, 'answered a login page');
  }
  return Readable.fromWeb(response.body as Parameters<typeof Readable.fromWeb>[0]);
}

function allowedAddress(text: string, hosts: readonly string[]): URL {
  const address = URL.canParse(text) ? new URL(text) : null;
  const named = address && hosts.some((host) => matches(address, host));
  if (address && named) return address;
  throw new StudioError('url_not_allowed', 'This file does not lie with Slack.', {
    hint: 'Upload the file itself to Slack, or give its web address in the script.',
  });
}

function matches(address: URL, host: string): boolean {
  // A host named with its port is one of an inner network or a test: no certificate is asked of it.
  if (host.includes(':')) return address.host === host;
  if (address.protocol !== 'https:' || address.port !== '') return false;
  return host.startsWith('*.') ? address.hostname.endsWith(host.slice(1)) : address.hostname === host;
}

function fetchFailed(file: SlackFileObject, what: string, cause?: unknown): StudioError {
  return new StudioError('fetch_failed', `Slack ${what} for the file "${file.name ?? file.id}".`, {
    retryable: true,
    hint: 'Check that the app has the files:read scope, then upload the file again.',
    cause,
  });
}
