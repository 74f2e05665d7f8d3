/** Jobs of workers that fell silent go back to the queue; work that no message tells of is told of again. */
import type { JobRecord, Reconciled } from '../types.ts';
import { keys } from './keys.ts';
import type { RedisParts } from './parts.ts';
import { forgetOldWorkers } from './reports.ts';

export async function reconcile(parts: RedisParts): Promise<Reconciled> {
  const { connection, ledger, options, now } = parts;
  const silent = await connection.call((client) => client.zRangeByScore(keys.running, '-inf', now()));
  const taken: JobRecord[] = [];
  for (const id of silent) {
    const record = await ledger.takeBack(id, options);
    if (record) taken.push(record);
  }
  await sendMissingTicket(parts);
  await forgetOldWorkers(connection, now());
  const idsOf = (status: string): string[] =>
    taken.filter((job) => job.status === status).map((job) => job.id);
  return { requeued: idsOf('queued'), failed: idsOf('failed'), cancelled: idsOf('cancelled') };
}

/** One is enough: who is woken by it and leaves work behind wakes the next. */
async function sendMissingTicket({ store, tickets, time }: RedisParts): Promise<void> {
  const { next, messages } = await store.peek(time(), 1);
  if (next[0] && messages === 0) tickets.send(next[0].snapshot.record.id);
}
