/** Progress as one live line on a terminal, and as a plain line at each new stage elsewhere. */
import type { Progress } from '../core/studio.ts';
import { clock } from './measures.ts';
import type { Terminal } from './terminal.ts';

/** Redrawing more often only costs time, ms. */
const REDRAW_MS = 100;
const BAR_CELLS = 24;

const words: Record<Progress['stage'], string> = {
  fetching: 'fetching media',
  voicing: 'speaking',
  rendering: 'rendering',
  saving: 'saving',
};

/** A listener for `studio.render`. Quiet shows nothing at all. */
export function showProgress(terminal: Terminal, quiet: boolean): (progress: Progress) => void {
  if (quiet) return () => undefined;
  let stage: Progress['stage'] | null = null;
  let scene: number | null = null;
  let drawnAt = -Infinity;
  return (progress) => {
    const isNewStage = progress.stage !== stage;
    stage = progress.stage;
    // Between two scenes the last one stays, or the line would flicker.
    scene = progress.scene ?? (isNewStage ? null : scene);
    if (!terminal.isLive) {
      if (isNewStage) terminal.note(`${words[stage]} … (${Math.floor(progress.progress)}%)`);
      return;
    }
    const now = performance.now();
    if (!isNewStage && now - drawnAt < REDRAW_MS) return;
    drawnAt = now;
    terminal.drawLive(progressLine({ ...progress, scene }, terminal));
  };
}

/** `███████░░░░  42% · rendering · scene 3 of 10 · 0:12 left` */
export function progressLine(progress: Progress, terminal: Pick<Terminal, 'paintNote' | 'columns'>): string {
  const room = Math.min(BAR_CELLS, Math.max(0, terminal.columns - 56));
  const filled = Math.round((progress.progress / 100) * room);
  const bar =
    terminal.paintNote('cyan', '█'.repeat(filled)) + terminal.paintNote('dim', '░'.repeat(room - filled));
  const parts = [`${Math.floor(progress.progress)}%`.padStart(4), words[progress.stage]];
  if (progress.scene !== null) parts.push(`scene ${progress.scene} of ${progress.scenesTotal}`);
  if (progress.etaSeconds !== null) parts.push(`${clock(progress.etaSeconds)} left`);
  return `${bar}${parts.join(' · ')}`;
}
