/**
 * Monitoring as a service: opens its memory, makes the checks of the settings, and starts the rounds.
 * `ops` is there before anything runs, so that the bots can lend their channels first.
 */
import { randomBytes } from 'node:crypto';
import type { Config } from '../core/config.ts';
import type { Logger } from '../core/log.ts';
import type { PublicStatusSource } from '../core/ops/public/types.ts';
import type { Ops, OpsChannel, ReportSink } from '../core/ops/types.ts';
import type { StudioService } from '../core/studio-service.ts';
import { createAlerts } from './alerts.ts';
import { createChecks, watchedHosts } from './checks/index.ts';
import { startDigest, type Digest } from './digest.ts';
import { createMonitor } from './monitor.ts';
import { createOps } from './ops.ts';
import { publicStatus } from './public-status.ts';
import type { Resolve } from './probe.ts';
import { startRounds, type Rounds } from './rounds.ts';
import { openMonitorStore } from './store.ts';
import type { Check } from './types.ts';
import { openUptimeKuma, wantedMonitors } from './uptime-kuma.ts';
import { webhookChannel } from './webhook-channel.ts';

export type MonitoringOptions = {
  config: Config;
  studio: StudioService;
  /** Of ffmpeg and its like that we started. */
  children: () => Promise<readonly { rssBytes: number }[]>;
  log: Logger;
  /** Beside those of the settings. */
  checks?: readonly Check[];
  now?: () => number;
  /** How public names are resolved, and how often what is due is told, ms; for tests and demonstrations. */
  tuning?: { resolve?: Resolve; pulseMs?: number };
};

export type Monitoring = {
  readonly ops: Ops;
  /** For the status page. */
  readonly publicStatus: PublicStatusSource;
  /** Takes what Uptime Kuma's webhook brings. */
  readonly hearUptimeKuma: ReportSink;
  /** Begins the rounds; before it `ops` answers from memory. */
  start(): void;
  /** Ends what is under way and closes the memory. Idempotent. */
  stop(): Promise<void>;
};

/** @throws {StudioError} not_ready if its memory cannot be opened */
export function openMonitoring(options: MonitoringOptions): Monitoring {
  const { config, studio, children, log, now = Date.now, tuning = {} } = options;
  const { monitoring: settings, chat, dataDir } = config;
  const { resolve } = tuning;
  const store = openMonitorStore(dataDir);
  const channels = new Set<OpsChannel>();
  const newId = (): string => randomBytes(4).toString('hex');
  const hosts = watchedHosts(config);
  const account = settings.uptimeKuma;
  const kuma = account
    ? openUptimeKuma({
        account,
        wanted: account.sync ? wantedMonitors(hosts, settings.heartbeatIntervalMs) : [],
        log,
        now,
      })
    : null;
  const checks = [
    ...createChecks({ config, studio, children, now, kuma, resolve }),
    ...(options.checks ?? []),
  ];
  const monitor = createMonitor({ checks, store, now, groupMs: settings.groupMs, newId });
  const fallback = settings.alertWebhookUrl ? webhookChannel(settings.alertWebhookUrl, chat.locale) : null;
  const alerts = createAlerts({ store, channels: () => [...channels], fallback, log, now });
  let running: Rounds | null = null;
  let digest: Digest | null = null;
  let stopped: Promise<void> | null = null;

  const notRunning: Rounds = {
    run: async () => undefined,
    pulse: () => undefined,
    lastRoundAt: () => null,
    stop: async () => undefined,
  };
  const ops = createOps({
    monitor,
    store,
    channels,
    hosts,
    origin: settings.origin,
    controlUrl: settings.controlUrl,
    statusUrl: settings.statusUrl,
    resolve,
    now,
    newId,
    announce: (mute) =>
      void kuma
        ?.maintain(mute)
        .catch((error: unknown) =>
          log.warn({ error: String(error) }, 'Uptime Kuma was not told of maintenance'),
        ),
    rounds: () => running ?? notRunning,
  });
  return {
    ops,
    publicStatus: () => publicStatus(store, now()),
    hearUptimeKuma(report) {
      if (!kuma) return false;
      const { heartbeat, msg } = report;
      // Its test button sends words and no heartbeat.
      const isUnderstood = heartbeat ? kuma.hear(heartbeat) : typeof msg === 'string';
      const check = checks.find(({ kind }) => kind === 'uptime-kuma');
      if (heartbeat && isUnderstood && check) void running?.run(check).then(() => running?.pulse());
      return isUnderstood;
    },
    start() {
      log.info({ checks: checks.map(({ id }) => id) }, 'monitoring starts');
      if (settings.usageDigest) digest ??= startDigest({ studio, store, log, now });
      running ??= startRounds({
        monitor,
        alerts,
        trim: () => store.trim(now()),
        log,
        now,
        heartbeat: {
          urls: () => [settings.heartbeatUrl, kuma?.pushUrl()].filter((url) => typeof url === 'string'),
          intervalMs: settings.heartbeatIntervalMs,
        },
        ...(tuning.pulseMs ? { pulseMs: tuning.pulseMs } : {}),
      });
    },
    stop() {
      stopped ??= (async () => {
        await digest?.stop();
        await running?.stop();
        kuma?.close();
        store.close();
      })();
      return stopped;
    },
  };
}
