import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { defineConfig } from 'vitest/config';
import { programFile } from './test/helpers/program.ts';

export default defineConfig({
  plugins: [
    {
      name: 'threads-from-the-built-program',
      enforce: 'pre',
      transform(code, id) {
        // What starts them: here it takes the built ones, as the program does.
        if (path.relative(import.meta.dirname, id) !== 'core/program-files.ts') return null;
        const built = pathToFileURL(programFile('program-files.ts')).href;
        return code.replaceAll('import.meta.url', JSON.stringify(built));
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
