/**
 * The film by @revideo/renderer. Run in the folder its packages are installed in:
 * `node revideo.mjs FILM.json OUT.mp4 CHROMIUM`. Beside it lies revideo-film.mjs, the project.
 */
import { mkdir, readFile, rename, rm, symlink } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { renderVideo } from '@revideo/renderer';

const [filmFile, out, executablePath] = process.argv.slice(2);
const film = JSON.parse(await readFile(filmFile, 'utf8'));
// Folders must be given from the current one, and sound is looked for in "public" beside the output.
const work = `${out}.parts`;
await mkdir(work, { recursive: true });
await symlink(film.folder, path.join(work, 'public'));
const outDir = path.relative(process.cwd(), path.join(work, 'output'));

const made = await renderVideo({
  projectFile: './revideo-film.mjs',
  variables: { film },
  settings: {
    outFile: 'film.mp4',
    outDir,
    workers: os.availableParallelism(),
    puppeteer: { executablePath, args: ['--no-sandbox', '--disable-gpu'] },
    ffmpeg: { ffmpegPath: 'ffmpeg', ffprobePath: 'ffprobe', ffmpegLogLevel: 'error' },
    viteConfig: { publicDir: film.folder },
    projectSettings: { exporter: { name: '@revideo/core/wasm' } },
  },
});
await rename(made, out);
await rm(work, { recursive: true, force: true });
process.exit(0);
