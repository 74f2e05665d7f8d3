/** Plain JavaScript of a TypeScript program, for tests that start many processes: tsx costs each 0.7 s of CPU. */
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import ts from 'typescript';

const root = path.resolve(import.meta.dirname, '../..');

/** Compiles a file and all it imports from the project. `dispose` removes the result. */
export async function compileProgram(entry: string): Promise<{ file: string; dispose: () => Promise<void> }> {
  // Below node_modules, so that packages are found from there.
  const cache = path.join(root, 'node_modules/.cache');
  await mkdir(cache, { recursive: true });
  const folder = await mkdtemp(path.join(cache, 'program-'));
  await writeFile(path.join(folder, 'package.json'), '{ "type": "module" }');
  const done = new Set<string>();
  const queue = [path.resolve(root, entry)];
  for (const file of queue) {
    if (done.has(file)) continue;
    done.add(file);
    const source = await readFile(file, 'utf8');
    for (const { fileName } of ts.preProcessFile(source).importedFiles) {
      if (fileName.startsWith('.')) queue.push(path.resolve(path.dirname(file), fileName));
    }
    const target = path.join(folder, path.relative(root, file)).replace(/\.ts$/, '.js');
    await mkdir(path.dirname(target), { recursive: true });
    await writeFile(target, ts.transpileModule(source, { compilerOptions }).outputText);
  }
  const file = path.join(folder, entry).replace(/\.ts$/, '.js');
  return { file, dispose: () => rm(folder, { recursive: true, force: true }) };
}

const compilerOptions: ts.CompilerOptions = {
  target: ts.ScriptTarget.ES2022,
  module: ts.ModuleKind.ESNext,
  verbatimModuleSyntax: true,
  rewriteRelativeImportExtensions: true,
};
