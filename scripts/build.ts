/**
 * `npm run build`: the program as a few dozen files of plain JavaScript in dist/. As written it is five hundred, and
 * its packages are a thousand more, which cost a start more than all it does with them.
 */
import { copyFile, mkdir, rm } from 'node:fs/promises';
import { isBuiltin } from 'node:module';
import path from 'node:path';
import { build, type Metafile, type Plugin } from 'esbuild';

const root = path.resolve(import.meta.dirname, '..');

/** What Node is started with, and threads and processes of the program's own. */
export const programEntries = [
  'cli.ts',
  'core/compositor/thread.ts',
  'core/tts/alignment/thread.ts',
  'core/tts/children/child.ts',
];

/**
 * Packages of many small files that each start reads. All others stay where npm put them: they are loaded when they
 * are needed, have machine code or files beside them, or another licence.
 */
const takenIn = ['zod', 'yaml', 'commander', 'fastify', '@fastify/cors', '@fastify/helmet', 'prom-client'];
/** What those need and must not be taken in: it starts a thread from a file beside it. */
const leftOut = ['pino'];

/**
 * @param folder of the result, below the project @param entries paths from the project's root
 * @returns the files that it was made of, as paths from there
 */
export async function buildProgram(folder: string, entries: string[]): Promise<string[]> {
  const { metafile } = await build({
    absWorkingDir: root,
    entryPoints: entries,
    outbase: '.',
    outdir: folder,
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node20.19',
    sourcemap: true,
    sourcesContent: false,
    metafile: true,
    logLevel: 'warning',
    // What is taken in may be CommonJS, and asks for Node's own modules by this name.
    banner: {
      js: `import { createRequire as makeRequire } from 'node:module'; const require = makeRequire(import.meta.url);`,
    },
    plugins: [packages],
  });
  checkPlace(metafile, folder);
  const kernel = 'core/compositor/kernel.wasm';
  await mkdir(path.join(root, folder, path.dirname(kernel)), { recursive: true });
  await copyFile(path.join(root, kernel), path.join(root, folder, kernel));
  return [...Object.keys(metafile.inputs), kernel];
}

const packages: Plugin = {
  name: 'packages',
  setup({ onResolve }) {
    onResolve({ filter: /^[^./]/ }, ({ path: wanted, importer, kind }) => {
      if (kind === 'entry-point') return null;
      const name = /^(@[^/]+\/)?[^/]+/.exec(wanted)![0];
      const isPackage = path.relative(root, importer).startsWith('node_modules');
      const isTakenIn = takenIn.includes(name) || isPackage;
      return isTakenIn && !leftOut.includes(name) && !isBuiltin(wanted)
        ? null
        : { path: wanted, external: true };
    });
  },
};

/** core/program-files.ts names files from the top of the folder, where it must therefore be. */
function checkPlace({ outputs }: Metafile, folder: string): void {
  for (const [file, { inputs }] of Object.entries(outputs))
    if (inputs['core/program-files.ts'] && path.dirname(file) !== path.normalize(folder))
      throw new Error(
        `core/program-files.ts became part of ${file}, and would look for files in the wrong place`,
      );
}

/** The client of the API runs in browsers too, so it is a file of its own that asks for nothing of Node's. */
export async function buildClient(folder: string): Promise<void> {
  await build({
    absWorkingDir: root,
    entryPoints: ['clients/genscene.ts'],
    outbase: '.',
    outdir: folder,
    bundle: true,
    format: 'esm',
    platform: 'neutral',
    target: 'es2022',
    sourcemap: true,
    sourcesContent: false,
    logLevel: 'warning',
  });
}

if (process.argv[1] === import.meta.filename) {
  await rm(path.join(root, 'dist'), { recursive: true, force: true });
  await buildProgram('dist', programEntries);
  await buildClient('dist');
}
