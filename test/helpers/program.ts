/**
 * The whole program as plain JavaScript, for all that tests and benches start as a process or a thread of its own:
 * tsx costs each of them one or two seconds of CPU, and names every closure anew. Made once before the tests, and
 * only of files that changed.
 */
import { copyFile, mkdir, readdir, readFile, rename, stat, utimes, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { threadId } from 'node:worker_threads';

/** Below node_modules, so that packages are found from there. */
const place = 'node_modules/.cache/genscene-program';
/** Also where this file itself runs as made. */
const root = path.resolve(import.meta.dirname.replace(path.normalize(place), ''), '../..');
const folder = path.join(root, place);
const parts = [
  'cli.ts',
  'app.ts',
  'app',
  'cli',
  'core',
  'api',
  'bot',
  'monitoring',
  'clients',
  'bench',
  'test',
];

/** @param source path from the project's root, e.g. `cli.ts` @returns the file to start with `node` */
export function programFile(source: string): string {
  return path.join(folder, source.replace(/\.ts$/, '.js'));
}

/** Runs the program as app-process.ts's settings say, which are its only argument, as JSON. */
export const appProcess = programFile('test/helpers/app-process.ts');

/** Makes what is missing or older than its source. Several may do so at once. */
export async function makeProgram(): Promise<void> {
  await mkdir(folder, { recursive: true });
  await renew('package.json', (from, to) => copyFile(from, to));
  for (const part of parts) {
    const names = part.endsWith('.ts') ? [''] : await readdir(path.join(root, part), { recursive: true });
    const files = names.map((name) => path.join(part, name));
    await Promise.all(files.filter(isCode).map((name) => renew(name, compile)));
    await Promise.all(
      files
        .filter((name) => name.endsWith('.wasm'))
        .map((name) => renew(name, (from, to) => copyFile(from, to))),
    );
  }
}

function isCode(name: string): boolean {
  return (
    name.endsWith('.ts') &&
    !name.endsWith('.test.ts') &&
    !name.endsWith('.d.ts') &&
    !name.startsWith('core/compositor/kernel/')
  );
}

/** The result carries its source's time of change: a checkout may bring an older one. */
async function renew(name: string, make: (from: string, to: string) => Promise<void>): Promise<void> {
  const [from, to] = [path.join(root, name), programFile(name)];
  const source = await stat(from);
  const made = await stat(to).catch(() => null);
  if (made && Math.abs(made.mtimeMs - source.mtimeMs) < 1) return;
  await mkdir(path.dirname(to), { recursive: true });
  const fresh = `${to}.${process.pid}-${threadId}`;
  await make(from, fresh);
  await utimes(fresh, source.atime, source.mtime);
  await rename(fresh, to);
}

async function compile(from: string, to: string): Promise<void> {
  const { default: ts } = await import('typescript');
  const { outputText } = ts.transpileModule(await readFile(from, 'utf8'), {
    compilerOptions: {
      target: ts.ScriptTarget.ES2022,
      module: ts.ModuleKind.ESNext,
      verbatimModuleSyntax: true,
      rewriteRelativeImportExtensions: true,
    },
  });
  await writeFile(to, outputText);
}
