/** Pure: an incident as the messages a channel shows: its card, its reminders, its end. */
import type { OpsButton, OpsLocale, OpsMessage } from '../core/ops/types.ts';
import { leadOf, type StoredIncident } from './incidents.ts';
import { alertWords, clock, sayLength } from './texts.ts';

export type MessageContext = { locale: OpsLocale; now: number; key: string; earlier?: string | null };

const MEMBERS_SHOWN = 10;

/** The one message of an incident, in its present state. */
export function cardOf(incident: StoredIncident, { locale, now, key, earlier }: MessageContext): OpsMessage {
  const words = alertWords(locale);
  const lead = leadOf(incident);
  const { finding } = lead;
  const isOver = incident.closedAt !== null && incident.kind === 'incident';
  const summary = finding.summary[locale];
  const lines: OpsMessage['lines'] = [];
  if (lead.flapping && !isOver) lines.push({ text: words.unsteady });
  if (finding.cure && !isOver) lines.push({ text: finding.cure[locale], style: 'strong' });
  if (isOver) {
    const { openedAt, closedAt } = incident;
    const length = sayLength(closedAt! - openedAt);
    lines.push({ text: words.lasted(length, clock(openedAt, now), clock(closedAt!, now)) });
  }
  const others = incident.members.filter(({ check }) => check !== lead.check);
  for (const { check, endedAt, finding: other } of others.slice(0, MEMBERS_SHOWN))
    lines.push({
      text: `${endedAt === null ? words.also : '✓'}: ${check} – ${other.summary[locale]}`,
      style: 'small',
    });
  if (incident.ack && !isOver) lines.push({ text: words.acked(incident.ack.by.name), style: 'small' });
  const { silence } = incident;
  if (silence && silence.until > now && !isOver)
    lines.push({ text: words.silenced(silence.by.name, clock(silence.until, now)), style: 'small' });
  return {
    key,
    tone: isOver ? 'good' : incident.kind === 'notice' || lead.flapping ? 'working' : 'bad',
    title: isOver ? words.recovered(summary) : lead.flapping ? words.flapping(summary) : summary,
    lines,
    fields: finding.facts.map(({ name, value }) => ({ name: name[locale], value: value[locale] })),
    links: earlier ? [{ label: words.earlier, url: earlier }] : [],
    footer: `${lead.check} · ${words.since(clock(incident.openedAt, now))} · ${words.incident(incident.id)}`,
    buttons: incident.closedAt === null && incident.kind === 'incident' ? buttonsOf(incident, locale) : [],
  };
}

export function reminderOf(incident: StoredIncident, { locale, now, key }: MessageContext): OpsMessage {
  const { finding, check } = leadOf(incident);
  const length = sayLength(now - incident.openedAt);
  return bare(key, 'bad', alertWords(locale).still(length, finding.summary[locale]), check);
}

export function recoveryOf(incident: StoredIncident, { locale, key }: MessageContext): OpsMessage {
  const length = sayLength((incident.closedAt ?? incident.openedAt) - incident.openedAt);
  return bare(key, 'good', alertWords(locale).recoveredAfter(length), leadOf(incident).check);
}

function bare(key: string, tone: OpsMessage['tone'], text: string, footer: string): OpsMessage {
  return { key, tone, title: text, lines: [], fields: [], links: [], footer, buttons: [] };
}

function buttonsOf(incident: StoredIncident, locale: OpsLocale): OpsMessage['buttons'] {
  const words = alertWords(locale);
  const wanted: OpsButton[] = incident.ack ? ['silence', 'diagnose'] : ['ack', 'silence', 'diagnose'];
  return wanted.map((does) => ({ does, label: words[does], incident: incident.id }));
}
