/** How much one person may ask for: counted from the jobs themselves, so that no restart forgets it. */
import type { ChatQuota, Config } from '../core/config.ts';
import { jobStatuses, isFinal } from '../core/schema/job.ts';
import type { Caller, StudioService } from '../core/studio-service.ts';
import { ownerOf } from './permissions.ts';
import type { Asker } from './types.ts';

export type QuotaRefusal =
  | { kind: 'atOnce'; limit: number }
  /** `freeInMs`: until the oldest job of the day no longer counts. */
  | { kind: 'perDay'; limit: number; freeInMs: number };

export type Quotas = {
  of(asker: Asker): ChatQuota;
  /**
   * Runs `ask` if the person may have one more job, one at a time for each person, so that two commands
   * at once do not share the last place. Null when it ran.
   */
  within(asker: Asker, ask: () => Promise<void>): Promise<QuotaRefusal | null>;
};

const DAY_MS = 24 * 3600_000;
const PAGE = 200;
const openStatuses = jobStatuses.filter((status) => !isFinal(status));

export function createQuotas(deps: {
  studio: Pick<StudioService, 'jobs'>;
  config: Pick<Config, 'chat' | 'discord' | 'slack'>;
  now?: () => number;
}): Quotas {
  const { studio, config, now = Date.now } = deps;
  const turns = new Map<string, Promise<unknown>>();

  function of(asker: Asker): ChatQuota {
    const { roleQuotas } = config[asker.platform];
    const own = asker.user.roles.flatMap((role) =>
      Object.hasOwn(roleQuotas, role) ? roleQuotas[role]! : [],
    );
    if (own.length === 0) return config.chat.quota;
    return {
      atOnce: Math.max(...own.map((quota) => quota.atOnce)),
      perDay: Math.max(...own.map((quota) => quota.perDay)),
    };
  }

  async function refusal(asker: Asker): Promise<QuotaRefusal | null> {
    const { atOnce, perDay } = of(asker);
    const caller: Caller = {
      owner: ownerOf(asker),
      sees: 'own',
      origin: { platform: asker.platform, user: asker.user.id },
    };
    const open = await studio.jobs({ status: openStatuses, limit: Math.min(PAGE, atOnce + 1) }, caller);
    if (open.jobs.length >= Math.min(atOnce, PAGE)) return { kind: 'atOnce', limit: atOnce };
    const oldest = await nthNewest(caller, perDay);
    if (oldest === null || oldest <= now() - DAY_MS) return null;
    return { kind: 'perDay', limit: perDay, freeInMs: oldest + DAY_MS - now() };
  }

  /** When the person's n-th newest job was asked for; null if there are fewer. */
  async function nthNewest(caller: Caller, n: number): Promise<number | null> {
    let cursor: string | null = null;
    for (let seen = 0; ;) {
      const page: Awaited<ReturnType<StudioService['jobs']>> = await studio.jobs(
        { limit: Math.min(PAGE, n - seen), ...(cursor ? { cursor } : {}) },
        caller,
      );
      const last = page.jobs.at(-1);
      seen += page.jobs.length;
      if (last && seen >= n) return Date.parse(last.createdAt);
      // Older than a day: the n-th is older still.
      if (!last || !page.nextCursor || Date.parse(last.createdAt) <= now() - DAY_MS) return null;
      cursor = page.nextCursor;
    }
  }

  return {
    of,
    async within(asker, ask) {
      const key = ownerOf(asker);
      const turn = (turns.get(key) ?? Promise.resolve()).then(async () => {
        const refused = await refusal(asker);
        if (!refused) await ask();
        return refused;
      });
      const settled = turn.then(
        () => {},
        () => {},
      );
      turns.set(key, settled);
      try {
        return await turn;
      } finally {
        if (turns.get(key) === settled) turns.delete(key);
      }
    },
  };
}
