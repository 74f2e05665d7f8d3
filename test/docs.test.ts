/** The documents say what is so: table, settings, exit codes and links are checked against the code. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { EXIT } from '../cli/failure.ts';
import { loadConfig } from '../core/config.ts';
import { takenTypes } from '../core/ingest/media-type.ts';
import { parseScript } from '../core/script.ts';
import { parseStoryboardText } from '../core/storyboard-file.ts';
import { validateStoryboard } from '../core/validate.ts';
import { withTable } from '../scripts/storyboard-table.ts';

const root = path.resolve(import.meta.dirname, '..');
const read = (file: string): string => readFileSync(path.join(root, file), 'utf8');
const documents = [
  'README.md',
  'ARCHITECTURE.md',
  'CONTRIBUTING.md',
  'CHANGELOG.md',
  'THIRD_PARTY_NOTICES.md',
];

describe('README', () => {
  it('has the table of today’s schema', () => {
    const plain = (text: string): string => text.replaceAll(/[ -]+/g, ' ');
    expect(plain(read('README.md')), 'run npm run docs').toBe(plain(withTable(read('README.md'))));
  });

  it('names every exit code', () => {
    for (const code of Object.values(EXIT)) expect(read('README.md')).toContain(`\n| ${code} `);
  });

  it('has a storyboard and a script that are valid and alike', () => {
    const [yaml] = /(?<=```yaml\n)[\s\S]*?(?=```)/.exec(read('README.md'))!;
    const [script] = /(?<=```md\n)[\s\S]*?(?=```)/.exec(read('README.md'))!;
    const storyboard = validateStoryboard(parseStoryboardText(yaml, 'first.yaml').input);
    expect(storyboard).toMatchObject({ ok: true, warnings: [] });
    expect(validateStoryboard(parseScript(script, { name: 'first.md' }).storyboard)).toEqual(storyboard);
  });

  it('names every kind of media that is taken', () => {
    const [section] = /(?<=## Pictures, clips and sound it takes\n)[\s\S]*?(?=\n## )/.exec(
      read('README.md'),
    )!;
    for (const name of takenTypes) {
      const words = name === 'Ogg Speex' ? ['Ogg', 'Speex'] : [name];
      for (const word of words) expect(section).toMatch(new RegExp(`\\b${word}\\b`));
    }
  });

  it('explains only tags and settings that exist', () => {
    const tags = [...read('README.md').matchAll(/`(\[[a-z]+: [^\]`]+\])`/g)].map(([, tag]) =>
      tag!.replaceAll('\\|', '|'),
    );
    expect(tags.length).toBeGreaterThan(10);
    const filled = tags.map((tag) => tag.replace('position]', 'top]'));
    expect(() => parseScript(`Text.\n${filled.join('\n')}`, { name: 'a.md' })).not.toThrow();
  });
});

describe('.env.example', () => {
  const lines = read('.env.example').split('\n');
  const settings = lines.flatMap((line) => /^#([A-Z][A-Z0-9_]+)=(.*)$/.exec(line)?.slice(1, 2) ?? []);

  it('names every setting once, and no other', () => {
    const areas = readdirSync(path.join(root, 'core/config')).map((file) => read(`core/config/${file}`));
    const names = [
      ...[read('core/config.ts'), ...areas].join('\n').matchAll(/^ {2}([A-Z][A-Z0-9_]+):/gm),
    ].map(([, name]) => name!);
    expect(settings.toSorted()).toEqual(names.filter((name) => name !== 'PATH').toSorted());
  });

  it('gives values that are accepted', () => {
    const values = Object.fromEntries(lines.flatMap((line) => { const match = /^#([A-Z][A-Z0-9_]+)=(.*)$/.exec(line); return match ? [[match[1]!, match[2]!]] : []; })); // prettier-ignore
    expect(() => loadConfig(values)).not.toThrow();
  });
});

describe('links', () => {
  const links = documents.flatMap((document) =>
    [
      ...read(document)
        .replaceAll(/`[^`]*`/g, '')
        .matchAll(/\]\(([^)#\s]+)\)/g),
    ].map(([, link]) => ({ document, link: link! })),
  );
  it.each(links.filter(({ link }) => !link.includes('://')))('of $document: $link', ({ link }) => {
    expect(existsSync(path.join(root, link))).toBe(true);
  });

  it('are short enough: the walk has under 100 lines', () => {
    expect(read('ARCHITECTURE.md').split('\n').length).toBeLessThan(100);
  });
});
