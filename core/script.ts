/**
 * Scripts: the storyboard as people type it, in Markdown or plain text. A blank line parts scenes,
 * `[tag: value]` says what is shown, `# Title` and `## Heading` become titles.
 * A tag that cannot be right is a fault with its line number; everything else is narration.
 */
import { parse as parseYaml, YAMLParseError } from 'yaml';
import { StudioError, type Issue } from './errors.ts';
import type { StoryboardInput } from './schema/storyboard.ts';
import { scriptBlocks, type Block } from './script-blocks.ts';
import { readTag, type SceneInput, type TagEffect } from './script-tags.ts';

export type ParsedScript = {
  storyboard: StoryboardInput;
  warnings: string[];
  /** Line of the script, from 1, on which each scene begins. */
  sceneLines: number[];
};

/** More faults than anyone reads at once. */
const MOST_ISSUES = 200;

type Draft = ParsedScript & {
  issues: Issue[];
  /** What the next scene begins with: set by blocks that hold nothing but settings or a heading. */
  pending: SceneInput;
  voice: SceneInput['voice'];
};

/**
 * Reads a script. Tags in a scene's block count for that scene; a block of nothing but `[voice: …]`,
 * `[transition: …]`, `[effect: …]` or `[duration: …]` is for what follows: a voice from there on, the
 * others for the next scene. Markdown's emphasis, links and comments do not reach the narration
 * unless `name` ends in `.txt`.
 * @throws {StudioError} invalid_storyboard listing every fault by its line
 */
export function parseScript(text: string, options: { name: string }): ParsedScript {
  const lines = text.replace(/^\uFEFF/, '').split(/\r\n|\r|\n/);
  const issues: Issue[] = [];
  const front = frontMatter(lines, issues);
  const markdown = !/\.te?xt$/i.test(options.name);
  const draft: Draft = {
    storyboard: { ...front.fields, scenes: [] },
    warnings: [],
    sceneLines: [],
    issues,
    pending: {},
    voice: undefined,
  };
  // What is not a list of speakers is found by validation.
  const speakers = Object.keys(front.fields.speakers ?? {});
  for (const block of scriptBlocks(lines, { firstLine: front.end, markdown, issues, speakers }))
    addBlock(draft, block);
  if (draft.pending.title) addScene(draft, {}, lines.length);
  if (issues.length > 0) throw faultyScript(issues);
  if (draft.storyboard.scenes.length === 0)
    throw faultyScript([{ path: 'line 1', message: 'the script has no scene; write some text' }]);
  return { storyboard: draft.storyboard, warnings: draft.warnings, sceneLines: draft.sceneLines };
}

function faultyScript(unsorted: Issue[]): StudioError {
  const issues = unsorted.toSorted((a, b) => lineOf(a) - lineOf(b));
  const many = issues.length === 1 ? 'a fault' : `${issues.length} faults`;
  return new StudioError('invalid_storyboard', `The script has ${many}.`, {
    issues: issues.slice(0, MOST_ISSUES),
    hint: 'Correct these lines. A bracket that is part of the narration is written \\[.',
  });
}

function lineOf(issue: Issue): number {
  return Number(issue.path.replace('line ', ''));
}

/** A YAML block between two lines of `---` at the very top: any field of a storyboard but its scenes. */
function frontMatter(
  lines: string[],
  issues: Issue[],
): { fields: Omit<StoryboardInput, 'scenes'>; end: number } {
  if (lines[0]?.trimEnd() !== '---') return { fields: {}, end: 0 };
  const end = lines.findIndex((line, index) => index > 0 && /^(---|\.\.\.)\s*$/.test(line));
  // A lone rule at the top is just a rule.
  if (end === -1) return { fields: {}, end: 1 };
  try {
    const fields: unknown =
      parseYaml(lines.slice(1, end).join('\n'), { maxAliasCount: 20, prettyErrors: false }) ?? {};
    if (typeof fields !== 'object' || fields === null || Array.isArray(fields))
      throw new TypeError('it must be a list of "name: value" lines');
    if (Object.hasOwn(fields, 'scenes'))
      throw new TypeError('the scenes of a script are its text; remove "scenes"');
    return { fields, end: end + 1 };
  } catch (error) {
    const offset = error instanceof YAMLParseError ? error.pos[0] : 0;
    const line = lines.slice(1, end).join('\n').slice(0, offset).split('\n').length + 1;
    issues.push({
      path: `line ${line}`,
      message: `the block between the "---" lines cannot be read: ${(error as Error).message}`,
    });
    return { fields: {}, end: end + 1 };
  }
}

function addBlock(draft: Draft, block: Block): void {
  if (block.kind === 'heading') return addHeading(draft, block);
  const effects = block.tags.flatMap((tag) => {
    const result = readTag(tag.name, tag.value);
    if (typeof result !== 'string') return [result];
    draft.issues.push({ path: `line ${tag.line}`, message: result });
    return [];
  });
  const scene: SceneInput = {};
  for (const effect of effects) applyTag(draft, scene, effect);
  if (block.text !== '') scene.text = block.text;
  // Text, a picture, a title or own narration make a scene; anything less is about what follows.
  if (scene.text !== undefined || scene.media || scene.title || scene.audio)
    addScene(draft, scene, block.line);
  else keepForLater(draft, scene);
}

/** The first `#` names the film and opens it; later ones open chapters. `##` captions the next scene. */
function addHeading(draft: Draft, block: Extract<Block, { kind: 'heading' }>): void {
  if (block.level === 1) {
    if (draft.pending.title) addScene(draft, {}, block.line);
    draft.storyboard.title ??= block.text;
    addScene(draft, { title: { text: block.text } }, block.line);
  } else {
    if (draft.pending.title) addScene(draft, {}, block.line);
    draft.pending.title = { text: block.text, position: 'lowerThird' };
  }
}

function applyTag(draft: Draft, scene: SceneInput, effect: TagEffect): void {
  if ('soundtrack' in effect)
    draft.storyboard.soundtrack = { ...draft.storyboard.soundtrack, ...effect.soundtrack };
  else Object.assign(scene, effect.scene);
}

function addScene(draft: Draft, own: SceneInput, line: number): void {
  const scene: SceneInput = { ...draft.pending, ...own };
  draft.pending = {};
  const before = draft.storyboard.scenes.at(-1);
  if (scene.text !== undefined && scene.voice === undefined && draft.voice) scene.voice = draft.voice;
  if (scene.text !== undefined && scene.media === undefined && before && isPictureOnly(before)) {
    draft.warnings.push(
      `line ${line}: the picture of line ${draft.sceneLines.at(-1)} is a silent scene of its own; remove the blank line between them to put it under this text.`,
    );
  }
  draft.storyboard.scenes.push(scene);
  draft.sceneLines.push(line);
}

function isPictureOnly(scene: SceneInput): boolean {
  return (
    scene.media !== undefined &&
    scene.text === undefined &&
    !scene.title &&
    !scene.audio &&
    scene.duration === undefined
  );
}

function keepForLater(draft: Draft, settings: SceneInput): void {
  const { voice, ...next } = settings;
  if (voice && draft.storyboard.scenes.every((scene) => scene.text === undefined))
    draft.storyboard.voice = voice;
  else if (voice) draft.voice = voice;
  Object.assign(draft.pending, next);
}
