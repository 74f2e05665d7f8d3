/** The rules about imports and forbidden globals: our tree keeps them, and planted violations prove that they bite. */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const root = path.resolve(import.meta.dirname, '..');
const folders = [
  'cli.ts',
  'app.ts',
  'cli',
  'core',
  'api',
  'bot',
  'monitoring',
  'scripts',
  'examples',
  'test',
];
const tool = (name: string): string => path.join(root, 'node_modules', '.bin', name);

/** What breaks each rule, in one file that does. */
const planted: Record<string, [file: string, imported: string]> = {
  'core-knows-nobody': ['core/gossip.ts', '../api/server.ts'],
  'doors-are-strangers-api': ['api/neighbour.ts', '../bot/types.ts'],
  'doors-are-strangers-bot': ['bot/neighbour.ts', '../monitoring/index.ts'],
  'doors-are-strangers-monitoring': ['monitoring/neighbour.ts', '../api/server.ts'],
  'platforms-are-strangers-discord': ['bot/discord/neighbour.ts', '../slack/format.ts'],
  'platforms-are-strangers-slack': ['bot/slack/neighbour.ts', '../discord/format.ts'],
  'discord-sdk-in-its-folder': ['bot/reporter.ts', 'discord.js'],
  'slack-sdk-in-its-folder': ['bot/messages.ts', '@slack/bolt'],
  'one-door': ['api/shortcut.ts', '../core/pipeline/render.ts'],
  'one-door-for-the-command-line': ['cli/shortcut.ts', '../core/pipeline/render.ts'],
  'drivers-behind-the-factory-jobs': ['core/worker.ts', './jobs/embedded/index.ts'],
  'drivers-behind-the-factory-storage': ['core/saving.ts', './storage/local.ts'],
  'drivers-behind-the-factory-tts': ['core/talking.ts', './tts/engines/espeak.ts'],
  'only-the-root-wires': ['core/pipeline/narrate.ts', '../tts/index.ts'],
  'schema-is-the-floor': ['core/schema/high.ts', '../errors.ts'],
  'one-process-starter': ['core/pipeline/package.ts', 'node:child_process'],
  'ffmpeg-in-one-file': ['core/tts/convert.ts', 'fluent-ffmpeg'],
  'production-knows-no-tests': ['cli/trial.ts', '../test/helper.ts'],
  'no-development-packages-in-production': ['cli/tool.ts', 'only-for-development'],
  'no-cycles': ['core/cycle-a.ts', './cycle-b.ts'],
  'no-orphans': ['core/lonely.ts', ''],
  'nothing-missing': ['core/astray.ts', './nowhere.ts'],
};

/** Innocent files the planted ones point at. */
const innocent: Record<string, string> = {
  'core/cycle-b.ts': `import { planted } from './cycle-a.ts';\nexport const target = planted;\n`,
  ...Object.fromEntries(
    [
      'api/server.ts',
      'bot/types.ts',
      'bot/discord/format.ts',
      'bot/slack/format.ts',
      'monitoring/index.ts',
      'core/errors.ts',
      'core/pipeline/render.ts',
      'core/jobs/embedded/index.ts',
      'core/storage/local.ts',
      'core/tts/index.ts',
      'core/tts/engines/espeak.ts',
      'test/helper.ts',
    ].map((file) => [file, 'export const target = 1;\n']),
  ),
};

type Report = { summary: { violations: { from: string; rule: { name: string } }[] } };

function cruise(cwd: string): Report['summary']['violations'] {
  const here = folders.filter((folder) => spawnSync('test', ['-e', path.join(cwd, folder)]).status === 0);
  const config = path.join(root, '.dependency-cruiser.cjs');
  const run = spawnSync(
    process.execPath,
    [tool('depcruise'), '--config', config, '--output-type', 'json', ...here],
    { cwd, encoding: 'utf8', maxBuffer: 64 * 1024 ** 2 },
  );
  if (!run.stdout.startsWith('{')) throw new Error(`dependency-cruiser failed: ${run.stdout}${run.stderr}`);
  return (JSON.parse(run.stdout) as Report).summary.violations;
}

