/**
 * The process an engine runs in, started by pool.ts: loads one engine, speaks one sentence at a
 * time, and ends when its parent does. Engines crash, leak, and one is under another licence: all
 * of that stays here, behind a pipe.
 */
import { setPriority } from 'node:os';
import { Worker } from 'node:worker_threads';
import type { ChildEngine, FromChild, Speaker, ToChild } from './messages.ts';

const loaders: Record<ChildEngine, () => Promise<{ loadSpeaker: () => Promise<Speaker> }>> = {
  espeak: () => import('../engines/espeak-child.ts'),
  flite: () => import('../engines/flite-child.ts'),
  sherpa: () => import('../engines/sherpa-child.ts'),
};

const [engine, parentPid] = process.argv.slice(2);
endWithParent(Number(parentPid));
const { loadSpeaker } = await loaders[engine as ChildEngine]();
const speaker = await loadSpeaker();
giveWay();
process.on('message', (message: ToChild) => {
  send({ kind: 'begun', id: message.id });
  send(answer(speaker, message));
});
send({ kind: 'ready' });

function answer(speak: Speaker, { id, job }: ToChild): FromChild {
  try {
    return { kind: 'spoken', id, speech: speak(job), rssBytes: process.memoryUsage.rss() };
  } catch (error) {
    return { kind: 'failed', id, message: error instanceof Error ? error.message : String(error) };
  }
}

function send(message: FromChild): void {
  process.send?.(message);
}

/**
 * A closed pipe tells of the parent's end, but only between sentences; engine code that runs, or
 * hangs, hears nothing, so a thread of its own watches the parent's pid.
 */
function endWithParent(parent: number): void {
  process.on('disconnect', () => process.exit(0));
  if (!process.connected) process.exit(0);
  const watch = `setInterval(() => { if (process.ppid !== ${parent}) process.kill(process.pid, 'SIGKILL'); }, 500);`;
  new Worker(watch, { eval: true, execArgv: [], env: {}, stdout: false }).unref();
}

/**
 * The API must answer under full load, so engines stand back a little; not as far as encoders do,
 * since a film cannot begin before it is spoken and a starved engine looks like one that hangs.
 */
function giveWay(): void {
  try {
    setPriority(5);
  } catch {
    // Not allowed here: the sentence is spoken all the same.
  }
}
