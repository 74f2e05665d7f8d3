/** Everything written on the film: captions timed by the speech, titles, watermark; and the cues of the sidecars. */
import type { FontBook } from '../drawing/fonts.ts';
import { glyphWarnings } from '../drawing/glyph-warnings.ts';
import {
  captionMeasure,
  captionSpans,
  titleSpan,
  watermarkSpan,
  type OverlaySpan,
} from '../drawing/overlays.ts';
import type { Storyboard } from '../schema/storyboard.ts';
import type { Assets } from './assets.ts';
import { makeCues, type Cue } from './captions.ts';
import type { Narration } from './narrate.ts';
import { sceneVoice } from './scene-voice.ts';
import type { Timeline } from './timeline.ts';

export type FilmText = {
  cues: Cue[];
  /** All that is drawn, bottom first. */
  overlays: OverlaySpan[];
  warnings: string[];
};

export type FilmTextInput = {
  storyboard: Storyboard;
  timeline: Timeline;
  narrations: (Narration | null)[];
  assets: Assets;
  size: { width: number; height: number };
  fonts: FontBook;
};

/** Lower thirds come a moment after the picture and leave again, s. */
const LOWER_THIRD = { delayS: 0.4, lengthS: 5 };

export function captionFilm(input: FilmTextInput): FilmText {
  const { storyboard, timeline, size, fonts } = input;
  const { captions, brand } = storyboard;
  const cues =
    captions.mode === 'off'
      ? []
      : makeCues(spokenTexts(input), captionMeasure(captions, size, fonts, brand.font));
  const burned = captions.mode === 'burn' || captions.mode === 'both';
  const titles = titleFilm(input);
  return {
    cues,
    overlays: burned ? [...titles, ...captionSpans(cues, captions, brand, timeline.fps)] : titles,
    warnings: glyphWarnings(storyboard, fonts),
  };
}

/** Titles and watermark alone: what is written on posters and sheets, too. */
export function titleFilm(input: Pick<FilmTextInput, 'storyboard' | 'timeline' | 'assets'>): OverlaySpan[] {
  const watermark = watermarkSpan(input.storyboard.brand, {
    startFrame: 0,
    endFrame: input.timeline.frames,
    picture: input.assets.watermark?.path,
  });
  return [...(watermark ? [watermark] : []), ...titleSpans(input)];
}

function spokenTexts({ timeline, narrations }: FilmTextInput): Parameters<typeof makeCues>[0] {
  return narrations.flatMap((narration, index) => {
    const scene = timeline.scenes[index]!;
    if (!narration || narration.text.trim() === '' || scene.speechStartS === null) return [];
    const startMs = scene.speechStartS * 1000;
    // Own narration comes without marks; then its words share its length.
    const marks =
      narration.marks.length > 0
        ? narration.marks
        : [
            {
              kind: 'sentence' as const,
              text: narration.text,
              charStart: 0,
              charEnd: narration.text.length,
              startMs: 0,
              endMs: narration.durationS * 1000,
            },
          ];
    const endMs =
      ((scene.start + scene.frames - (timeline.scenes[index + 1]?.transitionIn?.frames ?? 0) / 2) /
        timeline.fps) *
      1000;
    return [
      {
        scene: index,
        text: narration.text,
        language: narration.language,
        startMs,
        marks,
        endMs: Math.max(endMs, startMs + narration.durationS * 1000),
      },
    ];
  });
}

function titleSpans({
  storyboard,
  timeline,
  assets,
}: Pick<FilmTextInput, 'storyboard' | 'timeline' | 'assets'>): OverlaySpan[] {
  const { fps } = timeline;
  return storyboard.scenes.flatMap((scene, index) => {
    if (!scene.title) return [];
    const timed = timeline.scenes[index]!;
    // Titles belong to one scene: they come once it has mostly arrived and go before it leaves.
    const first = timed.start + Math.round((timed.transitionIn?.frames ?? 0) * 0.6);
    const end =
      timed.start + timed.frames - Math.round((timeline.scenes[index + 1]?.transitionIn?.frames ?? 0) * 0.4);
    const lower = scene.title.position === 'lowerThird';
    const startFrame = lower ? Math.min(first + Math.round(LOWER_THIRD.delayS * fps), end - 1) : first;
    const endFrame = lower ? Math.min(end, startFrame + Math.round(LOWER_THIRD.lengthS * fps)) : end;
    return [
      titleSpan(scene.title, storyboard.brand, {
        language: sceneVoice(storyboard, scene).language,
        startFrame,
        endFrame,
        fps,
        captions: storyboard.captions,
        logo: assets.logo?.path,
      }),
    ];
  });
}
