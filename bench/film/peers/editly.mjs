/** The film by editly. Run in the folder its packages are installed in: `node editly.mjs FILM.json OUT.mp4`. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import editly from 'editly';

const [filmFile, outPath] = process.argv.slice(2);
const film = JSON.parse(await readFile(filmFile, 'utf8'));
const at = (name) => path.join(film.folder, name);

await editly({
  outPath,
  width: film.width,
  height: film.height,
  fps: film.fps,
  defaults: {
    transition: { name: 'fade', duration: film.fade, audioOutCurve: 'nofade', audioInCurve: 'nofade' },
  },
  clips: film.scenes.map((scene) => ({
    duration: scene.seconds,
    layers: [picture(scene), ...captionsOf(scene)],
  })),
  audioTracks: [
    { path: at(film.narration), mixVolume: 1 },
    { path: at(film.music), mixVolume: film.musicVolume },
  ],
  audioNorm: { enable: true },
  customOutputArgs: [
    ...['-c:v', 'libx264', '-preset', 'veryfast', '-crf', '23', '-pix_fmt', 'yuv420p'],
    ...['-c:a', 'aac', '-movflags', '+faststart'],
  ],
});

/** It knows zooms only, at an even pace; pans become zooms. */
function picture({ kind, file, seconds, effect }) {
  if (kind === 'clip')
    return { type: 'video', path: at(file), cutFrom: 0, cutTo: seconds, resizeMode: 'cover' };
  const zoomDirection = effect === 'zoomIn' || effect === 'panRight' ? 'in' : 'out';
  return { type: 'image', path: at(file), resizeMode: 'cover', zoomDirection, zoomAmount: 0.12 };
}

/** Times of a layer are of its scene. */
function captionsOf(scene) {
  return film.captions
    .filter(({ start, end }) => start < scene.start + scene.seconds - film.fade && end > scene.start)
    .map(({ start, end, text }) => ({
      type: 'subtitle',
      text,
      fontPath: at(film.font),
      start: Math.max(0, start - scene.start),
      stop: Math.min(scene.seconds, end - scene.start),
    }));
}
