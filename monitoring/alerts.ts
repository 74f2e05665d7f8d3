/**
 * Incidents → messages, at least once each and in practice exactly once: what is wanted is written down
 * first, sent, and ticked off after; a second try looks for the message before it posts. One message an
 * incident and channel, edited in place; reminders and the end below it. Where no chat channel takes the
 * first message within a minute, a plain webhook gets it.
 */
import type { Logger } from '../core/log.ts';
import type { Mute, OpsChannel, OpsMessage, PostedMessage } from '../core/ops/types.ts';
import { cardOf, recoveryOf, reminderOf } from './alert-messages.ts';
import { REMIND_AGAIN_MS, REMIND_FIRST_MS, type StoredIncident } from './incidents.ts';
import { muteOf } from './mutes.ts';
import type { Delivery, MonitorStore } from './store.ts';

export type AlertsOptions = {
  store: MonitorStore;
  /** Those that are attached now. */
  channels: () => readonly OpsChannel[];
  /** For when none of them takes a message. */
  fallback: OpsChannel | null;
  log: Logger;
  now: () => number;
};

export type Alerts = {
  /** Writes down what is to be sent by now; sends nothing. */
  plan(): void;
  /**
   * Sends all that is due, each once; what fails is tried again by a later call. Each channel by itself: one
   * that hangs keeps no other waiting, and meanwhile is not asked again.
   */
  deliver(signal: AbortSignal): Promise<void>;
  /** Whether everything that should have been taken by someone has been. */
  isWorking(): boolean;
};

const FALLBACK_AFTER_MS = 60_000;
const CALL_MS = 20_000;
const GIVE_UP_MS = 24 * 3600_000;
const BACKOFF_MS = { first: 2000, longest: 300_000 };
const CLOCK_SKEW_MS = 120_000;
/** Chat may be away for so long before we count as unable to alert, ms. */
const PATIENCE_MS = 5 * 60_000;

type Fault = { fault?: string; retryAfterMs?: number };

