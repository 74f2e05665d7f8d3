/**
 * What captions show of a scene's text: without markup, written pauses and, unless they are wanted, the
 * names of speakers. Marks are moved along. Pure.
 */
import { edit, type MappedText } from '../tts/text/mapped-text.ts';
import { normalise } from '../tts/text/normalise.ts';
import { speakerTurns } from '../tts/speakers.ts';
import type { Mark } from '../tts/types.ts';

export type ShownText = { text: string; marks: Mark[] };

/** @param options.speakers names that lines may begin with */
export function shownText(
  original: string,
  marks: readonly Mark[],
  options: { language: string; speakers: readonly string[]; showSpeakers: boolean },
): ShownText {
  const { display } = normalise(original, options.language);
  const labels = options.showSpeakers
    ? []
    : speakerTurns(original, options.speakers)
        .filter(({ labelStart, start }) => start > labelStart)
        .map(({ labelStart, start }) => ({
          start: unitAt(display, labelStart),
          end: unitAt(display, start),
          text: '',
        }));
  const shown = edit(display, labels);
  return {
    text: shown.text,
    marks: marks.flatMap((mark) => {
      const charStart = unitAt(shown, mark.charStart);
      const charEnd = unitAt(shown, mark.charEnd);
      return charEnd > charStart ? [{ ...mark, charStart, charEnd }] : [];
    }),
  };
}

/** The first unit that comes from `place` of the original or later. */
function unitAt({ starts }: MappedText, place: number): number {
  let low = 0;
  let high = starts.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (starts[middle]! < place) low = middle + 1;
    else high = middle;
  }
  return low;
}
