/**
 * Engine children: started when needed, one sentence at a time each, replaced before they grow,
 * killed when they hang, ended when idle. Nothing here waits for an engine's goodwill.
 */
import type { ChildProcess } from 'node:child_process';
import { asStudioError, StudioError } from '../../errors.ts';
import type { SentenceRequest } from '../engine.ts';
import { forkChild, hold, release } from './engine-process.ts';
import type { ChildEngine, ChildJob, ChildSpeech, FromChild, ToChild } from './messages.ts';

export type PoolOptions = {
  engine: ChildEngine;
  /** Most children at once. */
  size: number;
  /** Sentences after which a child is replaced. */
  maxJobs?: number;
  /** Resident memory after which a child is replaced, bytes. */
  maxRssBytes?: number;
  /** How long a child waits for work before it ends, ms. */
  idleMs?: number;
  /** How long a child may take to load its engine, ms. */
  startMs?: number;
};

type Task = {
  job: ChildJob;
  timeoutMs: number;
  /** Whether a child has told that it works on it. */
  begun: boolean;
  /** Children it was given to. */
  tries: number;
  resolve: (speech: ChildSpeech) => void;
  reject: (error: StudioError) => void;
};

type Member = {
  process: ChildProcess;
  ready: boolean;
  /** Killed, but not gone yet: takes no work and no place. */
  dying: boolean;
  task: Task | null;
  jobs: number;
  /** When it was started, or was given what it does now; of `performance.now()`. */
  since: number;
  timer: NodeJS.Timeout | null;
  stderr: string;
  /** Settles when the process has really gone. */
  gone: Promise<void>;
};

/** Speaks one sentence of a request in a child. */
export function speakInChild(pool: ChildPool, sentence: SentenceRequest): Promise<ChildSpeech> {
  const { text, emphasis, voice, speed } = sentence;
  const job = { text, voice, speed, ...(emphasis ? { emphasis } : {}) };
  return pool.run(job, sentence);
}

/**
 * Children beyond the pool's own a job is given to before their deaths count as its failure: all of the
 * pool's may have been killed at once, and each is only found dead when it is given something.
 */
const moreTries = 2;
/** Children that may end before they are ready, one after another, until what waits is told so. */
const mostFailedStarts = 3;
/**
 * Another child is started once those there have worked so many times as long as a start takes: the few
 * sentences of a short film are spoken before it would be ready.
 */
const worthAStart = 3;

export class ChildPool {
  private readonly options: Required<PoolOptions>;
  private readonly members = new Set<Member>();
  private readonly waiting: Task[] = [];
  private closed = false;
  private failedStarts = 0;
  /** How long the last start took, and the work since somebody last had nothing to do, ms. */
  private startTookMs = 0;
  private workedMs = 0;

  constructor(options: PoolOptions) {
    this.options = {
      maxJobs: 200,
      maxRssBytes: 400 * 1024 ** 2,
      // Short: while the film is rendered its memory is needed elsewhere, and a start costs a third of a second.
      idleMs: 3000,
      startMs: 120_000,
      ...options,
    };
  }

  /** Process ids of the children alive now. */
  pids(): number[] {
    return [...this.members].flatMap(({ process: { pid } }) => pid ?? []);
  }

  /**
   * Has one child do a job. `timeoutMs` counts from when the child takes it.
   * @throws {StudioError} speech_failed, timeout, cancelled, not_ready once closed
   */
  run(
    job: ChildJob,
    { signal, timeoutMs }: { signal: AbortSignal; timeoutMs: number },
  ): Promise<ChildSpeech> {
    if (signal.aborted) return Promise.reject(asStudioError(signal.reason, 'cancelled'));
    if (this.closed) return Promise.reject(closedError());
    return new Promise((resolve, reject) => {
      const onAbort = (): void => this.cancel(task, asStudioError(signal.reason, 'cancelled'));
      const done = (): void => signal.removeEventListener('abort', onAbort);
      const task: Task = {
        job,
        timeoutMs,
        begun: false,
        tries: 0,
        resolve: (speech) => (done(), resolve(speech)),
        reject: (error) => (done(), reject(error)),
      };
      signal.addEventListener('abort', onAbort, { once: true });
      this.waiting.push(task);
      this.assign();
    });
  }

  /** Kills all children and waits for them to be gone; what they were doing fails. Idempotent. */
  async close(): Promise<void> {
    this.closed = true;
    for (const task of this.waiting.splice(0)) task.reject(closedError());
    const leaving = [...this.members];
    for (const member of leaving) this.kill(member, closedError());
    await Promise.all(leaving.map(({ gone }) => gone));
  }

  private assign(): void {
    const usable = [...this.members].filter((member) => !member.dying);
    for (const member of usable)
      if (member.ready && !member.task && this.waiting.length > 0) this.give(member, this.waiting.shift()!);
    if (this.waiting.length === 0 || usable.length >= this.options.size) return;
    const starting = usable.some((member) => !member.ready);
    if (usable.length === 0 || (!starting && this.worked(usable) > worthAStart * this.startTookMs))
      this.start();
  }

  /** Including what is being done now, ms: a child that hangs must not keep all others waiting. */
  private worked(members: readonly Member[]): number {
    const now = performance.now();
    return members.reduce((sum, { task, since }) => sum + (task ? now - since : 0), this.workedMs);
  }

