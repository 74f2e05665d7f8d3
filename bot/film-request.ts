/** What someone typed, attached and chose → a storyboard as core takes it. */
import { decodeStoryboard, MAX_FILE_BYTES, parseStoryboardText } from '../core/doors.ts';
import { StudioError } from '../core/errors.ts';
import type { Storyboard, StoryboardInput } from '../core/schema/storyboard.ts';
import type { Asset, Caller, StudioService } from '../core/studio-service.ts';
import { csvScenes } from './csv-scenes.ts';
import { asDraft } from './drafts.ts';
import { captionModes, formats, type CaptionMode, type Format } from './looks.ts';
import type { ChannelSettings, IncomingFile, Locale } from './types.ts';

export type FilmWish = {
  text?: string | undefined;
  /** A script or storyboard, and pictures, clips and music in the order of the scenes. */
  files?: readonly IncomingFile[];
  /** Addresses of pictures or clips, after the files. */
  urls?: readonly string[];
  voice?: string | undefined;
  format?: Format | undefined;
  captions?: CaptionMode | undefined;
  draft?: boolean | undefined;
  /** The film this is an edited version of: what the text does not say stays. */
  base?: Storyboard | undefined;
};
export type FilmRequest = {
  storyboard: StoryboardInput;
  /** As it was written, for editing it later. */
  script: string | null;
};

type SceneInput = StoryboardInput['scenes'][number];

/** Seconds a picture without narration is shown. */
const PICTURE_SECONDS = 4;
/** Longest scene made of a clip without narration, s. */
const CLIP_SECONDS = 60;
const UPLOAD_MS = 120_000;
/** Of a title made of the first words, characters. */
const TITLE_LENGTH = 60;

/**
 * Reads the script, keeps the uploads, and fills in what the options and the channel say.
 * @throws {StudioError} invalid_storyboard, invalid_request, and those of saveAsset and of fetching files
 */
export async function filmRequest(
  wish: FilmWish,
  deps: {
    studio: Pick<StudioService, 'saveAsset'>;
    caller: Caller;
    settings: ChannelSettings;
    locale: Locale;
    signal?: AbortSignal;
  },
): Promise<FilmRequest> {
  const signal = deps.signal ?? AbortSignal.timeout(UPLOAD_MS);
  const files = wish.files ?? [];
  const script = await scriptOf(wish.text, files.filter(isScript), signal);
  const assets = await saveAll(
    files.filter((file) => !isScript(file)),
    deps,
    signal,
  );
  const written = script === null ? { scenes: [] } : read(script);
  const withBase = wish.base ? over(wish.base, written) : written;
  const titled = script === null ? withBase : withTitle(withBase);
  const storyboard = withChoices(withMedia(titled, assets, wish.urls ?? []), wish, deps);
  return { storyboard: wish.draft ? asDraft(storyboard) : storyboard, script: script?.text ?? null };
}

type Script = { text: string; name: string };

function isScript(file: IncomingFile): boolean {
  return (
    /\.(txt|text|md|markdown|json|ya?ml|csv)$/i.test(file.name) || /^text\//.test(file.contentType ?? '')
  );
}

async function scriptOf(
  typed: string | undefined,
  files: readonly IncomingFile[],
  signal: AbortSignal,
): Promise<Script | null> {
  const text = typed?.trim() ? typed : null;
  if (files.length + (text === null ? 0 : 1) > 1)
    throw new StudioError('invalid_request', 'There is more than one script.', {
      issues: [{ path: 'script', message: 'is given twice; send either text or one file' }],
    });
  const [file] = files;
  if (file) return { text: decodeStoryboard(await bytesOf(file, signal), file.name), name: file.name };
  return text === null ? null : { text, name: 'script.md' };
}

/** @throws {StudioError} too_large as soon as it is known to be */
async function bytesOf(file: IncomingFile, signal: AbortSignal): Promise<Uint8Array> {
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of await file.open(signal)) {
    size += (part as Buffer).length;
    if (size > MAX_FILE_BYTES)
      throw new StudioError('too_large', `${file.name} is longer than ${MAX_FILE_BYTES / 1024 ** 2} MB.`);
    parts.push(part as Buffer);
  }
  return Buffer.concat(parts);
}

/** One after the other: vetting is work. */
async function saveAll(
  files: readonly IncomingFile[],
  { studio, caller }: { studio: Pick<StudioService, 'saveAsset'>; caller: Caller },
  signal: AbortSignal,
): Promise<Asset[]> {
  const assets: Asset[] = [];
  for (const file of files) {
    try {
      assets.push(await studio.saveAsset(await file.open(signal), caller, signal));
    } catch (error) {
      if (!(error instanceof StudioError)) throw error;
      const issues = [{ path: file.name, message: error.message }];
      throw new StudioError(error.code, error.message, { issues, hint: error.hint, cause: error });
    }
  }
  return assets;
}

function read({ text, name }: Script): Partial<StoryboardInput> & Pick<StoryboardInput, 'scenes'> {
  const input = /\.csv$/i.test(name) ? { scenes: csvScenes(text) } : parseStoryboardText(text, name).input;
  if (typeof input !== 'object' || input === null || Array.isArray(input))
    throw new StudioError('invalid_storyboard', 'That is no storyboard.', {
      issues: [{ path: '', message: 'must have "scenes"' }],
    });
  // Whatever it is: core validates it, and says what is wrong with it.
  return input as StoryboardInput;
}

