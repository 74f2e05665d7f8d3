/** `/ops …`: what operators ask of monitoring and tell it. Private answers; every use is in the audit log. */
import { z } from 'zod';
import type { Ops } from '../../core/ops/types.ts';
import { actorOf, auditOps } from '../ops-actions.ts';
import {
  checksMessage,
  findingMessage,
  incidentsMessage,
  opsNote,
  statusMessage,
  uptimeMessage,
} from '../ops-messages.ts';
import { opsWords } from '../ops-texts.ts';
import { refusal } from '../refusals.ts';
import type { ChatDeps } from '../take-on.ts';
import type { Asker, Command, Invocation, Message, Option, Options, OptionValues, Texts } from '../types.ts';

const DAY_MS = 24 * 3600_000;
const UPTIME_WINDOWS = [DAY_MS, 7 * DAY_MS, 30 * DAY_MS, 90 * DAY_MS];
/** The longest that an answer is waited for, ms. */
const PATIENCE_MS = 40_000;
const INCIDENTS_SHOWN = 12;
const LONGEST_MINUTES = 30 * 24 * 60;

export function opsCommands(deps: ChatDeps): readonly Command[] {
  const checks = completed(
    deps,
    (ops) => ['*', ...new Set(ops.checkIds().flatMap((id) => [id.split(':')[0]!, id]))],
    z.string().trim().min(1).max(200),
  );
  const anyChecks = { schema: checks.schema.optional(), complete: checks.complete };
  const host = completed(deps, (ops) => ops.hosts(), z.string().trim().min(1).max(250).optional());
  const incident = completed(
    deps,
    (ops) => ops.status().incidents.map(({ id }) => id),
    z.string().trim().min(1).max(60).optional(),
  );
  const which: Texts = { en: 'Checks: a kind, an id, * for any letters', es: 'Comprobaciones: un tipo, un id, * vale por cualquier texto' }; // prettier-ignore
  const minutes: Option<z.ZodDefault<z.ZodInt>> = {
    schema: z.int().min(0).max(LONGEST_MINUTES).default(60),
    description: { en: 'For how many minutes; 0 ends it', es: 'Cuántos minutos; 0 lo termina' },
  };
  const why = {
    schema: z.string().trim().max(300).optional(),
    description: { en: 'Why, for the others', es: 'Por qué, para los demás' },
  };

  const commands = [
    command(deps, 'status', { en: 'What works and what does not', es: 'Qué funciona y qué no' }, {}, async (ops, _values, { locale }) => statusMessage(ops.status(), locale)), // prettier-ignore
    command(
      deps,
      'check',
      { en: 'Run checks now', es: 'Ejecutar comprobaciones ahora' },
      { checks: { ...anyChecks, description: which } },
      async (ops, values, { locale }, signal) =>
        checksMessage(await ops.check(values.checks, signal), locale),
    ),
    command(
      deps,
      'diagnose',
      {
        en: 'Edge, origin and control of a host, and who is at fault',
        es: 'Borde, origen y control de un host, y quién falla',
      },
      {
        host: {
          ...host,
          description: { en: 'A watched host, or any other', es: 'Un host vigilado, o cualquier otro' },
        },
      },
      async (ops, values, { locale }, signal) => {
        const { host: asked, finding } = await ops.diagnose(values.host, signal);
        return findingMessage(asked, finding, locale);
      },
    ),
    command(deps, 'incidents', { en: 'What failed lately', es: 'Qué falló últimamente' }, {}, async (ops, _values, { locale }) => incidentsMessage(ops.incidents(INCIDENTS_SHOWN), locale, deps.now())), // prettier-ignore
    command(
      deps,
      'ack',
      { en: 'I have seen it: no more reminders', es: 'Visto: sin más recordatorios' },
      {
        incident: {
          ...incident,
          description: { en: 'Which; all open ones without it', es: 'Cuál; sin él, todos los abiertos' },
        },
      },
      async (ops, values, invocation) => {
        const acked = ops.ack(values.incident, actorOf(invocation));
        const words = opsWords(invocation.locale);
        if (acked.length > 0) return opsNote(words.acked(acked.length));
        return values.incident ? refusal(words.noIncident) : opsNote(words.nothingOpen);
      },
    ),
    command(
      deps,
      'silence',
      {
        en: 'Send nothing about some checks for a time',
        es: 'No enviar nada sobre algunas comprobaciones por un tiempo',
      },
      { checks: { ...checks, description: which }, minutes, why },
      async (ops, values, invocation) => mute(ops, 'silence', { ...values, delay: 0 }, invocation, deps),
    ),
    command(
      deps,
      'maintenance',
      {
        en: 'Announce work: nothing is sent, and the time does not count as downtime',
        es: 'Anunciar trabajos: no se envía nada y el tiempo no cuenta como caída',
      },
      {
        minutes,
        delay: { schema: z.int().min(0).max(LONGEST_MINUTES).default(0), description: { en: 'Begins in so many minutes', es: 'Empieza dentro de tantos minutos' } }, // prettier-ignore
        checks: { ...anyChecks, description: which },
        why,
      },
      async (ops, values, invocation) =>
        mute(ops, 'maintenance', { ...values, checks: values.checks ?? '*' }, invocation, deps),
    ),
    command(deps, 'uptime', { en: 'Uptime of 24 h, 7, 30 and 90 days', es: 'Disponibilidad de 24 h, 7, 30 y 90 días' }, {}, async (ops, _values, { locale }) => uptimeMessage(ops.uptime(UPTIME_WINDOWS), locale)), // prettier-ignore
    ...(['queue', 'vps', 'cloudflare'] as const).map((name) =>
      command(deps, name, about[name], {}, async (ops, _values, { locale }, signal) => {
        const kind = name === 'queue' ? 'jobs' : name;
        const finding = await ops.finding(kind, signal);
        const words = opsWords(locale);
        return finding ? findingMessage(words[name], finding, locale) : refusal(words.isOff(kind));
      }),
    ),
  ];
  return commands as unknown as readonly Command[];
}