  private start(): void {
    let child: ChildProcess;
    try {
      child = forkChild(this.options.engine);
    } catch (error) {
      this.failAll(
        asStudioError(error, 'speech_failed', `The ${this.options.engine} engine could not be started.`),
      );
      return;
    }
    let leave!: () => void;
    const gone = new Promise<void>((resolve) => (leave = resolve));
    const member: Member = {
      process: child,
      ready: false,
      dying: false,
      task: null,
      jobs: 0,
      since: performance.now(),
      timer: null,
      stderr: '',
      gone,
    };
    this.members.add(member);
    member.timer = setTimeout(() => {
      member.stderr = `Error: it did not get ready within ${Math.round(this.options.startMs / 1000)} s`;
      this.kill(member, null);
    }, this.options.startMs);
    child.stderr?.on(
      'data',
      (data: Buffer) => (member.stderr = (member.stderr + data.toString('utf8')).slice(-2000)),
    );
    child.on('message', (message: FromChild) => this.hear(member, message));
    child.on('error', (error) => (member.stderr += error.message));
    // `close` also comes when the process could not be started at all.
    child.on('close', (code, signal) => {
      this.bury(member, signal ?? `code ${code}`);
      leave();
    });
  }

  private hear(member: Member, message: FromChild): void {
    if (member.dying) return;
    if (message.kind === 'ready') {
      member.ready = true;
      this.startTookMs = performance.now() - member.since;
      this.rest(member);
      return this.assign();
    }
    const { task } = member;
    if (!task || message.id !== member.jobs) return;
    if (message.kind === 'begun') {
      task.begun = true;
      return;
    }
    member.task = null;
    this.workedMs += performance.now() - member.since;
    if (message.kind === 'spoken') {
      task.resolve(message.speech);
      if (member.jobs >= this.options.maxJobs || message.rssBytes > this.options.maxRssBytes)
        this.kill(member, null);
      else this.rest(member);
    } else {
      task.reject(
        new StudioError(
          'speech_failed',
          `The ${this.options.engine} engine failed: ${message.message.slice(0, 300)}`,
        ),
      );
      // What an engine is worth after an exception nobody knows.
      this.kill(member, null);
    }
    this.assign();
  }

  private give(member: Member, task: Task): void {
    if (member.timer) clearTimeout(member.timer);
    member.task = task;
    member.jobs++;
    member.since = performance.now();
    task.tries++;
    hold(member.process);
    const seconds = Math.round(task.timeoutMs / 1000);
    member.timer = setTimeout(() => {
      const message = `The ${this.options.engine} engine took longer than ${seconds} s for one sentence.`;
      this.kill(
        member,
        new StudioError('timeout', message, {
          retryable: true,
          hint: 'Try again, or use shorter sentences.',
        }),
      );
    }, task.timeoutMs);
    const message: ToChild = { id: member.jobs, job: task.job };
    // A failed send is followed by `close`, which fails the task.
    member.process.send(message, () => {});
  }

  /** Waits for work without keeping our own process alive, and not for ever. */
  private rest(member: Member): void {
    if (this.waiting.length === 0) this.workedMs = 0;
    if (member.timer) clearTimeout(member.timer);
    member.timer = setTimeout(() => this.kill(member, null), this.options.idleMs);
    member.timer.unref();
    release(member.process);
  }

  private cancel(task: Task, reason: StudioError): void {
    const place = this.waiting.indexOf(task);
    if (place >= 0) {
      this.waiting.splice(place, 1);
      return task.reject(reason);
    }
    for (const member of this.members) if (member.task === task) this.kill(member, reason);
  }

  /** Ends a child at once; `reason` goes to the job it was doing. */
  private kill(member: Member, reason: StudioError | null): void {
    if (member.timer) clearTimeout(member.timer);
    const { task } = member;
    if (task && reason) {
      member.task = null;
      task.reject(reason);
    }
    member.dying = true;
    hold(member.process); // someone may be waiting for it to be gone
    member.process.kill('SIGKILL');
    if (!this.closed) this.assign();
  }

  private bury(member: Member, how: string): void {
    if (member.timer) clearTimeout(member.timer);
    this.members.delete(member);
    const words = lastWords(member.stderr);
    const message = `The ${this.options.engine} engine ended unexpectedly (${how})${words ? `: ${words}` : '.'}`;
    const error = new StudioError('speech_failed', message, {
      retryable: true,
      hint: 'Try again; `genscene doctor` checks the engines.',
    });
    const { task } = member;
    member.task = null;
    // It had died while idle, and nobody knew yet: another child can do the job.
    if (task && !task.begun && task.tries < this.options.size + moreTries && !this.closed)
      this.waiting.unshift(task);
    else task?.reject(error);
    if (this.closed) return;
    // One that never got ready may have been killed; several in a row would be followed by more, without end.
    this.failedStarts = member.ready ? 0 : this.failedStarts + 1;
    if (this.failedStarts < mostFailedStarts) return this.assign();
    this.failedStarts = 0;
    this.failAll(error);
  }

  private failAll(error: StudioError): void {
    for (const task of this.waiting.splice(0)) task.reject(error);
  }
}

function closedError(): StudioError {
  return new StudioError('not_ready', 'Speech is shut down.', { retryable: true });
}

/** What a child said before it died: its error, else whatever it said last; without places in its source. */
function lastWords(stderr: string): string {
  const lines = stderr.split('\n').map((line) => line.trim()).filter(Boolean); // prettier-ignore
  const line = lines.findLast((each) => /error|what\(\)|exception/i.test(each)) ?? lines.at(-1) ?? '';
  return line.replace(/^\/\S+:\w+:\d+ /, '').slice(0, 200);
}
