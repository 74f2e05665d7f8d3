/**
 * Random histories of jobs, told to a store through two handles and to a plain model:
 *   testJobHistories('embedded', openEmbeddedForTest, { runs: 40 })
 */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { ClaimRef, JobBackend } from '../../core/jobs/types.ts';
import { composeJob, failure, filmResult, refOf } from '../helpers/job-samples.ts';
import type { BackendUnderTest, policyUnderTest } from './jobs.ts';

const LEASE_MS = 5000;
const RETRY_BASE_MS = 1000;

type ModelJob = {
  id: string;
  state: 'queued' | 'running' | 'done' | 'failed' | 'cancelled';
  priority: number;
  place: number;
  readyAt: number;
  attempts: number;
  /** Failures that may still come before one is final. */
  left: number;
  claims: number;
  holder: { owner: string; attempt: number; until: number } | null;
  toCancel: boolean;
  ended: number;
  key: string | null;
};

/** What should be, written without a look at the driver: one array, one clock. */
class Model {
  jobs: ModelJob[] = [];
  refs: ClaimRef[] = [];
  now = 0;
  #places = 0;

  add(id: string, priority: number, key: string | null): void {
    this.jobs.push({
      id,
      state: 'queued',
      priority,
      place: this.#places++,
      readyAt: this.now,
      attempts: 0,
      left: 3,
      claims: 0,
      holder: null,
      toCancel: false,
      ended: 0,
      key,
    });
  }
  next(): ModelJob | null {
    const due = this.jobs.filter((job) => job.state === 'queued' && job.readyAt <= this.now);
    return due.sort((a, b) => b.priority - a.priority || a.place - b.place)[0] ?? null;
  }
  take(job: ModelJob, owner: string): void {
    job.state = 'running';
    job.attempts += 1;
    job.left -= 1;
    job.claims += 1;
    job.holder = { owner, attempt: job.claims, until: this.now + LEASE_MS };
    this.refs.push({ id: job.id, owner, attempt: job.claims });
  }
  held(ref: ClaimRef): ModelJob | null {
    return (
      this.jobs.find(
        (job) => job.id === ref.id && job.holder?.owner === ref.owner && job.holder.attempt === ref.attempt,
      ) ?? null
    );
  }
  end(job: ModelJob, state: 'done' | 'failed' | 'cancelled'): void {
    Object.assign(job, { state, holder: null, ended: job.ended + 1 });
  }
  requeue(job: ModelJob, wait: number): void {
    Object.assign(job, { state: 'queued', holder: null, readyAt: this.now + wait });
  }
  fail(job: ModelJob): void {
    if (job.toCancel) return this.end(job, 'cancelled');
    if (job.left > 0) return this.requeue(job, RETRY_BASE_MS * 2 ** (2 - job.left));
    this.end(job, 'failed');
  }
  takeBack(): void {
    for (const job of this.jobs) {
      if (!job.holder || job.holder.until > this.now) continue;
      if (job.toCancel) this.end(job, 'cancelled');
      else if (job.left > 0) this.requeue(job, 0);
      else this.end(job, 'failed');
    }
  }
  retry(job: ModelJob): void {
    Object.assign(job, {
      state: 'queued',
      left: 3,
      toCancel: false,
      place: this.#places++,
      readyAt: this.now,
    });
  }
}

type Step = (model: Model, backend: JobBackend, advance: (ms: number) => void) => Promise<void>;

const pick = <T>(list: readonly T[], index: number): T | undefined => list[index % Math.max(1, list.length)];
const refused = (code: string) => expect.objectContaining({ code });

const add =
  (priority: number, key: number): Step =>
  async (model, backend) => {
    const name = key < 4 ? `k${key}` : null;
    const known = name === null ? undefined : model.jobs.find((job) => job.key === name);
    const { job, created } = await backend.add(
      composeJob({
        priority,
        webhookUrl: 'https://example.com/',
        idempotency: name === null ? undefined : { key: name, hash: 'h' },
      }),
    );
    expect(created).toBe(!known);
    if (known) expect(job.id).toBe(known.id);
    else model.add(job.id, priority, name);
  };
const claim =
  (worker: number): Step =>
  async (model, backend) => {
    const got = await backend.claim(`w${worker}`, { leaseMs: LEASE_MS, timeoutMs: 10 ** 9 });
    model.takeBack();
    const expected = model.next();
    expect(got?.id).toBe(expected?.id);
    if (!got || !expected) return;
    model.take(expected, `w${worker}`);
    expect(refOf(got)).toEqual(model.refs.at(-1));
  };
const beat =
  (which: number): Step =>
  async (model, backend) => {
    const ref = pick(model.refs, which);
    if (!ref) return;
    const job = model.held(ref);
    expect(await backend.heartbeat(ref, LEASE_MS)).toBe(
      job ? (job.toCancel ? 'cancelRequested' : 'held') : 'lost',
    );
    if (job) job.holder!.until = model.now + LEASE_MS;
  };
const report =
  (which: number, progress: number): Step =>
  async (model, backend) => {
    const ref = pick(model.refs, which);
    if (!ref) return;
    const state = await backend.progress(ref, { progress });
    const job = model.held(ref);
    // A cancel or a loss by the other handle may be heard of a second later.
    if (!job) expect(['lost', 'held', 'cancelRequested']).toContain(state);
    else if (!job.toCancel) expect(state).toBe('held');
  };
