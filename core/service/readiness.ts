/** Whether the service can do its work now: each part is tried for real, now and then, never while someone waits long. */
import type { DiskGuard } from '../disk-guard.ts';
import { asStudioError } from '../errors.ts';
import type { JobBackend } from '../jobs/types.ts';
import type { Readiness } from '../studio-service.ts';

type Check = Readiness['checks'][number];
type CheckName = Check['name'];

export type ReadinessProbes = {
  jobs: Pick<JobBackend, 'health'>;
  guard: DiskGuard;
  /** Says which ffmpeg runs. @throws {StudioError} missing_tool */
  ffmpeg: () => Promise<string>;
  /** Speaks a word, or says why not. @throws {StudioError} */
  speech: () => Promise<string>;
};

/** How long an answer is believed, ms; a fault is looked at again sooner. */
const BELIEVED_MS: Record<CheckName, number> = {
  jobs: 2000,
  disk: 2000,
  ffmpeg: 10 * 60_000,
  speech: 10 * 60_000,
};
const FAULT_BELIEVED_MS = 5000;
/** Longest that someone who asks waits for probes, ms; slower ones answer the next one who asks. */
const PATIENCE_MS = 1000;

export type ReadinessChecks = {
  ready(): Promise<Readiness>;
  /** What was found last, without asking again; null before the first time. */
  last(name: CheckName): Check | null;
};

export function createReadiness(probes: ReadinessProbes, patienceMs = PATIENCE_MS): ReadinessChecks {
  const checks = [
    repeatedly('jobs', async () => {
      const { ok, reason, latencyMs, warnings = [] } = await probes.jobs.health();
      if (!ok) throw new Error(reason ?? 'does not answer');
      return [`answers in ${Math.ceil(latencyMs)} ms`, ...warnings].join('; ');
    }),
    repeatedly('disk', async () => {
      await probes.guard.check();
      const { freeBytes } = await probes.guard.space();
      return `${(freeBytes / 1024 ** 3).toFixed(1)} GiB free`;
    }),
    repeatedly('ffmpeg', probes.ffmpeg),
    repeatedly('speech', probes.speech),
  ];
  return {
    async ready() {
      const answers = await Promise.all(checks.map(({ ask }) => ask(patienceMs)));
      return { ready: answers.every(({ ok }) => ok), checks: answers };
    },
    last: (name) => checks.find((check) => check.name === name)?.last() ?? null,
  };
}

type RepeatedCheck = { name: CheckName; ask(patienceMs: number): Promise<Check>; last(): Check | null };

/** One probe at a time, its last answer kept. */
function repeatedly(name: CheckName, probe: () => Promise<string>): RepeatedCheck {
  let last: { check: Check; until: number } | null = null;
  let running: Promise<Check> | null = null;

  const run = async (): Promise<Check> => {
    const check = await probe().then(
      (detail): Check => ({ name, ok: true, detail }),
      (error: unknown): Check => ({ name, ok: false, detail: asStudioError(error, 'internal').message }),
    );
    last = { check, until: performance.now() + (check.ok ? BELIEVED_MS[name] : FAULT_BELIEVED_MS) };
    running = null;
    return check;
  };

  return {
    name,
    async ask(patienceMs) {
      if (last && performance.now() < last.until) return last.check;
      running ??= run();
      // What was true a moment ago is the better answer while the next one is found out.
      const meanwhile: Check = last?.check ?? { name, ok: false, detail: 'is being tried' };
      return within(patienceMs, running, meanwhile);
    },
    last: () => last?.check ?? null,
  };
}

function within<T>(ms: number, work: Promise<T>, otherwise: T): Promise<T> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(otherwise), ms);
    void work.then((result) => {
      clearTimeout(timer);
      resolve(result);
    });
  });
}
