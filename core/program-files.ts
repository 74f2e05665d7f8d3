/**
 * Where the files are that the program starts or reads besides itself, and how a thread of it is begun: in the
 * source each lies beside its kin, in the built program (scripts/build.ts) below `core/` of the one folder.
 */
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { Worker, type WorkerOptions } from 'node:worker_threads';

/** Built, this very file is part of one at the top of the program's folder, which scripts/build.ts makes sure of. */
const isSource = import.meta.url.endsWith('.ts');

/** @param name below core/; without an ending it is a module, e.g. `compositor/thread` */
export function programFile(name: string): URL {
  const hasEnding = /\.\w+$/.test(name);
  if (isSource) return new URL(hasEnding ? name : `${name}.ts`, import.meta.url);
  return new URL(`core/${hasEnding ? name : `${name}.js`}`, import.meta.url);
}

/** Arguments to Node that let a process of its own read our modules. */
export function moduleArguments(): string[] {
  return isSource ? ['--import', pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href] : [];
}

/** @param name as of {@link programFile} */
export function openThread(name: string, options: WorkerOptions): Worker {
  const file = programFile(name);
  if (!isSource) return new Worker(file, options);
  // A new thread must first be taught to read TypeScript.
  const packageFile = pathToFileURL(createRequire(import.meta.url).resolve('tsx/package.json'));
  const tsx = JSON.stringify(new URL('dist/esm/api/index.mjs', packageFile).href);
  const bootstrap = `import(${tsx}).then(({ register }) => { register(); return import(${JSON.stringify(file.href)}); })`;
  return new Worker(bootstrap, { ...options, eval: true, execArgv: [] });
}