const end =
  (which: number, how: 'done' | 'retryable' | 'final' | 'park'): Step =>
  async (model, backend) => {
    const ref = pick(model.refs, which);
    if (!ref) return;
    const job = model.held(ref);
    const ending =
    how === 'park' ? backend.park(ref)
    : how === 'done' ? backend.finish(ref, { status: 'done', result: filmResult })
    : backend.finish(ref, { status: 'failed', error: failure(how === 'retryable') }); // prettier-ignore
    if (!job) return expect(ending).rejects.toEqual(refused('lease_lost'));
    await ending;
    if (how === 'done') model.end(job, 'done');
    else if (how === 'park' && !job.toCancel) {
      job.attempts -= 1;
      job.left += 1;
      model.requeue(job, 0);
    } else if (how === 'final' && !job.toCancel) model.end(job, 'failed');
    else if (how === 'park') model.end(job, 'cancelled');
    else model.fail(job);
  };
const cancel =
  (which: number): Step =>
  async (model, backend) => {
    const job = pick(model.jobs, which);
    if (!job) return;
    if (job.state === 'done' || job.state === 'failed')
      return expect(backend.cancel(job.id)).rejects.toEqual(refused('conflict'));
    await backend.cancel(job.id);
    if (job.state === 'queued') model.end(job, 'cancelled');
    job.toCancel = true;
  };
const retry =
  (which: number): Step =>
  async (model, backend) => {
    const job = pick(model.jobs, which);
    if (!job) return;
    if (job.state !== 'failed' && job.state !== 'cancelled')
      return expect(backend.retry(job.id)).rejects.toEqual(refused('conflict'));
    await backend.retry(job.id);
    model.retry(job);
  };
const wait =
  (ms: number): Step =>
  async (model, _backend, advance) => {
    advance(ms);
    model.now += ms;
  };
const reconcile = (): Step => async (model, backend) => {
  await backend.reconcile();
  model.takeBack();
};

const index = fc.nat(50);
const step: fc.Arbitrary<[number, Step]> = fc.tuple(
  fc.nat(1),
  fc.oneof(
    {
      weight: 5,
      arbitrary: fc
        .tuple(fc.integer({ min: -1, max: 1 }), fc.nat(12))
        .map(([priority, key]) => add(priority, key)),
    },
    { weight: 7, arbitrary: fc.nat(2).map(claim) },
    { weight: 3, arbitrary: index.map(beat) },
    {
      weight: 3,
      arbitrary: fc
        .tuple(index, fc.integer({ min: 0, max: 100 }))
        .map(([which, progress]) => report(which, progress)),
    },
    {
      weight: 6,
      arbitrary: fc
        .tuple(index, fc.constantFrom('done', 'retryable', 'final', 'park'))
        .map(([which, how]) => end(which, how as 'done')),
    },
    { weight: 2, arbitrary: index.map(cancel) },
    { weight: 2, arbitrary: index.map(retry) },
    { weight: 4, arbitrary: fc.constantFrom(1, 400, 1000, 2000, LEASE_MS - 1, LEASE_MS).map(wait) },
    { weight: 1, arbitrary: fc.constant(null).map(reconcile) },
  ),
);

async function expectSame(model: Model, backend: JobBackend): Promise<void> {
  const { jobs } = await backend.list({ limit: 200 });
  const seen = jobs.reverse().map(({ id, status, attempts, claims, lease, cancelRequested }) => ({
    id,
    state: ['fetching', 'voicing', 'rendering', 'saving'].includes(status) ? 'running' : status,
    attempts,
    claims,
    holder: lease && { owner: lease.owner, attempt: lease.attempt },
    toCancel: cancelRequested,
  }));
  const expected = model.jobs.map(({ id, state, attempts, claims, holder, toCancel }) => ({
    id,
    state,
    attempts,
    claims,
    holder: holder && { owner: holder.owner, attempt: holder.attempt },
    toCancel,
  }));
  expect(seen).toEqual(expected);
  const queue = model.jobs
    .filter((job) => job.state === 'queued')
    .sort((a, b) => b.priority - a.priority || a.place - b.place);
  const positions = await backend.queuePositions(model.jobs.map((job) => job.id));
  expect([...positions].sort((a, b) => a[1] - b[1]).map(([id]) => id)).toEqual(queue.map((job) => job.id));
}

export function testJobHistories(
  name: string,
  open: (options: Partial<typeof policyUnderTest>) => Promise<BackendUnderTest>,
  { runs }: { runs: number },
): void {
  test(`${name}: whatever happens, the store is where the model is, and each end is told once`, async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 10, maxLength: 60 }), async (steps) => {
        const fixture = await open({ retryBaseMs: RETRY_BASE_MS, maxQueued: 1000 });
        const handles = [fixture.backend, await fixture.another()];
        const model = new Model();
        try {
          for (const [handle, run] of steps) {
            await run(model, handles[handle]!, fixture.clock.advance);
            await expectSame(model, handles[1 - handle]!);
          }
          const told = await fixture.backend.announcements.claim('webhook', 's', {
            leaseMs: 1000,
            limit: 1000,
          });
          expect(told).toHaveLength(model.jobs.reduce((sum, job) => sum + job.ended, 0));
          const counted = await fixture.backend.usage({ by: 'owner' });
          expect(counted[0]?.jobs ?? 0).toBe(told.length);
        } finally {
          await fixture.dispose();
        }
      }),
      { numRuns: runs },
    );
  });
}
