/** Many readers of one job's events, and how soon each hears of a change. */
import { get, type ClientRequest } from 'node:http';
import { setTimeout } from 'node:timers/promises';
import { spread } from './load.ts';

export type FanOut = {
  watchers: number;
  deliveriesPerSecond: number;
  /** From the change to a reader, ms. */
  p50: number;
  p99: number;
  worst: number;
};

/** @param url of the event stream of a job that is running */
export async function fanOut(
  url: string,
  headers: Record<string, string>,
  watchers: number,
  seconds: number,
): Promise<FanOut> {
  const delays: number[] = [];
  let measuring = false;
  const requests = await Promise.all(
    Array.from({ length: watchers }, () =>
      open(url, headers, (changedAt) => {
        if (measuring) delays.push(Date.now() - changedAt);
      }),
    ),
  );
  measuring = true;
  await setTimeout(seconds * 1000);
  measuring = false;
  for (const request of requests) request.destroy();
  return { watchers, deliveriesPerSecond: delays.length / seconds, ...spread(delays) };
}

/** Resolves with the first event. */
function open(
  url: string,
  headers: Record<string, string>,
  onEvent: (changedAt: number) => void,
): Promise<ClientRequest> {
  return new Promise((resolve, reject) => {
    const request = get(url, { headers, agent: false }, (answer) => {
      let text = '';
      answer.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
        const blocks = text.split('\n\n');
        text = blocks.pop()!;
        for (const block of blocks) {
          const changedAt = /"updatedAt":"([^"]+)"/.exec(block)?.[1];
          if (!changedAt) continue;
          resolve(request);
          onEvent(Date.parse(changedAt));
        }
      });
      answer.on('error', () => undefined);
    });
    request.on('error', reject);
  });
}
