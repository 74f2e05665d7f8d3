import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    setupFiles: ['test/helpers/property-seed.ts'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // Two cores: more files at once only make real ffmpeg, redis and Chromium wait for each other.
    maxWorkers: 2,
    // On an unknown, perhaps busy machine one stall may fail a test of many processes. A second try there tells
    // a stall from a fault; the report names every test that needed it ("retry x1"), and `.ci/run` lists them.
    retry: process.env['CI'] ? 1 : 0,
  },
});
