/** Pure: what monitoring knows, as messages. */
import type { CheckReport, Finding, Incident, Mute, OpsStatus, Uptime } from '../core/ops/types.ts';
import { opsWords } from './ops-texts.ts';
import { sayDuration } from './texts/index.ts';
import type { Line, Locale, Message } from './types.ts';

const BAD: readonly CheckReport['phase'][] = ['down', 'recovering', 'flapping'];
const MARK: Record<CheckReport['phase'], string> = {
  unknown: '⚪',
  up: '🟢',
  suspect: '🟡',
  down: '🔴',
  recovering: '🟠',
  flapping: '🟠',
};
const LINES_SHOWN = 40;

export function statusMessage(status: OpsStatus, locale: Locale): Message {
  const words = opsWords(locale);
  const bad = status.checks.filter(({ phase }) => BAD.includes(phase));
  const lines: Line[] = [
    {
      text: bad.length === 0 ? words.allWell : words.notAll(bad.length, status.checks.length),
      style: 'strong',
    },
    ...checkLines(status.checks, locale),
    ...status.mutes.map((mute): Line => ({ text: muteText(mute, locale, Date.now()), style: 'small' })),
  ];
  if (status.undelivered > 0) lines.push({ text: words.undelivered(status.undelivered), style: 'small' });
  const fields = status.incidents.slice(0, 10).map((incident) => ({
    name: `${words.incidents} ${incident.id}`,
    value: incidentText(incident, locale, Date.now()),
  }));
  return { tone: bad.length === 0 ? 'good' : 'bad', title: words.status, lines, fields };
}

export function checksMessage(checks: readonly CheckReport[], locale: Locale): Message {
  const [only] = checks;
  if (checks.length === 1 && only?.result) return findingMessage(only.id, only.result, locale);
  const isFine = checks.every(({ result }) => result?.ok ?? true);
  return { tone: isFine ? 'good' : 'bad', title: opsWords(locale).checks, lines: checkLines(checks, locale) };
}

/** A finding with its table and its cure. */
export function findingMessage(
  title: string,
  { ok, summary, cure, facts }: Finding,
  locale: Locale,
): Message {
  return {
    tone: ok ? 'good' : 'bad',
    title,
    lines: [
      { text: summary[locale], style: 'strong' },
      ...(cure ? [{ text: `${opsWords(locale).cure}: ${cure[locale]}` }] : []),
    ],
    fields: facts.map(({ name, value }) => ({ name: name[locale], value: value[locale] })),
  };
}

export function incidentsMessage(incidents: readonly Incident[], locale: Locale, now: number): Message {
  const words = opsWords(locale);
  return {
    tone: incidents.some(({ closedAt }) => closedAt === null) ? 'bad' : 'neutral',
    title: words.incidents,
    lines:
      incidents.length === 0
        ? [{ text: words.none }]
        : incidents.map((incident) => ({
            text: `${incident.closedAt === null ? '🔴' : '✓'} ${incident.id} · ${incidentText(incident, locale, now)}`,
          })),
  };
}

/** One line a check, each window with the results it is made of. */
export function uptimeMessage(rows: readonly Uptime[], locale: Locale): Message {
  const words = opsWords(locale);
  const byCheck = new Map<string, Uptime[]>();
  for (const row of rows) byCheck.set(row.check, [...(byCheck.get(row.check) ?? []), row]);
  const lines = [...byCheck].slice(0, LINES_SHOWN).flatMap(([check, windows]): Line[] => {
    const latency = windows[0]?.latencyMs;
    const shares = windows.map(
      ({ share, samples, windowMs }) =>
        `${sayDuration(windowMs / 1000)}: ${sayShare(share)} (${words.samples(samples)})`,
    );
    return [
      { text: latency ? `${check} · ${Math.round(latency)} ms` : check, style: 'strong' },
      { text: shares.join(' · '), style: 'small' },
    ];
  });
  return { tone: 'neutral', title: words.uptime, lines };
}

export function opsNote(text: string): Message {
  return { tone: 'good', lines: [{ text }] };
}

/** Never rounded up to 100 %: that means not one bad result. */
function sayShare(share: number | null): string {
  if (share === null) return '–';
  return share === 1 ? '100 %' : `${(Math.floor(share * 100_000) / 1000).toFixed(3)} %`;
}

function checkLines(checks: readonly CheckReport[], locale: Locale): Line[] {
  const words = opsWords(locale);
  const worstFirst = [...checks].sort(
    (a, b) => Number(BAD.includes(b.phase)) - Number(BAD.includes(a.phase)),
  );
  return worstFirst.slice(0, LINES_SHOWN).map(({ id, phase, overlay, result }) => {
    const state = overlay ? `${words.phases[phase]}, ${words.overlays[overlay]}` : words.phases[phase];
    const said = result ? result.summary[locale] : words.never;
    return { text: `${MARK[phase]} ${id} – ${BAD.includes(phase) || overlay ? `${state}: ` : ''}${said}` };
  });
}

function incidentText({ members, openedAt, closedAt, ack }: Incident, locale: Locale, now: number): string {
  const words = opsWords(locale);
  const lead = members.find(({ check }) => check.startsWith('edge-origin:')) ?? members[0];
  const length = sayDuration(((closedAt ?? now) - openedAt) / 1000);
  const began = new Date(openedAt).toISOString().slice(0, 16).replace('T', ' ');
  return [
    `${began} UTC`,
    closedAt === null ? `${words.open}, ${length}` : words.lasted(length),
    lead?.finding.summary[locale] ?? '',
    ...(ack ? [words.ackedBy(ack.by.name)] : []),
  ].join(' · ');
}

function muteText({ kind, matcher, from, until, by, why }: Mute, locale: Locale, now: number): string {
  const words = opsWords(locale);
  const time = (at: number): string => new Date(at).toISOString().slice(0, 16).replace('T', ' ');
  const begins = from > now ? `${time(from)} ` : '';
  return `🔕 ${words.kinds[kind]} ${matcher} ${begins}→ ${time(until)} UTC ${words.by(by.name)}${why ? `: ${why}` : ''}`;
}
