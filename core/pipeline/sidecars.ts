/**
 * Captions as files beside the film: SubRip (.srt) and WebVTT (.vtt).
 * Times are exact to the millisecond; the text is the script's, made harmless to both formats.
 */
import { cueLines, type Cue } from './captions.ts';

/**
 * SubRip has no escapes: players take `<b>` and `{\an8}` as markup. An invisible word joiner
 * (U+2060) after the opening sign keeps the text as it is and the players from reading it so.
 */
export function toSrt(cues: readonly Cue[]): string {
  return shown(cues)
    .map(({ cue, lines }, index) => {
      const text = lines.map((line) =>
        line.replace(/([<{])(?=[A-Za-z/\\])/g, '$1\u2060').replaceAll('-->', '--\u2060>'),
      );
      return `${index + 1}\n${time(cue.startMs, ',')} --> ${time(cue.endMs, ',')}\n${text.join('\n')}\n`;
    })
    .join('\n');
}

/** WebVTT (https://www.w3.org/TR/webvtt1/): `&`, `<` and `>` are escaped, so `-->` cannot occur in a cue. */
export function toVtt(cues: readonly Cue[]): string {
  const blocks = shown(cues).map(({ cue, lines }, index) => {
    const text = lines.map((line) =>
      line.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;'),
    );
    return `${index + 1}\n${time(cue.startMs, '.')} --> ${time(cue.endMs, '.')}\n${text.join('\n')}\n`;
  });
  return ['WEBVTT\n', ...blocks].join('\n');
}

/** Cues with something to show: line ends, controls and lone surrogates out, empty lines too. */
function shown(cues: readonly Cue[]): { cue: Cue; lines: string[] }[] {
  return cues
    .map((cue) => ({
      cue,
      lines: cueLines(cue)
        .map(clean)
        .filter((line) => line !== ''),
    }))
    .filter(({ lines }) => lines.length > 0);
}

function clean(line: string): string {
  return (
    line
      // oxlint-disable-next-line no-control-regex
      .replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]+/g, ' ')
      .replace(/\p{Surrogate}/gu, '')
      .trim()
  );
}

function time(ms: number, point: ',' | '.'): string {
  const whole = Math.max(0, Math.round(ms));
  const pad = (value: number, digits: number): string => String(value).padStart(digits, '0');
  const [hours, minutes, seconds] = [
    Math.floor(whole / 3_600_000),
    Math.floor(whole / 60_000) % 60,
    Math.floor(whole / 1000) % 60,
  ];
  return `${pad(hours, 2)}:${pad(minutes, 2)}:${pad(seconds, 2)}${point}${pad(whole % 1000, 3)}`;
}
