/**
 * The program as a process of its own, to be killed by tests: `app-process.ts SETTINGS`, where
 * SETTINGS is JSON: `{ env, tuning, killedBy? }`. Prints the API's address when it listens. SIGTERM
 * stops it within a second. A job whose title is `killedBy` kills the process once it runs.
 */
import pino from 'pino';
import { startApp, type AppOptions } from '../../app.ts';
import { loadConfig } from '../../core/config.ts';
import { isFinal } from '../../core/schema/job.ts';

export type AppProcessSettings = {
  env: Record<string, string>;
  tuning?: AppOptions['tuning'];
  killedBy?: string;
  graceMs?: number;
};

const settings = JSON.parse(process.argv[2]!) as AppProcessSettings;
const log = pino({ level: settings.env['LOG_LEVEL'] ?? 'warn' }, pino.destination({ fd: 2, sync: true }));
const app = await startApp(loadConfig({ PATH: process.env['PATH'], ...settings.env }), {
  log,
  version: 'test',
  ...(settings.tuning ? { tuning: settings.tuning } : {}),
});
process.on('SIGTERM', () => void app.stop(settings.graceMs ?? 1000).then(() => process.exit(0)));
process.stdout.write(`${app.address ?? 'no address'}\n`);

if (settings.killedBy !== undefined) {
  const everyone = { owner: 'test', sees: 'all' as const, origin: { platform: 'cli' as const } };
  for await (const { job } of app.studio.watch({}, everyone, new AbortController().signal)) {
    // At any step: of a film this short the rendering may be over before it is heard of.
    const isRunning = job.status !== 'queued' && !isFinal(job.status);
    if (job.title === settings.killedBy && isRunning) process.kill(process.pid, 'SIGKILL');
  }
}
