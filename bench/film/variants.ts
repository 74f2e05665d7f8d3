/** What is measured by turns: the encoder alone, one hand-written graph, and ours in its cases. */
import { cp, rm } from 'node:fs/promises';
import path from 'node:path';
import { composeRaw } from './composition.ts';
import { measured, type Cost } from './measured.ts';
import { speakAll } from './narration.ts';
import { writePeerFilm, type PeerFilm } from './peer-film.ts';
import { sheetAfterSpeech } from './sheet.ts';
import { singleGraph } from './single-graph.ts';
import { writeStoryboard, type Workload } from './workload.ts';

export type Variant = {
  name: string;
  run: () => Promise<Cost>;
  film?: string;
  /** Somebody else's program: may fail, and makes other frames than ours. */
  peer?: boolean;
  /** The storyboard sheet's time after speech so far, s: the middle of all rounds. */
  sheet?: () => number;
  note?: string;
};

type Given = { folder: string; cli: string; size: { width: number; height: number; fps: number } };

/** Makes what must be ready beforehand: the finished frames (`frames.yuv`), captions, and speech for others. */
export async function prepareVariants(
  work: Workload,
  given: Given,
): Promise<{ variants: Variant[]; peerFilm: () => Promise<PeerFilm> }> {
  const { folder, size } = given;
  const reference = path.join(folder, 'reference-film');
  const frames = await composeRaw(work.storyboard, {
    baseDir: work.folder,
    dataDir: path.join(folder, 'reference'),
    outDir: reference,
    rawFile: path.join(folder, 'frames.yuv'),
  });
  if (Math.abs(frames / size.fps - work.seconds) > 1)
    throw new Error(
      `The film has ${frames} frames, not ${work.seconds} s: its scenes are too short for their text`,
    );
  const captions = path.join(work.folder, 'captions.srt');
  await cp(path.join(reference, 'captions.srt'), captions);
  const narration = await speakAll(work, folder, given.cli);
  const graph = singleGraph(work, {
    narration: narration.film,
    captions,
    out: path.join(folder, 'graph.mp4'),
  });
  return {
    variants: [
      encoderAlone(given),
      {
        name: 'one hand-written ffmpeg graph',
        run: () => measured('ffmpeg', graph, { cwd: work.folder }),
        note: 'speech ready beforehand',
      },
      ...(await ours(work, given)),
    ],
    peerFilm: () =>
      writePeerFilm(work, { narration, captions, size, folder: path.join(folder, 'peer-film') }),
  };
}

function encoderAlone({ folder, size }: Given): Variant {
  const film = path.join(folder, 'limit.mp4');
  const args = [
    ...['-v', 'error', '-y', '-f', 'rawvideo', '-pix_fmt', 'yuv420p', '-s', `${size.width}x${size.height}`],
    ...['-framerate', String(size.fps), '-i', path.join(folder, 'frames.yuv')],
    ...['-c:v', 'libx264', '-preset', 'veryfast', '-crf', '23', film],
  ];
  return {
    name: 'limit: libx264 veryfast crf 23, nothing else',
    run: () => measured('ffmpeg', args),
    film,
    note: 'frames ready, no sound',
  };
}

async function ours(work: Workload, { folder, cli }: Given): Promise<Variant[]> {
  const out = (name: string): string => path.join(folder, name);
  const storyboard = await writeStoryboard(work, 'film');
  const changed = Math.floor((work.scenes.length - 1) / 2);
  const edited = await writeStoryboard(work, 'edited', (film) => ({
    ...film,
    scenes: film.scenes.map((scene, index) =>
      index === changed ? { ...scene, text: `${scene.text} Twice.` } : scene,
    ),
  }));
  const render = (file: string, data: string, into: string, ...more: string[]): Promise<Cost> =>
    measured(process.execPath, [cli, 'render', file, '--quiet', '--out', into, ...more], {
      // As the first line of cli.ts sets it for whoever calls it by its name.
      env: { DATA_DIR: data, MALLOC_ARENA_MAX: '2' },
    });
  const cold = async (data: string, ...more: string[]): Promise<Cost> => {
    await rm(data, { recursive: true, force: true });
    return render(storyboard, data, `${data}-film`, ...more);
  };
  const sheets = { cold: [] as number[], same: [] as number[] };
  return [
    {
      name: 'ours, cold',
      run: async () => {
        await rm(out('sheet'), { recursive: true, force: true });
        sheets.cold.push(await sheetAfterSpeech(storyboard, out('sheet')));
        return cold(out('cold'));
      },
      film: path.join(out('cold-film'), 'film.mp4'),
      sheet: () => middleOf(sheets.cold),
    },
    {
      name: `ours, one scene of ${work.scenes.length} edited`,
      run: async () => {
        await rm(out('edit'), { recursive: true, force: true });
        await cp(out('cold'), out('edit'), { recursive: true });
        return render(edited, out('edit'), out('edit-film'));
      },
    },
    {
      name: 'ours, nothing changed',
      run: async () => {
        sheets.same.push(await sheetAfterSpeech(storyboard, out('cold')));
        return render(storyboard, out('cold'), out('same-film'));
      },
      sheet: () => middleOf(sheets.same),
    },
    { name: 'ours, draft', run: () => cold(out('draft'), '--draft'), note: '360 lines' },
  ];
}

function middleOf(values: number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!;
}