let garden: string;

beforeAll(() => {
  garden = mkdtempSync(path.join(tmpdir(), 'genscene-boundaries-'));
  const write = (file: string, text: string): void => {
    mkdirSync(path.dirname(path.join(garden, file)), { recursive: true });
    writeFileSync(path.join(garden, file), text);
  };
  for (const [file, text] of Object.entries(innocent)) write(file, text);
  for (const [file, imported] of Object.values(planted)) {
    const named = imported.startsWith('.')
      ? `import { target } from '${imported}';`
      : `import target from '${imported}';`;
    write(
      file,
      imported === '' ? 'export const planted = 1;\n' : `${named}\nexport const planted = target;\n`,
    );
  }
  const packages = ['discord.js', '@slack/bolt', 'fluent-ffmpeg', 'only-for-development'];
  for (const name of packages) {
    write(`node_modules/${name}/package.json`, JSON.stringify({ name, version: '1.0.0', main: 'index.js' }));
    write(`node_modules/${name}/index.js`, 'module.exports = 1;\n');
  }
  const dependencies = Object.fromEntries(packages.slice(0, 3).map((name) => [name, '1.0.0']));
  write(
    'package.json',
    JSON.stringify({
      name: 'garden',
      type: 'module',
      dependencies,
      devDependencies: { 'only-for-development': '1.0.0' },
    }),
  );
  cpSync(path.join(root, '.oxlintrc.json'), path.join(garden, '.oxlintrc.json'));
  const { compilerOptions } = JSON.parse(readFileSync(path.join(root, 'tsconfig.json'), 'utf8')) as {
    compilerOptions: object;
  };
  write('tsconfig.json', JSON.stringify({ compilerOptions: { ...compilerOptions, types: [] } }));
});

afterAll(() => rmSync(garden, { recursive: true, force: true }));

describe('imports', () => {
  it('of our own tree keep every rule', () => {
    const violations = cruise(root);
    expect(violations.map(({ from, rule }) => `${rule.name}: ${from}`)).toEqual([]);
  });

  it('that are planted break each rule, and every rule has a plant', () => {
    const { forbidden } = createRequire(import.meta.url)('../.dependency-cruiser.cjs') as {
      forbidden: { name: string }[];
    };
    expect(Object.keys(planted).toSorted()).toEqual(forbidden.map((rule) => rule.name).toSorted());
    const violations = cruise(garden);
    const bitten = new Set(violations.map(({ from, rule }) => `${rule.name}: ${from}`));
    const expected = Object.entries(planted).map(([rule, [file]]) => `${rule}: ${file}`);
    expect(expected.filter((violation) => !bitten.has(violation))).toEqual([]);
  });
});

describe('lint', () => {
  it('lets only cli.ts read the environment, only the command line use console, and no promise float', () => {
    const bad =
      'export const port = process.env["PORT"];\nconsole.log(port);\nasync function later(): Promise<void> {}\nlater();\n';
    for (const file of ['core/loose.ts', 'cli/loose.ts', 'cli.ts'])
      writeFileSync(path.join(garden, file), bad);
    const run = spawnSync(
      tool('oxlint'),
      ['--type-aware', '--format', 'json', 'core/loose.ts', 'cli/loose.ts', 'cli.ts'],
      { cwd: garden, encoding: 'utf8' },
    );
    const { diagnostics } = JSON.parse(run.stdout) as { diagnostics: { code: string; filename: string }[] };
    const found = diagnostics
      .map(({ code, filename }) => `${filename}: ${code.replace(/^.*\(|\)$/g, '')}`)
      .toSorted();
    expect(found).toEqual([
      'cli.ts: no-floating-promises',
      'cli/loose.ts: no-floating-promises',
      'cli/loose.ts: no-process-env',
      'core/loose.ts: no-console',
      'core/loose.ts: no-floating-promises',
      'core/loose.ts: no-process-env',
    ]);
    expect(run.status).toBe(1);
  });
});
