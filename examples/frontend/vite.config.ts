/** Serves the example page at a port, and so an origin, of its own. */
import { defineConfig } from 'vite';

export default defineConfig({
  // The typed client lies outside of this folder.
  server: { port: 5173, strictPort: true, fs: { allow: ['../..'] } },
  preview: { port: 5173, strictPort: true },
  build: { outDir: '../../out/frontend', emptyOutDir: true },
});
