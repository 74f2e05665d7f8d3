/**
 * The finished frames of a film before any encoder: what the limit encodes and quality is measured
 * against. Rendered by the project's own pipeline, whose segments are drawn once more into a raw file.
 */
import { open } from 'node:fs/promises';
import { Composer } from '../../core/compositor/compose.ts';
import { Kernel } from '../../core/compositor/kernel.ts';
import type { SegmentPlan } from '../../core/compositor/plan.ts';
import type { Task } from '../../core/compositor/thread.ts';
import { openCompositor, type Compositor } from '../../core/compositor/pool.ts';
import { loadConfig } from '../../core/config.ts';
import { openFonts } from '../../core/drawing/fonts.ts';
import { Ffmpeg, findFfmpeg } from '../../core/ffmpeg.ts';
import { createStudio } from '../../core/studio.ts';

/** Renders the storyboard, and writes all its frames, YUV420P one after another, to `rawFile`. @returns frames */
export async function composeRaw(
  storyboard: unknown,
  options: { baseDir: string; dataDir: string; outDir: string; rawFile: string },
): Promise<number> {
  const config = loadConfig({ DATA_DIR: options.dataDir, PATH: process.env['PATH'] });
  const plans: SegmentPlan[] = [];
  const studio = createStudio(config, {
    openCompositor: (given) => noting(openCompositor(given), plans),
  });
  try {
    await studio.render(storyboard, { outDir: options.outDir, baseDir: options.baseDir });
  } finally {
    await studio.close();
  }
  const deps = {
    kernel: new Kernel(),
    ffmpeg: new Ffmpeg(findFfmpeg(config.ffmpeg)),
    fonts: openFonts(),
    signal: new AbortController().signal,
  };
  const file = await open(options.rawFile, 'w');
  let frames = 0;
  try {
    for (const plan of plans) {
      const composer = await Composer.open(plan, deps);
      for (let index = 0; index < plan.frames; index++, frames++)
        await file.write(await composer.frame(index));
      await composer.close();
    }
  } finally {
    await file.close();
  }
  return frames;
}

/** Segments are asked for in the order they have in the film. */
function noting(compositor: Compositor, plans: SegmentPlan[]): Compositor {
  return {
    threads: compositor.threads,
    close: () => compositor.close(),
    run(task, given) {
      const asked: Task = task;
      if (asked.kind === 'segments') plans.push(...asked.parts.map(({ plan }) => plan));
      return compositor.run(task, given);
    },
  };
}
