/** The buttons of alerts: written into the button, so that they outlive any restart; run for operators only. */
import type { Actor, Ops, OpsButton } from '../core/ops/types.ts';
import type { Logger } from '../core/log.ts';
import { findingMessage, opsNote } from './ops-messages.ts';
import { opsWords } from './ops-texts.ts';
import type { Permissions } from './permissions.ts';
import { refusal } from './refusals.ts';
import { wordsOf } from './texts/index.ts';
import type { Asker, Invocation } from './types.ts';

export type OpsAction = { does: OpsButton; incident: string };
export type OpsDeps = { ops: Ops | null; permissions: Permissions; log: Logger };

const PREFIX = 'gso';
const SILENCE_MINUTES = 60;
/** The longest that a diagnosis takes, ms. */
const DIAGNOSE_MS = 35_000;
const names: readonly string[] = ['ack', 'silence', 'diagnose'] satisfies OpsButton[];

export function encodeOpsAction({ does, incident }: OpsAction): string {
  return `${PREFIX}:${does}:${incident}`;
}

/** Null for anything that is not a button of an alert. */
export function decodeOpsAction(text: string): OpsAction | null {
  const [prefix, does = '', incident, ...rest] = text.split(':');
  if (prefix !== PREFIX || !incident || rest.length > 0 || !names.includes(does)) return null;
  return { does: does as OpsButton, incident };
}

/** The alert itself is changed by monitoring, for all channels; the answer is private. */
export async function pressOps(
  { does, incident: id }: OpsAction,
  invocation: Invocation,
  deps: OpsDeps,
): Promise<void> {
  const words = opsWords(invocation.locale);
  const { ops, permissions } = deps;
  if (!permissions.isOperator(invocation))
    return invocation.whisper(refusal(wordsOf(invocation.locale).refusals.opsOnly));
  if (!ops) return invocation.whisper(refusal(words.off));
  auditOps(deps, invocation, `button ${does}`, { incident: id });
  const incident = ops.incident(id);
  if (!incident) return invocation.whisper(refusal(words.noIncident));
  if (does === 'diagnose') {
    const host = hostOf(incident.members.map(({ check }) => check));
    const { host: asked, finding } = await ops.diagnose(host, AbortSignal.timeout(DIAGNOSE_MS));
    return invocation.whisper(findingMessage(asked, finding, invocation.locale));
  }
  if (incident.closedAt !== null) return invocation.whisper(opsNote(words.over));
  if (does === 'ack') {
    ops.ack(id, actorOf(invocation));
    return invocation.whisper(opsNote(words.acked(1)));
  }
  const { until } = ops.silenceIncident(id, SILENCE_MINUTES, actorOf(invocation));
  return invocation.whisper(opsNote(words.silenced(new Date(until).toISOString().slice(11, 16))));
}

export function actorOf({ platform, user }: Asker): Actor {
  return { platform, id: user.id, name: user.name };
}

/** Who asked for what, beside monitoring's own audit of what was changed. */
export function auditOps({ log }: Pick<OpsDeps, 'log'>, asker: Asker, action: string, about: object): void {
  const { platform, user, place } = asker;
  log.info({ audit: true, platform, user: user.id, channel: place.channel, action, ...about }, 'ops');
}

/** Of a failed check that is about a host. */
function hostOf(checks: readonly string[]): string | undefined {
  const found = checks.map((check) => /^(?:edge-origin|tls|dns):(.+)$/.exec(check)?.[1]);
  return found.find((host) => host !== undefined);
}
