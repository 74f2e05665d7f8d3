/**
 * The service in a process of its own, as it runs for real: API and worker together, logs cleaned of
 * secrets and written (to nowhere).
 */
import pino from 'pino';
import { startApp } from '../../app.ts';
import { loadConfig } from '../../core/config.ts';
import { redaction } from '../../core/log.ts';
import { cpuNow, type Memory, type ProcessMessage, type ProcessOrder } from './processes.ts';

const config = loadConfig(process.env);
const app = await startApp(config, {
  log: pino({ level: 'info', hooks: { streamWrite: redaction(config) } }, pino.destination('/dev/null')),
  version: 'bench',
});

process.on('message', (order: ProcessOrder) => {
  if (order === 'memory') tell({ memory: memoryNow() });
  else if (order === 'cpu') tell({ cpu: cpuNow() });
  else void app.stop(1000).then(() => process.exit(0));
});
tell({ address: app.address! });

function tell(message: ProcessMessage): void {
  process.send!(message);
}

/** After a collection, so that what is left is held by someone. */
function memoryNow(): Memory {
  (globalThis as { gc?: () => void }).gc?.();
  const { rss, heapUsed, external } = process.memoryUsage();
  return { rss, heapUsed, external };
}
