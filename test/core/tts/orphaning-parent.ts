/** Run by children.test.ts: has one busy and one idle engine child, says their pids, and waits to be killed. */
import { ChildPool } from '../../../core/tts/children/pool.ts';

const { signal } = new AbortController();
const pool = new ChildPool({ engine: 'espeak', size: 2 });
const job = { text: 'Hola.', voice: 'es', speed: 1 };
await Promise.all([
  pool.run(job, { signal, timeoutMs: 30_000 }),
  pool.run(job, { signal, timeoutMs: 30_000 }),
]);
void pool.run({ ...job, text: 'palabra larga '.repeat(200_000) }, { signal, timeoutMs: 600_000 });
setTimeout(() => process.send!(pool.pids()), 100);
