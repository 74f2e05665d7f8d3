/** The workload in plain words, for programs that know nothing of our storyboards: what each peer is given. */
import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import { createCanvas, GlobalFonts } from '@napi-rs/canvas';
import { FADE_S, type Workload } from './workload.ts';
import type { Narration } from './narration.ts';

/** Written as JSON; files are names in the folder it lies in. Times in s. */
export type PeerFilm = {
  folder: string;
  width: number;
  height: number;
  fps: number;
  frames: number;
  seconds: number;
  /** Length of the crossfade into each scene but the first. */
  fade: number;
  scenes: {
    kind: 'photo' | 'clip';
    file: string;
    start: number;
    seconds: number;
    effect: string;
    /** Its sentence alone, for those that have their sound a scene. */
    speech: string;
    speechStart: number;
    speechEnd: number;
  }[];
  /** Spoken text, all of it at its place. */
  narration: string;
  music: string;
  /** Of 1, and while someone speaks. */
  musicVolume: number;
  duckedVolume: number;
  captions: { start: number; end: number; text: string; picture: string }[];
  font: string;
};

const CAPTION = { size: 58, bottom: 96, outline: 8 };

/** Gathers all a peer reads in one folder; captions are also drawn as pictures, for who cannot draw text. */
export async function writePeerFilm(
  work: Workload,
  given: {
    narration: Narration;
    captions: string;
    folder: string;
    size: { width: number; height: number; fps: number };
  },
): Promise<PeerFilm> {
  const { folder, size, narration } = given;
  await mkdir(folder, { recursive: true });
  const take = async (file: string, name = path.basename(file)): Promise<string> => {
    await copyFile(file, path.join(folder, name));
    return name;
  };
  const font = createRequire(import.meta.url).resolve(
    '@expo-google-fonts/noto-sans/700Bold/NotoSans_700Bold.ttf',
  );
  GlobalFonts.registerFromPath(font, 'PeerCaption');
  const scenes: PeerFilm['scenes'] = [];
  for (const [index, { kind, file, seconds, effect }] of work.scenes.entries()) {
    const speech = narration.scenes[index]!;
    scenes.push({
      kind,
      file: await take(file),
      start: index * (seconds - FADE_S),
      seconds,
      effect,
      speech: await take(speech.file, `speech${index}.wav`),
      speechStart: speech.start,
      speechEnd: speech.end,
    });
  }
  const captions: PeerFilm['captions'] = [];
  for (const [index, cue] of parseSrt(await readFile(given.captions, 'utf8')).entries()) {
    const picture = `caption${index}.png`;
    await writeFile(path.join(folder, picture), await drawCaption(cue.text, size));
    captions.push({ ...cue, picture });
  }
  const film: PeerFilm = {
    folder,
    ...size,
    frames: Math.round(work.seconds * size.fps),
    seconds: work.seconds,
    fade: FADE_S,
    scenes,
    narration: await take(narration.film),
    music: await take(work.music),
    musicVolume: 0.4,
    duckedVolume: 0.12,
    captions,
    font: await take(font),
  };
  await writeFile(path.join(folder, 'film.json'), JSON.stringify(film, null, 2));
  return film;
}

function parseSrt(srt: string): { start: number; end: number; text: string }[] {
  return srt
    .trim()
    .split(/\r?\n\r?\n/)
    .map((block) => {
      const [, times = '', ...lines] = block.split(/\r?\n/);
      const [start = 0, end = 0] = times.split(' --> ').map(secondsOf);
      return { start, end, text: lines.join(' ') };
    });
}

/** `00:01:02,345` → 62.345 */
function secondsOf(clock: string): number {
  return clock
    .replace(',', '.')
    .split(':')
    .reduce((sum, part) => sum * 60 + Number(part), 0);
}

/** White with a dark outline, at the foot of a transparent frame. @returns PNG */
async function drawCaption(
  text: string,
  { width, height }: { width: number; height: number },
): Promise<Buffer> {
  const canvas = createCanvas(width, height);
  const draw = canvas.getContext('2d');
  draw.font = `${CAPTION.size}px PeerCaption`;
  draw.textAlign = 'center';
  draw.lineJoin = 'round';
  draw.lineWidth = CAPTION.outline;
  draw.strokeText(text, width / 2, height - CAPTION.bottom);
  draw.fillStyle = '#ffffff';
  draw.fillText(text, width / 2, height - CAPTION.bottom);
  return canvas.encode('png');
}
