/** Takes a person out of everything this installation remembers, while its services run or not. */
import { existsSync } from 'node:fs';
import path from 'node:path';
import type { Config } from '../core/config.ts';
import { StudioError } from '../core/errors.ts';
import { openJobs } from '../core/jobs/index.ts';
import type { Forgotten, Person } from '../core/jobs/types.ts';
import type { Logger } from '../core/log.ts';

/** @param audit entries of monitoring's audit, incidents and mutes that named them */
export type ForgottenEverywhere = Forgotten & { audit: number };

/**
 * @param who `PLATFORM:USER`: discord and slack with the user's id there, api with the name of the key
 * @throws {StudioError} invalid_request, not_ready
 */
export async function forgetPerson(config: Config, log: Logger, who: string): Promise<ForgottenEverywhere> {
  const person = personOf(who);
  const { dataDir, redisUrl, retention } = config;
  const jobs = await openJobs({ dataDir, redisUrl, log, retentionDays: retention.days });
  try {
    return { ...(await jobs.forget(person)), audit: await forgetInMonitoring(dataDir, person) };
  } finally {
    await jobs.close();
  }
}

function personOf(who: string): Person {
  const [, platform, user] = /^(discord|slack|api):([^:\s]{1,200})$/.exec(who) ?? [];
  if (platform && user) return { platform: platform as Person['platform'], user };
  throw new StudioError('invalid_request', `"${who.slice(0, 80)}" names no person.`, {
    hint: 'Write discord:USER_ID, slack:USER_ID or api:NAME_OF_KEY.',
  });
}

async function forgetInMonitoring(dataDir: string, { platform, user }: Person): Promise<number> {
  if (!existsSync(path.join(dataDir, 'monitoring.db'))) return 0;
  const { openMonitorStore } = await import('../monitoring/store.ts');
  const store = openMonitorStore(dataDir);
  try {
    return store.forget({ platform, id: user });
  } finally {
    store.close();
  }
}
