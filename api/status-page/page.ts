/** Pure: the status page as HTML, with nothing to load and nothing that runs. */
import { createHash } from 'node:crypto';
import type { PublicPart, PublicState } from '../../core/ops/public/types.ts';
import { barsOf, curveOf, escape, keyOf, sayShare } from './figures.ts';
import type { StatusDocument } from './document.ts';
import { style } from './style.ts';
import { pageWords, type PageLanguage, type PageWords } from './words.ts';

/** How often an open page asks again, s. */
const REFRESH_S = 60;

/** The page may use its own style and nothing else. */
export const pagePolicy = [
  "default-src 'none'",
  `style-src 'sha256-${createHash('sha256').update(style).digest('base64')}'`,
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'self'",
].join('; ');

export function statusPage(document: StatusDocument, language: PageLanguage): string {
  const words = pageWords[language];
  const { overall, parts, checkedAt, generatedAt } = document;
  const other = language === 'en' ? 'es' : 'en';
  const title = `${words.overall[overall]} · ${words.title}`;
  const hosts = parts.filter(({ group }) => group === 'hosts');
  const service = parts.filter(({ group }) => group === 'service');
  return `<!doctype html>
<html lang="${language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width,initial-scale=1">
<meta http-equiv="refresh" content="${REFRESH_S}">
<title>${escape(title)}</title>
<style>${style}</style>
</head>
<body>
<main>
<header><h1>Gen Scene Studio</h1><a href="?lang=${other}" lang="${other}" hreflang="${other}">${words.other}</a></header>
<div class="overall ${overall}" role="status"><strong>${words.overall[overall]}</strong>
<span>${checkedAt ? words.checked(sayTime(checkedAt)) : words.shownAt(sayTime(generatedAt))}</span></div>
${noteOf(document, words)}
${partsCard(words.hosts, hosts, language, words)}
${partsCard(words.service, service, language, words)}
${parts.length > 0 ? legendOf(words) : ''}
${queueCard(document, words)}
${maintenanceCard(document, language, words)}
${document.watched ? incidentsCard(document, language, words) : ''}
<footer><a href="/status.json">${words.data}</a></footer>
</main>
</body>
</html>
`;
}

function noteOf({ watched, silent, checkedAt }: StatusDocument, words: PageWords): string {
  const text = !watched
    ? words.unwatched
    : checkedAt === null
      ? words.nothingYet
      : silent
        ? words.silent(sayTime(checkedAt))
        : null;
  return text ? `<p class="note">${escape(text)}</p>` : '';
}

function partsCard(
  title: string,
  parts: StatusDocument['parts'],
  language: PageLanguage,
  words: PageWords,
): string {
  if (parts.length === 0) return '';
  const shown = parts.map((part) => {
    const name = part.name[language];
    const uptime =
      part.share === null
        ? words.noSamples
        : words.uptime(sayShare(part.share, language), part.samples.toLocaleString(language));
    return `<section class="part ${part.state}">
<div class="top"><span class="name">${escape(name)}</span><span class="state">${words.states[part.state]}</span></div>
${barsOf(part.days, name, language)}
<div class="ends"><span>${words.daysAgo(part.days.length)}</span><span>${words.today}</span></div>
<div class="under"><span>${uptime}</span>${latencyOf(part, name, words)}</div>
</section>`;
  });
  return `<h2>${title}</h2><div class="card">${shown.join('\n')}</div>`;
}

function latencyOf(
  { latencyMs, latency }: Pick<PublicPart, 'latencyMs' | 'latency'>,
  name: string,
  words: PageWords,
): string {
  if (latencyMs === null) return '';
  return `<span class="measured">${curveOf(latency, words.curve(name))}<span>${words.latency(latencyMs)}</span></span>`;
}

function legendOf({ legend }: PageWords): string {
  const entries = (['all', 'most', 'some', 'few', 'none'] as const).map(
    (level) => `<li>${keyOf(level)}${legend[level]}</li>`,
  );
  return `<ul class="legend">${entries.join('')}</ul>`;
}

function queueCard({ queue }: StatusDocument, words: PageWords): string {
  if (!queue)
    return `<h2>${words.queue}</h2><div class="card"><p class="empty">${words.queueUnknown}</p></div>`;
  const figures: [number, string][] = [
    [queue.waiting, words.waiting],
    [queue.running, words.running],
    [queue.doneLastHour, words.lastHour],
    [queue.workers, words.workers],
  ];
  const shown = figures.map(([value, name]) => `<div><b>${value}</b><span>${name}</span></div>`);
  const oldest =
    queue.oldestWaitSeconds === null
      ? ''
      : `<p class="aside">${words.oldest(sayLength(queue.oldestWaitSeconds * 1000))}</p>`;
  return `<h2>${words.queue}</h2><div class="card"><div class="queue">${shown.join('')}</div>${oldest}</div>`;
}

function maintenanceCard({ maintenance }: StatusDocument, language: PageLanguage, words: PageWords): string {
  if (maintenance.length === 0) return '';
  const shown = maintenance.map(
    ({ parts, from, until }) => `<div class="incident maintenance">
<p class="name">${escape(parts.map((name) => name[language]).join(', '))}</p>
<p class="when">${sayTime(from)} – ${sayTime(until)} UTC</p></div>`,
  );
  return `<h2>${words.maintenance}</h2><div class="card">${shown.join('')}</div>`;
}

function incidentsCard(
  { incidents, generatedAt }: StatusDocument,
  language: PageLanguage,
  words: PageWords,
): string {
  const shown = incidents.map(({ parts, began, ended }) => {
    const tone: PublicState = ended === null ? 'down' : 'unknown';
    const length = sayLength(Date.parse(ended ?? generatedAt) - Date.parse(began));
    const state = ended === null ? `${words.open}, ${words.since(length)}` : words.lasted(length);
    return `<div class="incident ${tone}"><p class="name">${escape(parts.map((name) => name[language]).join(', '))}</p>
<p class="when">${sayTime(began)} UTC · ${state}</p></div>`;
  });
  const content = shown.join('') || `<p class="empty">${words.noIncidents}</p>`;
  return `<h2>${words.incidents}</h2><div class="card">${content}</div>`;
}

/** `2026-01-31 14:03` */
function sayTime(at: string | number): string {
  return new Date(at).toISOString().slice(0, 16).replace('T', ' ');
}

/** ms as `45 s`, `3 min`, `1 h 20 min`, `2 d 3 h`. */
function sayLength(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return minutes % 60 === 0 ? `${hours} h` : `${hours} h ${minutes % 60} min`;
  return `${Math.floor(hours / 24)} d ${hours % 24} h`;
}
