import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { defineConfig } from 'vitest/config';
import { programFile } from './test/helpers/program.ts';

/** What starts threads and processes from files beside it: tests let it take the built ones, as the program does. */
const starters = ['core/compositor/pool.ts', 'core/tts/children/engine-process.ts', 'core/tts/alignment/aligning-thread.ts']; // prettier-ignore

export default defineConfig({
  plugins: [
    {
      name: 'threads-from-the-built-program',
      enforce: 'pre',
      transform(code, id) {
        const source = path.relative(import.meta.dirname, id);
        if (!starters.includes(source)) return null;
        return code.replaceAll('import.meta.url', JSON.stringify(pathToFileURL(programFile(source)).href));
      },
    },
  ],
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/helpers/make-program.ts'],
    setupFiles: ['test/helpers/property-seed.ts'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // Two cores: more files at once only make real ffmpeg, redis and Chromium wait for each other.
    maxWorkers: 2,
    // Each file in a process of its own would read the program anew: two minutes of CPU. So what a test changes in
    // its process (environment, working folder, globals) it puts back.
    isolate: false,
    // On an unknown, perhaps busy machine one stall may fail a test of many processes. A second try there tells
    // a stall from a fault; the report names every test that needed it ("retry x1"), and `.ci/run` lists them.
    retry: process.env['CI'] ? 1 : 0,
  },
});
