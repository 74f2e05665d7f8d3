/**
 * Other makers of film from code, given the same pictures, clips, speech, music and captions. Each is
 * installed from npm in a folder of its own outside the project, where that can be done; where it cannot, or
 * it fails, the table says why.
 */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { copyFile, mkdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { installPackages } from './peer-packages.ts';
import type { PeerFilm } from './peer-film.ts';
import { measured, type Cost } from './measured.ts';

type Peer = {
  name: string;
  version: string;
  /** As npm takes them, with versions. */
  packages: string[];
  /** In peers/: the first is run, with the film, where to write it, and the browser. */
  scripts: [string, ...string[]];
  needs?: 'browser' | 'display';
  /** What it does differently or less, and how it encodes. */
  note: string;
};

export type PeerRun = { name: string; note: string; film: string; run: () => Promise<Cost> };
export type Skipped = { name: string; skipped: string };

/** s */
const AT_MOST = 15 * 60;

const peers: Peer[] = [
  {
    name: 'revideo',
    version: '0.11.0',
    packages: [
      '@revideo/renderer',
      '@revideo/core',
      '@revideo/2d',
      '@revideo/vite-plugin',
      '@revideo/ui',
    ].map((name) => `${name}@0.11.0`),
    scripts: ['revideo.mjs', 'revideo-film.mjs'],
    needs: 'browser',
    note: "music not ducked, no loudness; the browser's own H.264 encoder",
  },
  {
    name: 'editly',
    version: '0.14.2',
    packages: ['editly@0.14.2'],
    scripts: ['editly.mjs'],
    needs: 'display',
    note: 'zooms only, uneased; captions in a bar; dynaudnorm in place of ducking; x264 veryfast crf 23',
  },
  {
    name: '@effing/ffs',
    version: '0.36.2',
    packages: ['@effing/ffs@0.36.2', '@effing/effie@0.36.2'],
    scripts: ['effing.mjs'],
    note: 'pans only, by whole pixels; captions drawn beforehand; not ducked; x264 fast crf 28 (fixed)',
  },
  {
    name: '@remotion/renderer',
    version: '4.0.529',
    packages: [
      ...['remotion', '@remotion/renderer', '@remotion/bundler'].map((name) => `${name}@4.0.529`),
      ...['react', 'react-dom'].map((name) => `${name}@19.2.0`),
    ],
    scripts: ['remotion.mjs', 'remotion-film.mjs'],
    needs: 'browser',
    note: 'music turned down by a curve, no loudness; x264 veryfast crf 23',
  },
];

/** Installs what is not there yet. @param out folder for films */
export async function openPeers(film: PeerFilm, out: string): Promise<(PeerRun | Skipped)[]> {
  const opened: (PeerRun | Skipped)[] = [];
  for (const peer of peers) {
    const name = `${peer.name} ${peer.version}`;
    try {
      opened.push({ name, note: peer.note, ...(await openPeer(peer, film, out)) });
    } catch (error) {
      opened.push({ name, skipped: reasonOf(error) });
    }
  }
  return opened;
}

/** Why a peer did not run, in one line. */
export function reasonOf(error: unknown): string {
  const lines = String(error instanceof Error ? error.message : error).split('\n');
  const telling = lines.find(
    (line) => /\b(error|cannot|not found|failed)\b/i.test(line) && !/failed:$/.test(line),
  );
  return (telling ?? lines[0] ?? '').replace(/\s+/g, ' ').trim().slice(0, 160);
}

async function openPeer(peer: Peer, film: PeerFilm, out: string): Promise<Pick<PeerRun, 'film' | 'run'>> {
  const browser = peer.needs === 'browser' ? findBrowser() : '';
  const display = peer.needs === 'display' ? findDisplay() : [];
  const id = path.parse(peer.scripts[0]).name;
  const folder = await installPackages(`${id}-${peer.version}`, peer.packages);
  for (const script of peer.scripts)
    await copyFile(path.join(import.meta.dirname, 'peers', script), path.join(folder, script));
  const file = path.join(out, `${id}.mp4`);
  const scratch = path.join(out, `${id}-scratch`);
  return {
    film: file,
    async run() {
      await rm(file, { force: true });
      await mkdir(scratch, { recursive: true });
      try {
        const command = [...display, process.execPath, peer.scripts[0], path.join(film.folder, 'film.json'), file, browser]; // prettier-ignore
        const cost = await measured(command[0]!, command.slice(1), {
          cwd: folder,
          env: { TMPDIR: scratch, FFMPEG: 'ffmpeg', DISABLE_TELEMETRY: 'true' },
          atMostS: AT_MOST,
        });
        await checkFilm(file, film);
        return cost;
      } finally {
        await rm(scratch, { recursive: true, force: true });
      }
    },
  };
}

function findBrowser(): string {
  const found = onPath('chromium', 'chromium-browser', 'google-chrome');
  if (!found) throw new Error('needs Chromium, which is not installed');
  return found;
}

/** Its WebGL draws where an X server is: the one there is, or one without a screen. */
function findDisplay(): string[] {
  if (process.env['DISPLAY']) return [];
  const xvfb = onPath('xvfb-run');
  if (!xvfb || !onPath('xauth')) throw new Error('needs an X server: install xvfb and xauth');
  return [xvfb, '-a', '-s', '-screen 0 64x64x24'];
}

function onPath(...names: string[]): string | undefined {
  const folders = (process.env['PATH'] ?? '').split(path.delimiter);
  return names
    .flatMap((name) => folders.map((folder) => path.join(folder, name)))
    .find((file) => existsSync(file));
}

/** A film of another size or length, or without sound, is not the same work. */
async function checkFilm(file: string, film: PeerFilm): Promise<void> {
  const { stdout } = await promisify(execFile)('ffprobe', [
    ...['-v', 'error', '-count_packets', '-of', 'json'],
    ...['-show_entries', 'stream=codec_type,width,height,nb_read_packets', file],
  ]);
  const { streams } = JSON.parse(stdout) as { streams: { codec_type: string; width?: number; height?: number; nb_read_packets?: string }[] }; // prettier-ignore
  const picture = streams.find((stream) => stream.codec_type === 'video');
  if (!picture || !streams.some((stream) => stream.codec_type === 'audio'))
    throw new Error('made a film without picture or sound');
  if (picture.width !== film.width || picture.height !== film.height)
    throw new Error(`made a film of ${picture.width} × ${picture.height}`);
  // Whole seconds of slack: some lose a frame at each crossfade.
  if (Math.abs(Number(picture.nb_read_packets) - film.frames) > film.fps)
    throw new Error(`made ${picture.nb_read_packets} frames of ${film.frames}`);
}
