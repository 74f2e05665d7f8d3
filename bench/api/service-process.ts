/** The service in a process of its own, as it runs for real: API and worker together, logs written (to nowhere). */
import pino from 'pino';
import { startApp } from '../../app.ts';
import { loadConfig } from '../../core/config.ts';
import { cpuNow, type Memory, type ProcessMessage, type ProcessOrder } from './processes.ts';

const app = await startApp(loadConfig(process.env), {
  log: pino({ level: 'info' }, pino.destination('/dev/null')),
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
