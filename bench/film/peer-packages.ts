/** Packages that are compared with, installed by npm outside the project and kept for the next time. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';

/** Some are compiled on the way. ms */
const AT_MOST_MS = 15 * 60_000;

/**
 * Installs into `$XDG_CACHE_HOME/genscene-bench/<name>` unless that is there; only whole installations get
 * this name.
 * @returns the folder
 * @throws {Error} with npm's most telling line
 */
export async function installPackages(name: string, packages: string[]): Promise<string> {
  const cache = process.env['XDG_CACHE_HOME'] ?? path.join(os.homedir(), '.cache');
  const folder = path.join(cache, 'genscene-bench', name);
  if (existsSync(path.join(folder, 'node_modules'))) return folder;
  process.stderr.write(`Installing ${name} …\n`);
  const unfinished = `${folder}.unfinished`;
  await rm(unfinished, { recursive: true, force: true });
  await mkdir(unfinished, { recursive: true });
  await writeFile(path.join(unfinished, 'package.json'), '{ "private": true, "type": "module" }\n');
  try {
    await npmInstall(unfinished, packages);
    await rename(unfinished, folder);
  } finally {
    await rm(unfinished, { recursive: true, force: true });
  }
  return folder;
}

async function npmInstall(folder: string, packages: string[]): Promise<void> {
  const npm = spawn('npm', ['install', '--no-save', '--no-audit', '--no-fund', ...packages], {
    cwd: folder,
    // Browsers are those of the system, as for everyone.
    env: { ...process.env, PUPPETEER_SKIP_DOWNLOAD: 'true' },
    stdio: ['ignore', 'ignore', 'pipe'],
    detached: true,
  });
  let said = '';
  npm.stderr.setEncoding('utf8').on('data', (text: string) => (said = (said + text).slice(-20_000)));
  const limit = setTimeout(() => process.kill(-npm.pid!, 'SIGKILL'), AT_MOST_MS);
  const [code, signal] = (await once(npm, 'close')) as [number | null, string | null];
  clearTimeout(limit);
  if (code === 0) return;
  if (signal) throw new Error(`npm install was ended by ${signal}, after ${AT_MOST_MS / 60_000} min at most`);
  const lines = said.split('\n').map((line) => line.replace(/^npm (error|ERR!) ?/i, ''));
  const telling =
    lines.find((line) => /not found|no such file|no matching version|ENOTFOUND|unsupported/i.test(line)) ??
    lines.find((line) => line.trim());
  throw new Error(`npm install failed: ${telling ?? `exit code ${code}`}`);
}
