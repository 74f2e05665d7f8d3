/** How a job's record is kept as text, by version: what an older program wrote is brought up to date when read. */
import { StudioError } from '../../errors.ts';
import type { JobRecord } from '../types.ts';

/** `migrations[n]` makes a record of version n + 1 out of one of version n. Written back with the job's next change. */
export type RecordMigration = (record: Record<string, unknown>) => Record<string, unknown>;
export const recordMigrations: readonly RecordMigration[] = [];

/** Version of a record that has been through all migrations; the first ever was 0. */
export function recordVersion(migrations: readonly RecordMigration[]): number {
  return migrations.length;
}

/** @throws {StudioError} not_ready for a record of a newer program */
export function readRecord(
  text: string,
  version: number,
  eventId: number,
  migrations: readonly RecordMigration[],
): JobRecord {
  if (version > migrations.length) {
    throw new StudioError('not_ready', 'A job was written by a newer version of Gen Scene Studio.', {
      hint: 'Update this process too; in a rolling update start the new version everywhere before going back.',
    });
  }
  let record = JSON.parse(text) as Record<string, unknown>;
  for (const migrate of migrations.slice(version)) record = migrate(record);
  return { ...(record as unknown as JobRecord), eventId };
}

/** The event number in it is not read again: it is Redis's to give. */
export function writeRecord(record: JobRecord): string {
  return JSON.stringify(record);
}