/** Untitled films are told apart by how they begin. */
function withTitle(storyboard: StoryboardInput): StoryboardInput {
  if (storyboard.title || !Array.isArray(storyboard.scenes)) return storyboard;
  const text = storyboard.scenes.map((scene) => (scene as SceneInput | null)?.text).find((words) => words);
  if (typeof text !== 'string') return storyboard;
  const sentence = text
    .trim()
    .split(/(?<=[.!?…])\s|\n/)[0]!
    .replace(/[.,;:\s]+$/, '');
  const words =
    sentence.length <= TITLE_LENGTH ? sentence : `${sentence.slice(0, TITLE_LENGTH).replace(/\s+\S*$/, '')}…`;
  return words ? { ...storyboard, title: words } : storyboard;
}

/** A new script over an older film: its settings and, scene by scene, its media stay. */
function over(base: Storyboard, written: StoryboardInput): StoryboardInput {
  const { scenes: before, metadata: _metadata, ...settings } = base;
  const scenes = Array.isArray(written.scenes)
    ? written.scenes.map((scene, index) => withOldMedia(scene, before[index]))
    : written.scenes;
  return { ...settings, ...written, output: { ...settings.output, ...written.output }, scenes };
}

function withOldMedia(scene: SceneInput, before: Storyboard['scenes'][number] | undefined): SceneInput {
  if (typeof scene !== 'object' || scene === null || scene.media || !before?.media) return scene;
  return { ...scene, media: before.media };
}

/**
 * Scenes without a picture get one each, in order; what is left over becomes scenes of its own. Sound is
 * music. Where there are too few for all, bare titles share the picture of the scene that follows them.
 */
function withMedia(
  storyboard: StoryboardInput,
  assets: readonly Asset[],
  urls: readonly string[],
): StoryboardInput {
  const music = assets.find(({ type }) => type === 'audio');
  const media: SceneInput[] = [
    ...assets.filter(({ type }) => type !== 'audio').map(sceneOfAsset),
    ...urls.map(sceneOfAddress),
  ];
  const given = Array.isArray(storyboard.scenes) ? storyboard.scenes : [];
  const isFew = media.length > 0 && media.length < given.filter(isBare).length;
  const scenes = given.map((scene) => {
    if (!isBare(scene) || (isFew && isTitleOnly(scene))) return scene;
    const next = media.shift();
    return next ? { ...scene, media: next.media } : scene;
  });
  scenes.forEach((scene, index) => {
    const following = scenes[index + 1];
    if (isFew && isBare(scene) && isTitleOnly(scene) && following?.media)
      scenes[index] = { ...scene, media: following.media };
  });
  return {
    ...storyboard,
    ...(music ? { soundtrack: { src: music.src, ...storyboard.soundtrack } } : {}),
    scenes: Array.isArray(storyboard.scenes) ? [...scenes, ...media] : storyboard.scenes,
  };
}

/** Whether a scene waits for a picture; what is no scene at all is left for core to say. */
function isBare(scene: SceneInput): boolean {
  return typeof scene === 'object' && scene !== null && !scene.media;
}

function isTitleOnly({ title, text, audio }: SceneInput): boolean {
  return title !== undefined && text === undefined && audio === undefined;
}

function sceneOfAsset({ type, src, duration }: Asset): SceneInput {
  if (type === 'video')
    return {
      media: { type: 'video', src },
      duration: Math.max(1, Math.min(CLIP_SECONDS, duration ?? PICTURE_SECONDS)),
    };
  return { media: { type: 'image', src }, duration: PICTURE_SECONDS };
}

function sceneOfAddress(src: string): SceneInput {
  const isClip = /\.(mp4|mov|webm|mkv|m4v)($|\?)/i.test(src);
  return { media: { type: isClip ? 'video' : 'image', src }, duration: PICTURE_SECONDS };
}

/** Options win over the script, the script over what the channel has set. */
function withChoices(
  storyboard: StoryboardInput,
  wish: FilmWish,
  { settings, locale }: { settings: ChannelSettings; locale: Locale },
): StoryboardInput {
  const aspectRatio = wish.format
    ? formats[wish.format]
    : (storyboard.output?.aspectRatio ?? formatOf(settings.format));
  const captions = wish.captions
    ? { ...storyboard.captions, ...captionModes[wish.captions] }
    : (storyboard.captions ?? captionsOf(settings.captions));
  const voice = wish.voice
    ? { ...storyboard.voice, name: wish.voice }
    : (storyboard.voice ?? (settings.voice ? { name: settings.voice } : undefined));
  return {
    ...storyboard,
    language: storyboard.language ?? settings.locale ?? locale,
    ...(voice ? { voice } : {}),
    ...(aspectRatio ? { output: { ...storyboard.output, aspectRatio } } : {}),
    ...(captions ? { captions } : {}),
  };
}

function formatOf(name: string | undefined): Storyboard['output']['aspectRatio'] | undefined {
  return name && Object.hasOwn(formats, name) ? formats[name as Format] : undefined;
}

function captionsOf(name: string | undefined): StoryboardInput['captions'] {
  return name && Object.hasOwn(captionModes, name) ? captionModes[name as CaptionMode] : undefined;
}
