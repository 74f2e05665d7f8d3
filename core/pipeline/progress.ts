/**
 * Progress as measured work: each stage has an expected cost, corrected as soon as better is known,
 * so that the bar is steady and the time left honest. It never goes back.
 */
import type { Stage } from '../errors.ts';

export type Progress = {
  stage: Stage;
  /** Scene being worked on, from 1. */
  scene: number | null;
  scenesTotal: number;
  /** 0..100 */
  progress: number;
  etaSeconds: number | null;
};

type Work = { expectedS: number; done: number; startedAt: number | null };

const STAGES: Stage[] = ['fetching', 'voicing', 'rendering', 'saving'];

export type ProgressMeter = {
  /** Corrects the expected cost of a stage, s. */
  expect(stage: Stage, seconds: number): void;
  /** Says that `fraction` (0..1) of a stage is done. */
  advance(stage: Stage, fraction: number, scene?: number | null): void;
  /** Scene named last. */
  scene(): number | null;
};

/** @param now milliseconds, monotonic; given so that tests can drive it */
export function openProgress(
  scenesTotal: number,
  report: (progress: Progress) => void,
  now: () => number = () => performance.now(),
): ProgressMeter {
  const work = new Map<Stage, Work>(
    STAGES.map((stage) => [stage, { expectedS: 1, done: 0, startedAt: null }]),
  );
  let shown = 0;
  let lastScene: number | null = null;

  function etaSeconds(stage: Stage): number | null {
    const current = work.get(stage)!;
    const elapsedS = (now() - current.startedAt!) / 1000;
    // Once a tenth is done its own pace says more than the expectation.
    const remainingS =
      current.done > 0.1
        ? (elapsedS / current.done) * (1 - current.done)
        : current.expectedS * (1 - current.done);
    const pace = current.done > 0.1 ? elapsedS / (current.expectedS * current.done) : 1;
    const laterS = STAGES.slice(STAGES.indexOf(stage) + 1).reduce(
      (sum, later) => sum + work.get(later)!.expectedS,
      0,
    );
    // Before rendering, how long the film will be is not known: no number is better than a wrong one.
    if (stage === 'fetching' || stage === 'voicing') return null;
    return Math.max(0, Math.round(remainingS + laterS * Math.min(4, Math.max(0.25, pace))));
  }

  return {
    scene: () => lastScene,
    expect(stage, seconds) {
      work.get(stage)!.expectedS = Math.max(0.01, seconds);
    },
    advance(stage, fraction, scene = null) {
      const current = work.get(stage)!;
      lastScene = scene;
      current.startedAt ??= now();
      current.done = Math.min(1, Math.max(current.done, fraction));
      const total = STAGES.reduce((sum, each) => sum + work.get(each)!.expectedS, 0);
      const spent = STAGES.reduce((sum, each) => sum + work.get(each)!.expectedS * work.get(each)!.done, 0);
      shown = Math.min(99.9, Math.max(shown, (spent / total) * 100));
      report({
        stage,
        scene,
        scenesTotal,
        progress: Math.round(shown * 10) / 10,
        etaSeconds: etaSeconds(stage),
      });
    },
  };
}

/**
 * Work of one stage in several parts, each with its expected cost in s.
 * @returns called with a part and how much of it is done, it says how much of all is done, 0..1
 */
export function sharedWork<Part extends string>(
  costs: Record<Part, number>,
): (part: Part, fraction: number) => number {
  const done = Object.fromEntries(Object.keys(costs).map((part) => [part, 0])) as Record<Part, number>;
  const parts = Object.keys(costs) as Part[];
  const total = Math.max(
    1e-6,
    parts.reduce((sum, part) => sum + costs[part], 0),
  );
  return (part, fraction) => {
    done[part] = Math.max(done[part], Math.min(1, fraction));
    return parts.reduce((sum, each) => sum + costs[each] * done[each], 0) / total;
  };
}
