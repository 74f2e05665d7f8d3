/** Pure: what is left of a person in a job that is over, and in its row of usage: figures, and nothing that names them. */
import { isFinal } from '../schema/job.ts';
import type { JobRecord, Person } from './types.ts';

/** Owner of what is nobody's any more; no door ever gives it to anyone. */
export function nobody({ platform }: Pick<Person, 'platform'>): string {
  return `${platform}:forgotten`;
}

/** For API callers the person is the key. */
export function ownerOfKey({ user }: Person): string {
  return `key:${user}`;
}

export function isOf({ origin, owner }: JobRecord, person: Person): boolean {
  if (origin.platform !== person.platform) return false;
  return person.platform === 'api' ? owner === ownerOfKey(person) : origin.user === person.user;
}

/** The same record if it is not over yet: its answer must still find its way. */
export function forgotten(record: JobRecord, person: Person): JobRecord {
  if (!isFinal(record.status) || !isOf(record, person)) return record;
  return {
    ...record,
    owner: nobody(person),
    origin: { platform: person.platform },
    idempotency: null,
    webhookUrl: null,
    deliveries: [],
  };
}
