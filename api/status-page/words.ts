/** What the status page says, in each language. */
import type { PublicState } from '../../core/ops/public/types.ts';

export const pageLanguages = ['en', 'es'] as const;
export type PageLanguage = (typeof pageLanguages)[number];

const en = {
  title: 'Status',
  other: 'Español',
  overall: {
    up: 'Everything works',
    down: 'Something is down',
    unsteady: 'Something is unsteady',
    maintenance: 'Work is under way',
    unknown: 'Not everything is known right now',
  } satisfies Record<PublicState, string>,
  states: {
    up: 'Works',
    down: 'Down',
    unsteady: 'Unsteady',
    maintenance: 'Maintenance',
    unknown: 'Not known',
  } satisfies Record<PublicState, string>,
  checked: (time: string) => `Last checked ${time} UTC`,
  shownAt: (time: string) => `As of ${time} UTC`,
  unwatched:
    'Nobody watches this installation: monitoring does not run, so there are no figures to show here.',
  silent: (time: string) => `Monitoring has not been heard of since ${time} UTC. What is below is older.`,
  nothingYet: 'Monitoring has begun; its first results are on their way.',
  hosts: 'Hosts',
  service: 'Service',
  uptime: (share: string, samples: string) => `${share} uptime of ${samples} checks`,
  noSamples: 'No checks yet',
  latency: (ms: number) => `${ms} ms, mean of 24 h`,
  day: (day: string, share: string, samples: string) => `${day}: ${share} of ${samples} checks`,
  dayEmpty: (day: string) => `${day}: not watched`,
  bars: (name: string, days: number) => `${name}: uptime of each of the last ${days} days`,
  curve: (name: string) => `${name}: latency over 24 hours`,
  daysAgo: (days: number) => `${days} days ago`,
  today: 'Today',
  queue: 'Queue',
  waiting: 'waiting',
  running: 'in the making',
  workers: 'workers',
  lastHour: 'done in the last hour',
  oldest: (length: string) => `The oldest has waited ${length}.`,
  queueUnknown: 'The queue does not answer right now.',
  maintenance: 'Maintenance',
  incidents: 'Incidents of the last 30 days',
  noIncidents: 'None.',
  open: 'goes on',
  lasted: (length: string) => `lasted ${length}`,
  since: (length: string) => `for ${length} so far`,
  legend: {
    all: 'all good',
    most: '99 % and more',
    some: '95 % and more',
    few: 'less',
    none: 'not watched',
  },
  data: 'The same as JSON',
};

const es: typeof en = {
  title: 'Estado',
  other: 'English',
  overall: {
    up: 'Todo funciona',
    down: 'Algo está caído',
    unsteady: 'Algo está inestable',
    maintenance: 'Hay trabajos en curso',
    unknown: 'Ahora mismo no se sabe todo',
  },
  states: {
    up: 'Funciona',
    down: 'Caído',
    unsteady: 'Inestable',
    maintenance: 'Mantenimiento',
    unknown: 'No se sabe',
  },
  checked: (time) => `Última comprobación: ${time} UTC`,
  shownAt: (time) => `A las ${time} UTC`,
  unwatched:
    'Nadie vigila esta instalación: la monitorización no está en marcha y no hay cifras que mostrar.',
  silent: (time) => `No se sabe nada de la monitorización desde ${time} UTC. Lo de abajo es anterior.`,
  nothingYet: 'La monitorización acaba de empezar; los primeros resultados están en camino.',
  hosts: 'Hosts',
  service: 'Servicio',
  uptime: (share, samples) => `${share} disponible en ${samples} comprobaciones`,
  noSamples: 'Aún sin comprobaciones',
  latency: (ms) => `${ms} ms, media de 24 h`,
  day: (day, share, samples) => `${day}: ${share} de ${samples} comprobaciones`,
  dayEmpty: (day) => `${day}: sin vigilar`,
  bars: (name, days) => `${name}: disponibilidad de cada uno de los últimos ${days} días`,
  curve: (name) => `${name}: latencia en 24 horas`,
  daysAgo: (days) => `Hace ${days} días`,
  today: 'Hoy',
  queue: 'Cola',
  waiting: 'en espera',
  running: 'en curso',
  workers: 'workers',
  lastHour: 'hechos en la última hora',
  oldest: (length) => `El más antiguo lleva ${length} esperando.`,
  queueUnknown: 'La cola no responde en este momento.',
  maintenance: 'Mantenimiento',
  incidents: 'Incidentes de los últimos 30 días',
  noIncidents: 'Ninguno.',
  open: 'continúa',
  lasted: (length) => `duró ${length}`,
  since: (length) => `desde hace ${length}`,
  legend: {
    all: 'todo bien',
    most: '99 % o más',
    some: '95 % o más',
    few: 'menos',
    none: 'sin vigilar',
  },
  data: 'Lo mismo en JSON',
};

export const pageWords: Record<PageLanguage, typeof en> = { en, es };
export type PageWords = typeof en;

/** The best language for an Accept-Language header; English where it names neither. */
export function preferredLanguage(header: string | undefined): PageLanguage {
  const wanted = (header ?? '')
    .split(',')
    .map((part, place) => {
      const [tag = '', ...parameters] = part.trim().toLowerCase().split(';');
      const q = parameters.map((each) => /^\s*q=([\d.]+)/.exec(each)?.[1]).find(Boolean);
      return { language: tag.split('-')[0], q: q === undefined ? 1 : Number(q), place };
    })
    .filter(({ q }) => q > 0)
    .sort((a, b) => b.q - a.q || a.place - b.place);
  for (const { language } of wanted) {
    const known = pageLanguages.find((each) => each === language);
    if (known) return known;
  }
  return 'en';
}
