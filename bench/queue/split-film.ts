/**
 * One heavy film (1080p, photographs in motion, clips, captions, music) made by one worker process and by
 * several that render it together, each with one rendering thread and all from an empty cache.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { storyboardSchema, type Storyboard } from '../../core/schema/storyboard.ts';
import { makeWorkload } from '../film/workload.ts';
import { withWorkers } from './worker-processes.ts';

export type SplitRun = {
  /** From adding the job to its end, s. */
  wallS: number;
  /** Of it in each stage, s: only what is rendering can be shared. */
  stages: Record<string, number>;
  /** Processor time of each worker with its children, s. */
  cpuS: number[];
  segments: number;
  helped: number;
  /** Processors that others on this machine used meanwhile, on average. */
  othersLoad: number;
};

/** The film's files, made once; `render` makes the film with so many workers. */
export async function openSplitFilm(
  url: string,
  { seconds, pinned }: { seconds: number; pinned: boolean },
): Promise<{ render(workers: number): Promise<SplitRun>; dispose(): Promise<void> }> {
  const folder = await mkdtemp(path.join(tmpdir(), 'genscene-bench-media-'));
  const { storyboard } = await makeWorkload(folder, { seconds });
  const film = storyboardSchema.parse(absolute(storyboard as Storyboard, folder));
  return {
    render: (workers) =>
      withWorkers(url, workers, { env: { MEDIA_ROOTS: folder }, pinned }, async ({ jobs, pids }) => {
        const [idle, busy] = [pids.map(cpuSeconds), busySeconds()];
        const started = performance.now();
        const { job } = await jobs.add({
          request: { kind: 'compose', storyboard: film },
          owner: 'key:bench',
          origin: { platform: 'api' },
        });
        const stages: Record<string, number> = {};
        let seenAt = started;
        for (;;) {
          const now = await jobs.record(job.id);
          const stage = now?.stage ?? 'saving';
          stages[stage] = (stages[stage] ?? 0) + (performance.now() - seenAt) / 1000;
          seenAt = performance.now();
          if (now?.error) throw new Error(now.error.message);
          if (now?.result) {
            const wallS = (performance.now() - started) / 1000;
            const cpuS = pids.map((pid, index) => cpuSeconds(pid) - idle[index]!);
            const ours = cpuS.reduce((sum, each) => sum + each, 0);
            const { segments = 0, segmentsHelped = 0 } = now.result.metrics ?? {};
            const othersLoad = Math.max(0, busySeconds() - busy - ours) / wallS;
            return { wallS, stages, cpuS, segments, helped: segmentsHelped, othersLoad };
          }
          await sleep(50);
        }
      }),
    dispose: () => rm(folder, { recursive: true, force: true }),
  };
}

function absolute(storyboard: Storyboard, folder: string): Storyboard {
  const inFolder = <T extends object>(one: T): T =>
    'src' in one ? { ...one, src: path.join(folder, String(one.src)) } : one;
  return {
    ...storyboard,
    scenes: storyboard.scenes.map((scene) => ({
      ...scene,
      ...(scene.media ? { media: inFolder(scene.media) } : {}),
    })),
    ...(storyboard.soundtrack ? { soundtrack: inFolder(storyboard.soundtrack) } : {}),
  };
}

/** What /proc counts in. */
const TICKS = 100;

/** Of a process, its threads and its children that ended or still run, s. */
function cpuSeconds(pid: number): number {
  const ticks = (of: number): number => {
    const stat = readFileSync(`/proc/${of}/stat`, 'utf8').split(') ')[1]!.split(' ');
    return stat.slice(11, 15).reduce((sum, each) => sum + Number(each), 0);
  };
  const living = readdirSync(`/proc/${pid}/task`).flatMap((thread) =>
    readFileSync(`/proc/${pid}/task/${thread}/children`, 'utf8')
      .trim()
      .split(' ')
      .filter(Boolean)
      .map(Number),
  );
  return [pid, ...living].reduce((sum, each) => {
    try {
      return sum + ticks(each);
    } catch {
      return sum; // ended this moment: then its parent has it
    }
  }, 0) / TICKS; // prettier-ignore
}

/** What all processors have worked since the start of the machine, s. */
function busySeconds(): number {
  const [, user, nice, system] = readFileSync('/proc/stat', 'utf8').split(/\s+/);
  return (Number(user) + Number(nice) + Number(system)) / TICKS;
}