export function createAlerts({ store, channels, fallback, log, now }: AlertsOptions): Alerts {
  /** By channel. */
  const underWay = new Map<string, Promise<void>>();

  function plan(): void {
    const mutes = store.mutes(now());
    const due = store.openIncidents().filter((incident) => incident.tellAt <= now());
    for (const incident of due) if (!isMuted(incident, mutes, now())) planOpen(incident);
    for (const delivery of store.pending()) if (delivery.what === 'card') planFallback(delivery);
    giveUpOld();
  }

  function planOpen(incident: StoredIncident): void {
    const told = mainChannels();
    for (const channel of told) want(incident, channel.id, 'card', incident.version);
    if (incident.kind === 'notice') {
      if (told.length > 0) store.saveIncident({ ...incident, closedAt: now() });
      return;
    }
    if (incident.remindAt === null)
      return store.saveIncident({ ...incident, remindAt: now() + REMIND_FIRST_MS });
    // What flaps is one message until it is steady.
    const isUnsteady = incident.members.every(({ flapping, endedAt }) => flapping || endedAt !== null);
    if (incident.remindAt > now() || incident.ack || isUnsteady) return;
    const reminders = incident.reminders + 1;
    store.together(() => {
      for (const { channel, done } of cardsOf(incident.id))
        if (done > 0) want(incident, channel, `reminder-${reminders}`, 1);
      store.saveIncident({ ...incident, reminders, remindAt: now() + REMIND_AGAIN_MS });
    });
  }

  function planFallback(delivery: Delivery): void {
    if (!fallback || delivery.channel === fallback.id) return;
    const incident = store.incident(delivery.incident);
    if (!incident || now() - delivery.createdAt < FALLBACK_AFTER_MS) return;
    const isTaken = cardsOf(incident.id).some(({ done }) => done > 0);
    if (!isTaken) want(incident, fallback.id, 'card', incident.version);
  }

  /** Chat, or the webhook where there is no chat. */
  function mainChannels(): readonly OpsChannel[] {
    const attached = channels();
    return attached.length > 0 || !fallback ? attached : [fallback];
  }

  function cardsOf(incident: string): Delivery[] {
    return store.deliveriesOf(incident).filter(({ what }) => what === 'card');
  }

  function want(incident: StoredIncident, channel: string, what: Delivery['what'], version: number): void {
    const key = `${incident.id}:${channel}:${what}`;
    const known = store.delivery(key);
    if (known && known.want >= version) return;
    store.saveDelivery(
      known
        ? { ...known, want: version, dueAt: Math.min(known.dueAt, now()) }
        : {
            key,
            incident: incident.id,
            channel,
            what,
            want: version,
            done: 0,
            posted: null,
            postedOver: false,
            attempts: 0,
            dueAt: now(),
            createdAt: now(),
          },
    );
  }

  async function deliverTo(channel: OpsChannel, signal: AbortSignal): Promise<void> {
    // Cards before what goes below them.
    const due = store
      .pending()
      .filter(({ channel: id, dueAt }) => id === channel.id && dueAt <= now())
      .sort((a, b) => Number(a.what !== 'card') - Number(b.what !== 'card'));
    for (const { key } of due) {
      const delivery = store.delivery(key);
      const incident = delivery && store.incident(delivery.incident);
      if (!incident || signal.aborted) continue;
      // An edit calls nobody; everything else waits for the end of the silence.
      const isEdit = delivery.what === 'card' && delivery.posted !== null;
      if (!isEdit && isMuted(incident, store.mutes(now()), now())) continue;
      await attempt(channel, delivery, incident, signal);
    }
  }

  async function attempt(
    channel: OpsChannel,
    delivery: Delivery,
    incident: StoredIncident,
    signal: AbortSignal,
  ): Promise<void> {
    const begun = { ...delivery, attempts: delivery.attempts + 1 };
    store.saveDelivery(begun);
    const wanted = Math.max(delivery.want, delivery.what === 'card' ? incident.version : 1);
    try {
      const ends = AbortSignal.any([signal, AbortSignal.timeout(CALL_MS)]);
      const sent = delivery.what === 'card' ? await sendCard(channel, begun, incident, ends) : await sendReply(channel, begun, incident, ends); // prettier-ignore
      store.saveDelivery({ ...sent, want: wanted, done: wanted, attempts: 0 });
      log.info({ incident: incident.id, channel: channel.id, what: delivery.what }, 'alert delivered');
    } catch (error) {
      const { fault, retryAfterMs } = error as Fault;
      const backoff = Math.min(BACKOFF_MS.longest, BACKOFF_MS.first * 2 ** Math.min(10, delivery.attempts));
      store.saveDelivery({ ...begun, dueAt: now() + (retryAfterMs ?? backoff) });
      log.warn(
        { incident: incident.id, channel: channel.id, fault, error: String(error) },
        'alert not delivered',
      );
    }
  }

  async function sendCard(
    channel: OpsChannel,
    delivery: Delivery,
    incident: StoredIncident,
    signal: AbortSignal,
  ): Promise<Delivery> {
    const { key, posted, attempts } = delivery;
    const card = (extra: { key?: string; earlier?: string | null } = {}): OpsMessage =>
      cardOf(incident, { locale: channel.locale(), now: now(), key, ...extra });
    if (posted !== null) {
      try {
        return { ...delivery, posted: await channel.edit(posted, card(), signal) };
      } catch (error) {
        if (!['gone', 'too_old'].includes((error as Fault).fault ?? '')) throw error;
        // Below another key: under the first one the old message would be found.
        const moved = card({ key: `${key}:${incident.version}`, earlier: channel.linkTo(posted) });
        return { ...delivery, posted: (await once(channel, moved, delivery, null, signal, true)).posted };
      }
    }
    const { posted: sent, found } = await once(channel, card(), delivery, null, signal, attempts > 1);
    // One that was found was seen before the end, perhaps by many.
    return { ...delivery, posted: sent, postedOver: incident.closedAt !== null && !found };
  }

  async function sendReply(
    channel: OpsChannel,
    delivery: Delivery,
    incident: StoredIncident,
    signal: AbortSignal,
  ): Promise<Delivery> {
    const card = store.delivery(`${incident.id}:${channel.id}:card`);
    if (!card?.posted) throw new Error('its card is not posted yet');
    // Who gets the card only after the end needs no word of the end below it, nor is a late reminder one.
    if (card.postedOver || (delivery.what !== 'recovered' && incident.closedAt !== null)) return delivery;
    const context = { locale: channel.locale(), now: now(), key: delivery.key };
    const message =
      delivery.what === 'recovered' ? recoveryOf(incident, context) : reminderOf(incident, context);
    const look = delivery.attempts > 1;
    const { posted } = await once(channel, message, delivery, card.posted, signal, look);
    return { ...delivery, posted };
  }

  /** Posts, or finds what an earlier try posted whose answer was lost. */
  async function once(
    channel: OpsChannel,
    message: OpsMessage,
    { createdAt }: Delivery,
    parent: PostedMessage | null,
    signal: AbortSignal,
    look: boolean,
  ): Promise<{ posted: PostedMessage; found: boolean }> {
    const known = look ? await channel.find(message.key, createdAt - CLOCK_SKEW_MS, parent, signal) : null;
    if (known !== null)
      return { posted: parent === null ? await channel.edit(known, message, signal) : known, found: true };
    const posted = await (parent === null
      ? channel.post(message, signal)
      : channel.reply(parent, message, signal));
    return { posted, found: false };
  }

  function giveUpOld(): void {
    for (const delivery of store.pending()) {
      if (now() - delivery.createdAt < GIVE_UP_MS || delivery.posted !== null) continue;
      log.error(
        { incident: delivery.incident, channel: delivery.channel },
        'an alert could not be told for a day',
      );
      store.saveDelivery({ ...delivery, done: delivery.want });
    }
  }

  return {
    plan,
    async deliver(signal) {
      const known = [...channels(), ...(fallback ? [fallback] : [])];
      for (const channel of known)
        if (!underWay.has(channel.id))
          underWay.set(
            channel.id,
            deliverTo(channel, signal).finally(() => underWay.delete(channel.id)),
          );
      const ended = await Promise.allSettled(underWay.values());
      for (const each of ended) if (each.status === 'rejected') throw each.reason;
    },
    isWorking() {
      // Where there is nobody to tell, what should be told is told by silence.
      const mutes = store.mutes(now());
      const isUntold = (incident: StoredIncident): boolean =>
        incident.kind === 'incident' &&
        now() - incident.tellAt > PATIENCE_MS &&
        cardsOf(incident.id).length === 0 &&
        !isMuted(incident, mutes, now());
      if (store.openIncidents().some(isUntold)) return false;
      const late = store
        .pending()
        .filter(
          ({ what, createdAt, done }) => what === 'card' && done === 0 && now() - createdAt > PATIENCE_MS,
        );
      return late.every(({ incident }) => cardsOf(incident).some(({ done }) => done > 0));
    },
  };
}

/** Everything of it that fails is muted (of one that is over: everything that failed). */
function isMuted({ members }: StoredIncident, mutes: readonly Mute[], now: number): boolean {
  const active = members.filter(({ endedAt }) => endedAt === null);
  return (active.length > 0 ? active : members).every(({ check }) => muteOf(check, mutes, now) !== null);
}