const about: Record<'queue' | 'vps' | 'cloudflare', Texts> = {
  queue: { en: 'Depth, waits, failures and workers', es: 'Profundidad, esperas, fallos y workers' },
  vps: {
    en: 'CPU, memory, disk and pressure of the machine',
    es: 'CPU, memoria, disco y presión de la máquina',
  },
  cloudflare: { en: 'Zone, tunnel and status of Cloudflare', es: 'Zona, túnel y estado de Cloudflare' },
};

/** One of them: audited, private, refused where monitoring does not run. */
function command<O extends Options>(
  deps: ChatDeps,
  name: string,
  description: Texts,
  options: O,
  answer: (
    ops: Ops,
    values: OptionValues<O>,
    invocation: Invocation,
    signal: AbortSignal,
  ) => Promise<Message>,
): Command<O> {
  return {
    path: ['ops', name],
    description,
    access: 'ops',
    answer: 'private',
    options,
    async run(values, invocation) {
      auditOps(deps, invocation, name, { values });
      if (!deps.ops) return invocation.whisper(refusal(opsWords(invocation.locale).off));
      await invocation.whisper(await answer(deps.ops, values, invocation, AbortSignal.timeout(PATIENCE_MS)));
    },
  };
}

async function mute(
  ops: Ops,
  kind: 'silence' | 'maintenance',
  {
    checks,
    minutes,
    delay,
    why = '',
  }: { checks: string; minutes: number; delay: number; why?: string | undefined },
  invocation: Invocation,
  { now }: ChatDeps,
): Promise<Message> {
  const words = opsWords(invocation.locale);
  const by = actorOf(invocation);
  if (minutes === 0) return opsNote(words.unmuted(ops.unmute(kind, checks === '*' ? undefined : checks, by)));
  const from = now() + delay * 60_000;
  const { until } = ops.mute({ kind, matcher: checks, minutes, from, why }, by);
  const time = (at: number): string => new Date(at).toISOString().slice(0, 16).replace('T', ' ');
  return opsNote(
    delay === 0 ? words.mutedUntil(checks, time(until)) : words.mutedFrom(checks, time(from), time(until)),
  );
}

/** Suggestions out of what monitoring knows, for operators only: to others it is none of their business. */
function completed<S extends z.ZodType>(
  deps: ChatDeps,
  known: (ops: Ops) => readonly string[],
  schema: S,
): { schema: S; complete: NonNullable<Option['complete']> } {
  return {
    schema,
    complete: async (typed: string, asker: Asker) => {
      if (!deps.ops || !deps.permissions.isOperator(asker)) return [];
      const wanted = typed.trim().toLowerCase();
      const found = known(deps.ops).filter((value) => value.toLowerCase().includes(wanted));
      return found.slice(0, 25).map((value) => ({ value, label: value }));
    },
  };
}
