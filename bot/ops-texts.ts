/** What `/ops` says, in each language. */
import type { Mute, Overlay, Phase } from '../core/ops/types.ts';
import type { Locale } from './types.ts';

const en = {
  off: 'Monitoring does not run in this process: add monitoring to its SERVICES.',
  noIncident: 'I know no such incident. /ops incidents lists them.',
  over: 'This incident is over already.',
  nothingOpen: 'No incident is open.',
  acked: (count: number) =>
    count === 1 ? 'Acknowledged: no more reminders.' : `${count} incidents acknowledged.`,
  silenced: (until: string) => `Silenced until ${until} UTC.`,
  mutedUntil: (matcher: string, until: string) => `Nothing is sent about ${matcher} until ${until} UTC.`,
  mutedFrom: (matcher: string, from: string, until: string) =>
    `Nothing will be sent about ${matcher} from ${from} to ${until} UTC.`,
  unmuted: (count: number) => (count === 0 ? 'Nothing was silenced.' : `Ended: ${count}.`),
  status: 'Status',
  allWell: 'Everything watched works.',
  notAll: (bad: number, all: number) => `${bad} of ${all} checks fail.`,
  undelivered: (count: number) => `${count} alerts have not reached anyone yet.`,
  checks: 'Checks',
  incidents: 'Incidents',
  none: 'None so far.',
  open: 'open',
  lasted: (length: string) => `lasted ${length}`,
  ackedBy: (name: string) => `acknowledged by ${name}`,
  uptime: 'Uptime',
  samples: (count: number) => `${count} results`,
  queue: 'Queue',
  vps: 'Machine',
  cloudflare: 'Cloudflare',
  isOff: (kind: string) => `The check "${kind}" is off: its settings are missing. See .env.example.`,
  never: 'not looked at yet',
  mutes: 'Muted',
  by: (name: string) => `by ${name}`,
  cure: 'What to do',
  phases: {
    unknown: 'not known yet',
    up: 'works',
    suspect: 'in doubt',
    down: 'fails',
    recovering: 'recovering',
    flapping: 'unsteady',
  } satisfies Record<Phase, string>,
  overlays: {
    maintenance: 'maintenance',
    silence: 'silenced',
    inhibited: 'cannot be judged',
    stale: 'no results',
  } satisfies Record<Overlay, string>,
  kinds: { maintenance: 'Maintenance', silence: 'Silence' } satisfies Record<Mute['kind'], string>,
};

const es: typeof en = {
  off: 'La monitorización no corre en este proceso: añade monitoring a sus SERVICES.',
  noIncident: 'No conozco ese incidente. /ops incidents los lista.',
  over: 'Este incidente ya terminó.',
  nothingOpen: 'No hay ningún incidente abierto.',
  acked: (count) =>
    count === 1 ? 'Visto: sin más recordatorios.' : `${count} incidentes marcados como vistos.`,
  silenced: (until) => `Silenciado hasta las ${until} UTC.`,
  mutedUntil: (matcher, until) => `No se enviará nada sobre ${matcher} hasta el ${until} UTC.`,
  mutedFrom: (matcher, from, until) =>
    `No se enviará nada sobre ${matcher} desde el ${from} hasta el ${until} UTC.`,
  unmuted: (count) => (count === 0 ? 'No había nada silenciado.' : `Terminados: ${count}.`),
  status: 'Estado',
  allWell: 'Todo lo vigilado funciona.',
  notAll: (bad, all) => `Fallan ${bad} de ${all} comprobaciones.`,
  undelivered: (count) => `${count} avisos aún no han llegado a nadie.`,
  checks: 'Comprobaciones',
  incidents: 'Incidentes',
  none: 'Ninguno hasta ahora.',
  open: 'abierto',
  lasted: (length) => `duró ${length}`,
  ackedBy: (name) => `visto por ${name}`,
  uptime: 'Disponibilidad',
  samples: (count) => `${count} resultados`,
  queue: 'Cola',
  vps: 'Máquina',
  cloudflare: 'Cloudflare',
  isOff: (kind) => `La comprobación «${kind}» está desactivada: faltan sus ajustes. Mira .env.example.`,
  never: 'aún sin mirar',
  mutes: 'Silenciado',
  by: (name) => `por ${name}`,
  cure: 'Qué hacer',
  phases: {
    unknown: 'aún no se sabe',
    up: 'funciona',
    suspect: 'en duda',
    down: 'falla',
    recovering: 'recuperándose',
    flapping: 'inestable',
  },
  overlays: {
    maintenance: 'mantenimiento',
    silence: 'silenciado',
    inhibited: 'no se puede juzgar',
    stale: 'sin resultados',
  },
  kinds: { maintenance: 'Mantenimiento', silence: 'Silencio' },
};

const languages: Record<Locale, typeof en> = { en, es };

export function opsWords(locale: Locale): typeof en {
  return languages[locale];
}
