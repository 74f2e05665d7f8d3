/**
 * Records that were read lately, for as long as nothing at all is saved: how one job stands is asked
 * by many, again and again, and reading it anew each time took most of the answer's time.
 */
import type { JobRecord } from '../types.ts';
import type { Database } from './database.ts';

/** Records kept at once; each is one or a few KiB. */
const MOST = 500;

export class RecentRecords {
  readonly #db: Pick<Database, 'isUnchanged'>;
  readonly #records = new Map<string, JobRecord>();

  constructor(db: Pick<Database, 'isUnchanged'>) {
    this.#db = db;
  }

  /** The record as it is now. It is others' too, so nobody may change it. */
  get(id: string, load: (id: string) => JobRecord | null): JobRecord | null {
    if (!this.#db.isUnchanged()) this.#records.clear();
    const known = this.#records.get(id);
    if (known) return known;
    const record = load(id);
    if (record) this.#keep(record);
    return record;
  }

  #keep(record: JobRecord): void {
    if (this.#records.size >= MOST) this.#records.delete(this.#records.keys().next().value!);
    this.#records.set(record.id, record);
  }
}
