/** The committed kernel.wasm is what its source compiles to, with the options of `npm run build:kernel`. */
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';

it('kernel.wasm is up to date with kernel.ts', async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'genscene-kernel-'));
  const script = (JSON.parse(await readFile('package.json', 'utf8')) as { scripts: Record<string, string> })
    .scripts['build:kernel']!;
  const out = path.join(folder, 'kernel.wasm');
  const [, ...args] = script.replace('core/compositor/kernel.wasm', out).split(' ');
  await promisify(execFile)(process.execPath, [
    path.resolve('node_modules/assemblyscript/bin/asc.js'),
    ...args,
  ]);
  expect((await readFile(out)).equals(await readFile('core/compositor/kernel.wasm'))).toBe(true);
  await rm(folder, { recursive: true });
});
