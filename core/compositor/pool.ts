/**
 * A few threads that do a film's long work side by side: segments, stills, sound. The pool owns their lives:
 * a thread that dies fails only the task it had.
 */
import type { Worker } from 'node:worker_threads';
import { StudioError } from '../errors.ts';
import { renderMemory, taskBytes } from './admission.ts';
import type { FfmpegPaths } from '../ffmpeg.ts';
import { openThread } from '../program-files.ts';
import { traceStep } from '../trace.ts';
import type { FromThread, Task, TaskResult, ToThread } from './thread.ts';

type Waiting = {
  task: Task;
  onProgress: ((done: number, finished: number) => void) | undefined;
  signal: AbortSignal | undefined;
  resolve: (result: TaskResult[Task['kind']]) => void;
  reject: (error: unknown) => void;
};

type Thread = { worker: Worker; current: { id: number; waiting: Waiting; onAbort: () => void } | null };

export type TaskOptions = {
  signal?: AbortSignal;
  onProgress?: (done: number, finished: number) => void;
};

export type Compositor = {
  /** Number of segments rendered at the same time. */
  readonly threads: number;
  /**
   * Runs a task when a thread is free, in the order asked.
   * @param options.onProgress frames of segments, or share (0..1) of a sound, done so far; and how many segments are finished
   * @returns packed RGB of a frame, facts of a sound, PNG of a sheet
   * @throws {StudioError} what the task threw; cancelled within a second of the signal
   */
  run<Kind extends Task['kind']>(
    task: Extract<Task, { kind: Kind }>,
    options?: TaskOptions,
  ): Promise<TaskResult[Kind]>;
  /** Ends all threads and what they run. Idempotent. */
  close(): Promise<void>;
};

/**
 * @param options.threads tasks at once
 * @param options.memoryBytes tasks run beside each other only as far as they fit into it; one alone always runs
 */
export function openCompositor(options: {
  paths: FfmpegPaths;
  threads: number;
  memoryBytes?: number;
}): Compositor {
  const memoryBytes = options.memoryBytes ?? renderMemory();
  const threads: Thread[] = [];
  const queue: Waiting[] = [];
  let nextId = 1;
  let closed = false;

  function start(): Thread {
    const worker = openThread('compositor/thread', {
      workerData: { paths: options.paths },
      resourceLimits,
    });
    const thread: Thread = { worker, current: null };
    worker.on('message', (message: FromThread) => receive(thread, message));
    worker.on('error', (error) =>
      lose(
        thread,
        new StudioError('render_failed', `A rendering thread failed: ${error.message}`, {
          cause: error,
          retryable: true,
        }),
      ),
    );
    worker.on('exit', () =>
      lose(thread, new StudioError('render_failed', 'A rendering thread ended.', { retryable: true })),
    );
    worker.unref();
    threads.push(thread);
    return thread;
  }

  function receive(thread: Thread, message: FromThread): void {
    const { current } = thread;
    if (!current || current.id !== message.id) return;
    if (message.type === 'progress') return current.waiting.onProgress?.(message.done, message.finished);
    finish(thread);
    if (message.type === 'done') current.waiting.resolve(message.result);
    else current.waiting.reject(new StudioError(message.error.code, message.error.message, message.error));
    next();
  }

  function finish(thread: Thread): void {
    const { current } = thread;
    thread.current = null;
    thread.worker.unref();
    if (current) current.waiting.signal?.removeEventListener('abort', current.onAbort);
  }

  function lose(thread: Thread, error: StudioError): void {
    const index = threads.indexOf(thread);
    if (index >= 0) threads.splice(index, 1);
    const { current } = thread;
    finish(thread);
    current?.waiting.reject(error);
    if (!closed) next();
  }

  /** In turn: a large task that must wait is not overtaken for ever by small ones. */
  function fits(task: Task): boolean {
    const running = threads.flatMap(({ current }) => (current ? [taskBytes(current.waiting.task)] : []));
    return running.length === 0 || sum(running) + taskBytes(task) <= memoryBytes;
  }

  function next(): void {
    while (queue.length > 0 && fits(queue[0]!.task)) {
      const idle =
        threads.find((thread) => thread.current === null) ??
        (threads.length < options.threads ? start() : null);
      if (!idle) return;
      const waiting = queue.shift()!;
      if (waiting.signal?.aborted) {
        waiting.reject(waiting.signal.reason);
        continue;
      }
      assign(idle, waiting);
    }
  }

  function assign(thread: Thread, waiting: Waiting): void {
    const id = nextId++;
    const onAbort = (): void => thread.worker.postMessage({ type: 'abort', id } satisfies ToThread);
    waiting.signal?.addEventListener('abort', onAbort, { once: true });
    thread.current = { id, waiting, onAbort };
    thread.worker.ref();
    thread.worker.postMessage({ type: 'run', id, task: waiting.task } satisfies ToThread);
  }

  return {
    threads: options.threads,
    run<Kind extends Task['kind']>(
      task: Extract<Task, { kind: Kind }>,
      { signal, onProgress }: TaskOptions = {},
    ) {
      if (closed) return Promise.reject(new StudioError('not_ready', 'The compositor is closed.'));
      const startedAt = performance.now();
      const ended = new Promise<TaskResult[Kind]>((resolve, reject) => {
        const settle = resolve as Waiting['resolve'];
        const waiting = { task, signal, onProgress, resolve: settle, reject };
        // Sound and stills are one piece each: begun last, they would be waited for by one thread alone.
        if (task.kind === 'segments') queue.push(waiting);
        else queue.unshift(waiting);
        next();
      });
      const ms = (): number => Math.round(performance.now() - startedAt);
      ended.then(
        () => traceStep('debug', { step: task.kind, ms: ms() }, 'rendering thread ended a task'),
        () => undefined,
      );
      return ended;
    },
    async close() {
      closed = true;
      for (const waiting of queue.splice(0))
        waiting.reject(new StudioError('cancelled', 'The compositor was closed.'));
      for (const thread of threads)
        if (thread.current)
          thread.worker.postMessage({ type: 'abort', id: thread.current.id } satisfies ToThread);
      await Promise.all([...threads].map((thread) => thread.worker.terminate()));
    },
  };
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, each) => total + each, 0);
}

/** A thread's own objects are few and small; frames live outside its heap. Eager collection keeps bitmaps from piling up. */
const resourceLimits = { maxYoungGenerationSizeMb: 8, maxOldGenerationSizeMb: 192 };
