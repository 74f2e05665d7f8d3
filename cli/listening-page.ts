/**
 * A page that plays a speech and shows where it is: each word lights up while it is heard, and a click
 * on one goes there. One file, with the sound in it, that works without a network.
 */
import type { Mark, SpeechResult } from '../core/tts/types.ts';

/** @param text the script the marks' positions count in */
export function listeningPage(text: string, spoken: SpeechResult, wav: Uint8Array): string {
  const { engine, voice, timing, durationMs } = spoken;
  const sound = Buffer.from(wav.buffer, wav.byteOffset, wav.byteLength).toString('base64');
  const about = `${engine} · ${voice} · ${(durationMs / 1000).toFixed(1)} s · word times: ${timing}`;
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escape(`${engine} ${voice}`)}</title>
<style>${style}</style>
<main>
<p class="about">${escape(about)}</p>
<audio controls preload="auto" src="data:audio/wav;base64,${sound}"></audio>
<p class="clock" aria-hidden="true">0.000 s</p>
<div class="script" dir="auto">${words(text, spoken.marks)}</div>
</main>
<script>${script}</script>
</html>
`;
}

const style = `
:root { color-scheme: light dark; }
body { margin: 0; font: 1.35rem/1.7 system-ui, sans-serif; }
main { max-width: 44rem; margin: 0 auto; padding: 2rem 1.25rem 5rem; }
audio { width: 100%; }
.about, .clock { font-size: 0.9rem; opacity: 0.75; margin: 0 0 0.75rem; font-variant-numeric: tabular-nums; }
.clock { margin: 0.5rem 0 1.5rem; }
.script { white-space: pre-wrap; }
.script button { all: unset; cursor: pointer; border-radius: 0.3em; padding: 0.05em 0.12em; margin: 0 -0.12em; }
.script button:focus-visible { outline: 2px solid currentColor; }
.script button.said { opacity: 0.6; }
.script button.now { background: #ffb703; color: #0b1320; opacity: 1; }
`;

/** Follows the sound by the screen's own beat: timeupdate comes four times a second only. */
const script = `
const audio = document.querySelector('audio');
const clock = document.querySelector('.clock');
const words = [...document.querySelectorAll('.script button')].map((element) => ({
  element, start: Number(element.dataset.start) / 1000, end: Number(element.dataset.end) / 1000,
}));
function show() {
  const at = audio.currentTime;
  clock.textContent = at.toFixed(3) + ' s';
  for (const { element, start, end } of words) {
    element.classList.toggle('now', at >= start && at < end);
    element.classList.toggle('said', at >= end);
  }
}
function follow() { show(); if (!audio.paused) requestAnimationFrame(follow); }
audio.addEventListener('play', follow);
for (const event of ['seeked', 'pause', 'ended', 'loadedmetadata']) audio.addEventListener(event, show);
for (const { element, start } of words) element.addEventListener('click', () => { audio.currentTime = start; audio.play(); });
show();
`;

/** The whole script, the words in it as buttons that know their time. */
function words(text: string, marks: readonly Mark[]): string {
  let at = 0;
  const parts = marks
    .filter((mark) => mark.kind === 'word')
    .map(({ charStart, charEnd, startMs, endMs }) => {
      const before = text.slice(at, charStart);
      at = charEnd;
      return `${escape(before)}<button data-start="${startMs.toFixed(1)}" data-end="${endMs.toFixed(1)}">${escape(text.slice(charStart, charEnd))}</button>`;
    });
  return parts.join('') + escape(text.slice(at));
}

function escape(text: string): string {
  return text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);
}
