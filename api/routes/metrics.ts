/** Prometheus metrics, for inner networks only: they tell a stranger too much and cost work. */
import type { FastifyInstance } from 'fastify';
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import { listChildren } from '../../core/doors.ts';
import { StudioError } from '../../core/errors.ts';
import type { Ops } from '../../core/ops/types.ts';
import type { StudioService } from '../../core/studio-service.ts';
import { opsMetrics } from '../ops-metrics.ts';
import { isInner } from '../plugins/client-address.ts';

/** @param ops of the monitoring of this process, if it runs */
export function metricsRoutes(
  server: FastifyInstance,
  studio: StudioService,
  ops: Pick<Ops, 'status'> | undefined,
): void {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry, prefix: 'genscene_' });
  // Gauges with a counter's name, which promtool refuses; the same by type are there without them.
  for (const what of ['handles', 'requests', 'resources'])
    registry.removeSingleMetric(`genscene_nodejs_active_${what}_total`);
  const durations = new Histogram({
    name: 'genscene_http_request_seconds',
    help: 'Time to answer',
    labelNames: ['method', 'route', 'status'],
    buckets: [0.005, 0.02, 0.05, 0.1, 0.3, 1, 3, 10],
    registers: [registry],
  });
  const jobs = new Gauge({
    name: 'genscene_jobs',
    help: 'Jobs by state',
    labelNames: ['state'],
    registers: [registry],
  });
  const gauge = (name: string, help: string): Gauge =>
    new Gauge({ name: `genscene_${name}`, help, registers: [registry] });
  const oldest = gauge('queue_oldest_wait_seconds', 'Age of the oldest job that could run');
  const workers = gauge('workers', 'Workers seen in the last minute');
  const wanted = gauge('workers_wanted', 'Workers there should be, for autoscalers');
  const busy = gauge('workers_busy', 'Jobs in the hands of living workers');
  const helped = new Counter({
    name: 'genscene_segments_helped_total',
    help: 'Segments rendered by others than the worker of their film',
    registers: [registry],
  });
  const lastHour = new Gauge({
    name: 'genscene_jobs_last_hour',
    help: 'Ends of the last hour',
    labelNames: ['outcome'],
    registers: [registry],
  });
  const meanRender = gauge('render_mean_seconds', 'Mean of what was done in the last hour');
  const diskTotal = gauge('disk_total_bytes', 'Size of the disk of the data folder');
  const accepting = gauge('accepting', 'Whether new work is taken: 1, or 0');
  const disk = gauge('disk_free_bytes', 'Free space of the data folder');
  const children = gauge('ffmpeg_children', 'ffmpeg, ffprobe and speech processes of this process');
  const pending = gauge('announcements_pending', 'Webhooks and messages not delivered yet');

  const collectOps = ops && opsMetrics(registry, ops, Date.now);

  // Found by its labels each time, a bucket costs ten times as much as kept at hand.
  const observers = new Map<string, ReturnType<typeof durations.labels>>();
  server.addHook('onResponse', (request, reply, done) => {
    const { method, routeOptions } = request;
    const name = `${method} ${routeOptions.url ?? 'unknown'} ${reply.statusCode}`;
    let observer = observers.get(name);
    if (!observer)
      observers.set(
        name,
        (observer = durations.labels(method, routeOptions.url ?? 'unknown', String(reply.statusCode))),
      );
    observer.observe(reply.elapsedTime / 1000);
    done();
  });
  server.get('/metrics', { schema: { hide: true } }, async (request, reply) => {
    if (!isInner(request)) throw new StudioError('not_found', 'There is nothing at this address.');
    const { queue, disk: space, accepting: takes } = await studio.status();
    collectOps?.();
    for (const state of ['queued', 'running', 'done', 'failed', 'cancelled', 'stalled'] as const)
      jobs.set({ state }, queue[state]);
    oldest.set((queue.oldestWaitMs ?? 0) / 1000);
    workers.set(queue.workers.length);
    wanted.set(queue.wantedWorkers);
    if (space) {
      disk.set(space.freeBytes);
      diskTotal.set(space.totalBytes);
    }
    helped.reset();
    helped.inc(queue.segmentsHelped ?? 0);
    busy.set(queue.workers.reduce((sum, worker) => sum + worker.busy, 0));
    for (const outcome of ['done', 'failed'] as const) lastHour.set({ outcome }, queue.lastHour[outcome]);
    meanRender.set(queue.lastHour.meanRenderSeconds ?? 0);
    accepting.set(takes ? 1 : 0);
    children.set((await listChildren(process.pid)).length);
    pending.set(queue.announcementsPending);
    return reply.type(registry.contentType).send(await registry.metrics());
  });
}
