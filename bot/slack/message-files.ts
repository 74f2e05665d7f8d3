/**
 * Files that go with a message: small ones are up before it stands, large ones follow it into its thread,
 * for no call may take as long as they do. Its link is there first in any case.
 */
import type { webApi } from '@slack/bolt';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Attachment, Message } from '../types.ts';
import { asMessengerError } from './faults.ts';
import type { SlackLog } from './log.ts';
import { shareFiles, uploadFile } from './uploads.ts';

/** Files up to so many bytes in all count as small. */
const SMALL_BYTES = 8 * 1024 ** 2;
/** Tries of large ones, and the time between, ms. */
const TRIES = 3;
const WAIT_MS = 5000;

type Thread = { channel: string; thread: string };

export type MessageFiles = {
  /**
   * Uploads what is small.
   * @returns what shows all of them once the message stands; it never throws, for the message must not be posted again
   * @throws {MessengerError}
   */
  prepare(
    message: Message,
    files: readonly Attachment[],
    signal: AbortSignal,
  ): Promise<(place: Thread) => Promise<void>>;
  /**
   * Uploads the picture of a message, for use in its blocks.
   * @throws {MessengerError}
   */
  picture(file: Attachment, signal: AbortSignal): Promise<string>;
  /** Ends uploads under way. Idempotent. */
  stop(): Promise<void>;
};

export function createMessageFiles(client: webApi.WebClient, log: SlackLog): MessageFiles {
  const stopping = new AbortController();
  let following: Promise<void> = Promise.resolve();

  /** One after the other, so that they leave some of the line to everything else. */
  function follow(files: readonly Attachment[], place: Thread): void {
    for (const file of files)
      following = following.then(() =>
        uploadPatiently(file, place).catch((error: unknown) =>
          log.warn(`${file.name} could not be shown in ${place.channel}: ${String(error)}`),
        ),
      );
  }

  async function uploadPatiently(file: Attachment, place: Thread): Promise<void> {
    const { signal } = stopping;
    for (let attempt = 1; ; attempt += 1) {
      try {
        signal.throwIfAborted();
        const id = await uploadFile(client, file, signal);
        return await shareFiles(client, [{ id, title: file.name }], place);
      } catch (error) {
        const { fault, retryAfterMs = WAIT_MS } = asMessengerError(error);
        const mayWork = fault === 'unavailable' || fault === 'rate_limited';
        if (!mayWork || attempt === TRIES || signal.aborted) throw error;
        await sleep(retryAfterMs, null, { signal });
      }
    }
  }

  return {
    async prepare({ picture }, files, signal) {
      const rest = files.filter(({ name }) => name !== picture?.file);
      const isSmall = rest.reduce((sum, { size }) => sum + size, 0) <= SMALL_BYTES;
      const uploaded: { id: string; title: string }[] = [];
      if (isSmall)
        for (const file of rest)
          uploaded.push({ id: await uploadFile(client, file, signal), title: file.name });
      return async (place) => {
        if (!isSmall) return follow(rest, place);
        await shareFiles(client, uploaded, place).catch((error: unknown) =>
          log.warn(`files could not be shown in ${place.channel}: ${String(error)}`),
        );
      };
    },
    async picture(file, signal) {
      const id = await uploadFile(client, file, signal);
      await shareFiles(client, [{ id, title: file.name }]);
      return id;
    },
    async stop() {
      stopping.abort();
      await following;
    },
  };
}
