/** Run by children.test.ts: has one busy and one idle engine child, says their pids, and waits to be killed. */
import { ChildPool } from '../../../core/tts/children/pool.ts';

const { signal } = new AbortController();
const [busy, idle] = [1, 2].map(() => new ChildPool({ engine: 'espeak', size: 1, idleMs: 600_000 }));
const job = { text: 'Hola.', voice: 'es', speed: 1 };
await Promise.all([busy, idle].map((pool) => pool!.run(job, { signal, timeoutMs: 30_000 })));
void busy!.run({ ...job, text: 'palabra larga '.repeat(200_000) }, { signal, timeoutMs: 600_000 });
setTimeout(() => process.send!([busy, idle].flatMap((pool) => pool!.pids())), 100);
