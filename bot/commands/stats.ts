/** `/stats`: what was made in the last 30 days, in figures and as a picture. */
import { Readable } from 'node:stream';
import type { UsageRow } from '../../core/jobs/types.ts';
import type { Caller, UsageChart } from '../../core/studio-service.ts';
import { callerOf, type ChatDeps } from '../take-on.ts';
import { saySize, sayDuration, wordsOf, type Words } from '../texts/index.ts';
import type { Attachment, Command, Invocation, Line, Message } from '../types.ts';

type NoOptions = Record<never, never>;

const DAY_MS = 24 * 3600_000;
const DAYS = 30;
const USERS_SHOWN = 5;
const PICTURE = 'usage.png';
/** The same in every language. */
const platformNames: Record<string, string> = { discord: 'Discord', slack: 'Slack', api: 'REST', cli: 'CLI' };

/** Everyone sees their own; operators see all, and who made it where. */
export function stats(deps: ChatDeps): Command<NoOptions> {
  const { studio, permissions, now } = deps;
  return {
    path: ['stats'],
    description: { en: 'What was made lately', es: 'Lo que se hizo últimamente' },
    access: 'everyone',
    answer: 'private',
    options: {},
    async run(_options, invocation) {
      const words = wordsOf(invocation.locale);
      const isOperator = permissions.isOperator(invocation);
      const caller: Caller = { ...callerOf(invocation), sees: isOperator ? 'all' : 'own' };
      const days = daysUntil(now());
      const from = Date.parse(`${days[0]}T00:00:00Z`);
      const rows = await studio.usage({ by: 'day', from }, caller);
      const groups = isOperator ? await shares(caller, from, words, deps) : [];
      const fields = figures(rows, words);
      if (isOperator) fields.push(...(await serviceFigures(words, deps)));
      const isEmpty = rows.every(({ jobs }) => jobs === 0);
      const picture = isEmpty ? null : await pictureOf(chartOf(days, rows, groups, words), invocation, deps);
      await invocation.whisper({
        tone: 'neutral',
        title: `${words.stats.title} · ${words.stats.period}`,
        lines: isEmpty ? [{ text: words.stats.empty }] : groups.flatMap(groupLines),
        fields,
        ...(picture ? { files: [picture], picture: { file: PICTURE, alt: words.stats.alt } } : {}),
      });
    },
  };
}

/** YYYY-MM-DD in UTC, as usage is kept, the oldest first; today is the last. */
export function daysUntil(now: number): string[] {
  return Array.from({ length: DAYS }, (_, index) =>
    new Date(now - (DAYS - 1 - index) * DAY_MS).toISOString().slice(0, 10),
  );
}

type Group = NonNullable<UsageChart['groups']>[number];

function sumOf(rows: readonly UsageRow[], pick: (row: UsageRow) => number): number {
  return rows.reduce((total, row) => total + pick(row), 0);
}

/** The same numbers that the picture's headings say. */
function figures(rows: readonly UsageRow[], words: Words): NonNullable<Message['fields']> {
  const scenes = sumOf(rows, (row) => row.scenes);
  const reused = sumOf(rows, (row) => row.scenesReused);
  return [
    ...measures(rows, [], words).map(({ label, total }) => ({ name: label, value: total })),
    { name: words.stats.failed, value: String(sumOf(rows, (row) => row.failed)) },
    ...(scenes > 0 ? [{ name: words.stats.reused, value: `${Math.round((reused / scenes) * 100)} %` }] : []),
  ];
}

async function serviceFigures(words: Words, { studio }: ChatDeps): Promise<NonNullable<Message['fields']>> {
  const { uptimeSeconds, disk } = await studio.status();
  return [
    { name: words.stats.uptime, value: sayDuration(uptimeSeconds) },
    ...(disk ? [{ name: words.stats.disk, value: saySize(disk.freeBytes, words) }] : []),
  ];
}

function measures(rows: readonly UsageRow[], days: readonly string[], words: Words): UsageChart['measures'] {
  const byDay = new Map(rows.map((row) => [row.key, row]));
  const measure = (label: string, pick: (row: UsageRow) => number, say: (value: number) => string) => ({
    label,
    values: days.map((day) => pick(byDay.get(day) ?? nothing)),
    total: say(sumOf(rows, pick)),
    say,
  });
  const minutes = (seconds: number): string =>
    words.stats.minutesOf((seconds / 60).toLocaleString(words.tag, { maximumFractionDigits: 1 }));
  return [
    measure(words.stats.films, (row) => row.done, String),
    measure(words.stats.minutes, (row) => row.filmSeconds, minutes),
    measure(words.stats.render, (row) => row.renderSeconds, sayDuration),
  ];
}

const nothing = { done: 0, filmSeconds: 0, renderSeconds: 0 } as UsageRow;

/** Films by platform and by person, most first. */
async function shares(caller: Caller, from: number, words: Words, deps: ChatDeps): Promise<Group[]> {
  const [platforms, users] = await Promise.all([
    deps.studio.usage({ by: 'platform', from }, caller),
    deps.studio.usage({ by: 'user', from }, caller),
  ]);
  const row = (label: string, { done }: UsageRow): Group['rows'][number] => ({
    label,
    value: done,
    text: words.stats.filmsOf(done),
  });
  const mostFirst = (rows: readonly UsageRow[]): UsageRow[] =>
    rows.filter(({ done }) => done > 0).toSorted((a, b) => b.done - a.done);
  const top = mostFirst(users).slice(0, USERS_SHOWN);
  return [
    {
      label: words.stats.platforms,
      rows: mostFirst(platforms).map((share) => row(platformNames[share.key] ?? share.key, share)),
    },
    {
      label: words.stats.users,
      rows: await Promise.all(top.map(async (share) => row(await nameOf(share.key, caller, deps), share))),
    },
  ];
}

/** As they were called when they last asked for something; usage keeps ids only. */
async function nameOf(user: string, caller: Caller, { studio }: ChatDeps): Promise<string> {
  const [last] = (await studio.jobs({ user, limit: 1 }, caller)).jobs;
  const details = last ? await studio.details(last.id, caller) : null;
  return details?.origin.userName ?? user.replace(/^key:/, '');
}

function groupLines({ label, rows }: Group): Line[] {
  if (rows.length === 0) return [];
  return [
    { text: label, style: 'strong' },
    { text: rows.map((row) => `${row.label}: ${row.text}`).join(' · ') },
  ];
}

function chartOf(
  days: readonly string[],
  rows: readonly UsageRow[],
  groups: readonly Group[],
  words: Words,
): UsageChart {
  return {
    title: `${words.stats.title} · ${words.stats.period}`,
    language: words.tag,
    days,
    measures: measures(rows, days, words),
    groups,
  };
}

/** Null if it could not be drawn: the figures are said in words anyway. */
async function pictureOf(
  chart: UsageChart,
  { locale }: Pick<Invocation, 'locale'>,
  { studio, log }: ChatDeps,
): Promise<Attachment | null> {
  try {
    const bytes = await studio.usagePicture(chart);
    return {
      name: PICTURE,
      contentType: 'image/png',
      size: bytes.length,
      alt: wordsOf(locale).stats.alt,
      open: () => Readable.from([bytes]),
    };
  } catch (error) {
    log.warn({ error: String(error) }, 'usage could not be drawn');
    return null;
  }
}
