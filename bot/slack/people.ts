/**
 * Who asks: language, name, user groups. Slack says none of it with a press, so it is asked for and kept
 * for a while; an answer that comes too late is used the next time.
 */
import type { webApi } from '@slack/bolt';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Locale } from '../types.ts';
import { slackErrorName } from './faults.ts';
import type { SlackLog } from './log.ts';

/** What is known stays good for so long, ms. */
const KEEP_MS = 10 * 60_000;
/** How long a press may wait for it, ms: the modal must be open three seconds after it. */
const PATIENCE_MS = 800;
const MOST_KEPT = 5000;

export type Person = { name: string; locale: Locale; isAdmin: boolean };
export type People = {
  person(id: string, fallbackName: string): Promise<Person>;
  /** User groups someone belongs to. */
  groups(user: string): Promise<readonly string[]>;
};

export function createPeople(client: webApi.WebClient, locale: Locale, log: SlackLog): People {
  const persons = new Map<string, { at: number; answer: Promise<Person | null> }>();
  let members: { at: number; answer: Promise<Map<string, string[]> | null> } | null = null;

  async function ask(user: string): Promise<Person | null> {
    try {
      const { user: found } = await client.users.info({ user, include_locale: true });
      if (!found) return null;
      return {
        name: found.profile?.display_name || found.real_name || found.name || user,
        locale: localeOf((found as { locale?: string }).locale, locale),
        isAdmin: found.is_admin === true || found.is_owner === true,
      };
    } catch (error) {
      log.warn(`Slack did not say who ${user} is: ${slackErrorName(error) ?? 'no answer'}`);
      return null;
    }
  }

  async function askGroups(): Promise<Map<string, string[]> | null> {
    try {
      const { usergroups = [] } = await client.usergroups.list({ include_users: true });
      const byUser = new Map<string, string[]>();
      for (const { id, users = [] } of usergroups)
        for (const user of users) if (id) byUser.set(user, [...(byUser.get(user) ?? []), id]);
      return byUser;
    } catch (error) {
      log.warn(`Slack did not name the user groups: ${slackErrorName(error) ?? 'no answer'}`);
      return null;
    }
  }

  return {
    async person(id, fallbackName) {
      const known = persons.get(id);
      const fresh = known && Date.now() - known.at < KEEP_MS ? known : { at: Date.now(), answer: ask(id) };
      if (fresh !== known) {
        persons.delete(id);
        persons.set(id, fresh);
        if (persons.size > MOST_KEPT) persons.delete(persons.keys().next().value ?? id);
        // A failure is not kept: the next press asks again.
        void fresh.answer.then((answer) => answer === null && persons.delete(id));
      }
      const answer = await inTime(fresh.answer);
      return answer ?? { name: fallbackName, locale, isAdmin: false };
    },
    async groups(user) {
      if (!members || Date.now() - members.at > KEEP_MS) members = { at: Date.now(), answer: askGroups() };
      return (await inTime(members.answer))?.get(user) ?? [];
    },
  };
}

async function inTime<T>(answer: Promise<T | null>): Promise<T | null> {
  const over = new AbortController();
  const late = sleep(PATIENCE_MS, null, { signal: over.signal }).catch(() => null);
  return Promise.race([answer, late]).finally(() => over.abort());
}

function localeOf(tag: string | undefined, fallback: Locale): Locale {
  const language = tag?.slice(0, 2).toLowerCase();
  return language === 'es' || language === 'en' ? language : fallback;
}
