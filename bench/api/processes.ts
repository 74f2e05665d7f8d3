/** Starts the processes that are measured, asks for their memory, and ends them. */
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { makeProgram, programFile } from '../../test/helpers/program.ts';

/** Bytes. */
export type Memory = { rss: number; heapUsed: number; external: number };
export type ProcessMessage = { address?: string; memory?: Memory; /** µs */ cpu?: number };
export type ProcessOrder = 'memory' | 'cpu' | 'stop';

export type Measured = {
  address: string;
  memory(): Promise<Memory>;
  /** Time of processors that the process has used so far, µs. */
  cpu(): Promise<number>;
  stop(): Promise<void>;
};

export async function startProcess(
  name: 'service' | 'plain' | 'guarded',
  environment: Record<string, string>,
): Promise<Measured> {
  await makeProgram();
  const child = fork(programFile(`bench/api/${name}-process.ts`), {
    execArgv: ['--expose-gc'],
    env: { PATH: process.env['PATH'], ...environment },
  });
  const { address } = await nextMessage(child);
  return {
    address: address!,
    async memory() {
      child.send('memory' satisfies ProcessOrder);
      return (await nextMessage(child)).memory!;
    },
    async cpu() {
      child.send('cpu' satisfies ProcessOrder);
      return (await nextMessage(child)).cpu!;
    },
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.send('stop' satisfies ProcessOrder);
      await once(child, 'exit');
    },
  };
}

/** Of this process, all threads. */
export function cpuNow(): number {
  const { user, system } = process.cpuUsage();
  return user + system;
}

async function nextMessage(child: ChildProcess): Promise<ProcessMessage> {
  const gone = new AbortController();
  const ended = once(child, 'exit', { signal: gone.signal }).then(([code]) => {
    throw new Error(`A measured process ended by itself (${String(code)}).`);
  });
  try {
    const [message] = await Promise.race([once(child, 'message'), ended]);
    return message as ProcessMessage;
  } finally {
    gone.abort();
    ended.catch(() => undefined);
  }
}
