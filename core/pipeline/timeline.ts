/**
 * Pure: when each scene and transition starts and ends, in whole frames of the output.
 * Film length = Σ scenes − Σ overlaps, exactly; seconds appear only where sound is placed.
 */
import type { Scene, TransitionType } from '../schema/storyboard.ts';

/** Rest before the first word and after the last, s; half the neighbouring transition is added. */
const LEAD_IN_S = 0.25;
const TAIL_S = 0.4;
/** The film's first words wait a little, its last picture stays a little. */
const OPENING_S = 0.25;
const CLOSING_S = 0.7;
/** Length of scenes in which nobody speaks and no clip plays, s. */
const PICTURE_S = 4;
const TITLE_S = 3;

/** What a scene contains, measured, in seconds. */
export type SceneMeasure = {
  duration: Scene['duration'];
  /** Length of the narration, or null. */
  speechS: number | null;
  /** Length of the part of the clip to show, or null. */
  clipS: number | null;
  hasTitle: boolean;
  /** How the scene comes in; ignored on the first. */
  transition: { type: TransitionType; duration: number; direction?: string | undefined };
};

export type TimedTransition = {
  type: Exclude<TransitionType, 'none'>;
  direction: string | null;
  frames: number;
};

export type TimedScene = {
  /** First frame of the film in which the scene is seen, at the start of its transition in. */
  start: number;
  /** Frames the scene is seen, transitions on both sides included. */
  frames: number;
  transitionIn: TimedTransition | null;
  /** Where its narration starts in the film, s; null without narration. */
  speechStartS: number | null;
};

export type Timeline = { fps: number; frames: number; scenes: TimedScene[]; warnings: string[] };

/**
 * Lays the scenes out one after another. A transition never takes more than half of either scene; it is
 * shortened (or becomes a cut) where it would. A given duration never cuts speech off.
 */
export function planTimeline(measures: SceneMeasure[], fps: number): Timeline {
  const warnings: string[] = [];
  const leads = measures.map((measure, index) => leadIn(measure, index));
  const lengths = measures.map((measure, index) =>
    sceneFrames(measure, index, measures, leads[index]!, fps, warnings),
  );
  const scenes: TimedScene[] = [];
  let start = 0;
  for (const [index, measure] of measures.entries()) {
    const transitionIn =
      index === 0 ? null : fitTransition(measure, lengths[index - 1]!, lengths[index]!, fps, index, warnings);
    start -= transitionIn?.frames ?? 0;
    const speechStartS = measure.speechS === null ? null : start / fps + leads[index]!;
    scenes.push({ start, frames: lengths[index]!, transitionIn, speechStartS });
    start += lengths[index]!;
  }
  return { fps, frames: start, scenes, warnings };
}

function leadIn(measure: SceneMeasure, index: number): number {
  return LEAD_IN_S + (index === 0 ? OPENING_S : overlapS(measure) / 2);
}

function overlapS(measure: SceneMeasure | undefined): number {
  return measure && measure.transition.type !== 'none' ? measure.transition.duration : 0;
}

function sceneFrames(
  measure: SceneMeasure,
  index: number,
  all: SceneMeasure[],
  leadS: number,
  fps: number,
  warnings: string[],
): number {
  const next = all[index + 1];
  const tailS = TAIL_S + (next ? overlapS(next) / 2 : CLOSING_S);
  const spokenS = measure.speechS === null ? 0 : leadS + measure.speechS + tailS;
  const frames = (seconds: number): number => Math.max(1, Math.ceil(seconds * fps - 1e-6));
  if (measure.duration !== 'auto') {
    const given = Math.max(1, Math.round(measure.duration * fps));
    const least = measure.speechS === null ? 0 : frames(leadS + measure.speechS);
    if (given >= least) return given;
    warnings.push(
      `Scene ${index + 1}: its speech lasts longer than its duration of ${measure.duration} s, so it was lengthened to ${(frames(spokenS) / fps).toFixed(1)} s.`,
    );
    return frames(spokenS);
  }
  if (measure.speechS !== null) return frames(spokenS);
  if (measure.clipS !== null) return frames(measure.clipS);
  return frames(measure.hasTitle ? TITLE_S : PICTURE_S);
}

function fitTransition(
  measure: SceneMeasure,
  before: number,
  after: number,
  fps: number,
  index: number,
  warnings: string[],
): TimedTransition | null {
  const { type, duration, direction } = measure.transition;
  if (type === 'none') return null;
  const wanted = Math.max(1, Math.round(duration * fps));
  const frames = Math.min(wanted, Math.floor(before / 2), Math.floor(after / 2));
  // A frame less is rounding, not news.
  if (frames < wanted - 1)
    warnings.push(
      `Scene ${index + 1}: its ${type} transition was shortened to ${(frames / fps).toFixed(2)} s to fit the scenes.`,
    );
  return frames > 0 ? { type, direction: direction ?? null, frames } : null;
}
