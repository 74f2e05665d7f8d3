/** The film by @effing/ffs. Run in the folder its packages are installed in: `node effing.mjs FILM.json OUT.mp4`. */
import { createWriteStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import { pathToFileURL } from 'node:url';
import { EffieRenderer } from '@effing/ffs';

const [filmFile, out] = process.argv.slice(2);
const film = JSON.parse(await readFile(filmFile, 'utf8'));
const at = (name) => pathToFileURL(path.join(film.folder, name)).href;

// One a segment: a background shared by segments is queued frame by frame until each has come.
const black = { type: 'color', color: 'black' };
const renderer = new EffieRenderer(
  {
    width: film.width,
    height: film.height,
    fps: film.fps,
    cover: 'https://example.com/cover.png',
    background: black,
    audio: { source: at(film.music), volume: film.musicVolume },
    segments: film.scenes.map((scene, index) => ({
      duration: scene.seconds,
      background: scene.kind === 'clip' ? { type: 'video', source: at(scene.file) } : black,
      layers: [...(scene.kind === 'photo' ? [photo(scene)] : []), ...captionsOf(scene)],
      audio: { source: at(scene.speech) },
      transition: index > 0 ? { type: 'fade', duration: film.fade } : undefined,
    })),
  },
  { allowLocalFiles: true },
);
try {
  await pipeline(await renderer.render(), createWriteStream(out));
} finally {
  renderer.close();
}

/** It has no zoom for pictures; what moves them is a scroll by whole pixels, of a picture at its own size. */
function photo({ file, seconds, effect }) {
  const direction = effect === 'panLeft' || effect === 'zoomOut' ? 'right' : 'left';
  return {
    type: 'image',
    source: at(file),
    effects: [{ type: 'scroll', direction, distance: 0.1, duration: seconds }],
  };
}

/** Drawn beforehand, since it draws no text: pictures of a whole frame each. */
function captionsOf(scene) {
  return film.captions
    .filter(({ start, end }) => start < scene.start + scene.seconds - film.fade && end > scene.start)
    .map(({ start, end, picture }) => ({
      type: 'image',
      source: at(picture),
      from: Math.max(0, start - scene.start),
      until: Math.min(scene.seconds, end - scene.start),
    }));
}
