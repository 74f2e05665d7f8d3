/**
 * The film by @remotion/renderer. Run in the folder its packages are installed in:
 * `node remotion.mjs FILM.json OUT.mp4 CHROMIUM`. Beside it lies remotion-film.mjs, the composition.
 */
import { readFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { bundle } from '@remotion/bundler';
import { renderMedia, selectComposition } from '@remotion/renderer';

const [filmFile, out, browserExecutable] = process.argv.slice(2);
const film = JSON.parse(await readFile(filmFile, 'utf8'));
// No WebGL is needed; drawn by a GPU made of software, frames cost more than without one.
const chromiumOptions = { gl: null, disableWebSecurity: true };

const serveUrl = await bundle({
  entryPoint: path.resolve('remotion-film.mjs'),
  publicDir: film.folder,
  outDir: `${out}.bundle`,
});
const inputProps = { film };
const browser = { browserExecutable, chromeMode: 'chrome-for-testing', chromiumOptions };
const composition = await selectComposition({ serveUrl, id: 'film', inputProps, ...browser });
await renderMedia({
  composition,
  serveUrl,
  inputProps,
  outputLocation: out,
  codec: 'h264',
  crf: 23,
  x264Preset: 'veryfast',
  pixelFormat: 'yuv420p',
  colorSpace: 'bt709',
  imageFormat: 'jpeg',
  jpegQuality: 90,
  concurrency: os.availableParallelism(),
  timeoutInMilliseconds: 120_000,
  logLevel: 'error',
  ...browser,
});
