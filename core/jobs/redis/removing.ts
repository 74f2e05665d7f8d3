/** What is not kept any longer: jobs past their time, and who asked for those that are over. */
import { StudioError } from '../../errors.ts';
import { isFinal } from '../../schema/job.ts';
import { forgotten, isOf, ownerOfKey } from '../forgetting.ts';
import type { Forgotten, JobRecord, Person } from '../types.ts';
import { keys } from './keys.ts';
import type { RedisParts } from './parts.ts';
import { forgetUsage } from './usage.ts';

/** Final jobs past their time, longest past first. */
export async function expiredJobs(
  { connection, store, now }: RedisParts,
  limit: number,
): Promise<JobRecord[]> {
  const range = { LIMIT: { offset: 0, count: limit } };
  const ids = await connection.call((client) => client.zRangeByScore(keys.expiry, '-inf', now(), range));
  return (await store.loadAll(ids)).map(({ record }) => record);
}

/** False if there is no such job. @throws {StudioError} conflict if it is not final */
export async function removeJob({ store }: RedisParts, id: string): Promise<boolean> {
  for (;;) {
    const snapshot = await store.load(id);
    if (!snapshot) return false;
    if (!isFinal(snapshot.record.status)) throw notOver(snapshot.record);
    if (await store.remove(snapshot)) return true;
  }
}

/** Takes a person out of jobs that are over and out of usage, whose sums stay. */
export async function forgetPerson({ connection, ledger }: RedisParts, person: Person): Promise<Forgotten> {
  const list =
    person.platform === 'api' ? keys.listOf('owner', ownerOfKey(person)) : keys.listOf('user', person.user);
  const ids = await connection.call((client) => client.zRange(list, 0, -1));
  const count = { jobs: 0, unfinished: 0 };
  for (const id of ids) {
    let was = 'other' as 'over' | 'unfinished' | 'other';
    const forget = (job: JobRecord): JobRecord => {
      was = !isOf(job, person) ? 'other' : isFinal(job.status) ? 'over' : 'unfinished';
      return forgotten(job, person);
    };
    await ledger.change(id, forget, { quiet: true });
    if (was === 'over') count.jobs += 1;
    if (was === 'unfinished') count.unfinished += 1;
  }
  return { ...count, usage: await forgetUsage(connection, person) };
}

function notOver(record: JobRecord): StudioError {
  return new StudioError('conflict', `The job is ${record.status}.`, {
    hint: 'Cancel it first, then remove it.',
  });
}
