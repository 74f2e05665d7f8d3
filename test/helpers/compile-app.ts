/** The whole program as plain JavaScript, for tests that start and kill it many times: tsx costs each start a second. */
import { copyFile, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import ts from 'typescript';

const root = path.resolve(import.meta.dirname, '../..');
const parts = ['core', 'api', 'bot', 'monitoring', 'app', 'app.ts', 'test/helpers/app-process.ts'];
const compilerOptions: ts.CompilerOptions = {
  target: ts.ScriptTarget.ES2022,
  module: ts.ModuleKind.ESNext,
  verbatimModuleSyntax: true,
  rewriteRelativeImportExtensions: true,
};

/** @returns the file to start with `node`; `dispose` removes all */
export async function compileApp(): Promise<{ file: string; dispose: () => Promise<void> }> {
  // Below node_modules, so that packages are found from there.
  const cache = path.join(root, 'node_modules/.cache');
  await mkdir(cache, { recursive: true });
  const folder = await mkdtemp(path.join(cache, 'app-'));
  await writeFile(path.join(folder, 'package.json'), '{ "type": "module" }');
  for (const part of parts) {
    const names = part.endsWith('.ts') ? [''] : await readdir(path.join(root, part), { recursive: true });
    for (const name of names) await compile(path.join(part, name), folder);
  }
  const file = path.join(folder, 'test/helpers/app-process.js');
  return { file, dispose: () => rm(folder, { recursive: true, force: true }) };
}

async function compile(name: string, folder: string): Promise<void> {
  const isCode =
    name.endsWith('.ts') && !name.endsWith('.d.ts') && !name.startsWith('core/compositor/kernel/');
  if (!isCode && !name.endsWith('.wasm')) return;
  const target = path.join(folder, name);
  await mkdir(path.dirname(target), { recursive: true });
  if (!isCode) return copyFile(path.join(root, name), target);
  const source = await readFile(path.join(root, name), 'utf8');
  await writeFile(target.replace(/\.ts$/, '.js'), ts.transpileModule(source, { compilerOptions }).outputText);
}
