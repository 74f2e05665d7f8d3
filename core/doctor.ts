/**
 * `genscene doctor`: whether everything a film needs is here and works, each fault with its cure.
 * Findings that are fine but could be better are `ok` and have a cure all the same.
 */
import { constants } from 'node:fs';
import { access, mkdir, mkdtemp, rm, statfs, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { filesAddress, type Config } from './config.ts';
import { openFonts } from './drawing/fonts.ts';
import { asStudioError, StudioError } from './errors.ts';
import { Ffmpeg, findFfmpeg, type Capabilities } from './ffmpeg.ts';
import { createSpeech, speechOptions } from './tts/index.ts';
import type { EngineName, Speech, Voice } from './tts/types.ts';

export type Finding = {
  name: string;
  ok: boolean;
  detail: string;
  cure?: string;
};

/** Runs every check; none of them throws, a broken part is a finding. Starts ffmpeg and each local engine once. */
export async function runDoctor(config: Config, signal?: AbortSignal): Promise<Finding[]> {
  const findings = await Promise.all([
    ffmpeg(config, signal),
    speech(config, signal),
    dataFolder(config.dataDir),
    guards(),
  ]);
  return [...nodeVersion(process.versions.node), ...findings.flat(), ...fonts(), links(config)];
}

const OLDEST_NODE = [20, 19] as const;

/** @internal */
export function nodeVersion(version: string): Finding[] {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const ok = major > OLDEST_NODE[0] || (major === OLDEST_NODE[0] && minor >= OLDEST_NODE[1]);
  const cure = `Install Node.js ${OLDEST_NODE.join('.')} or newer, e.g. from nodejs.org.`;
  return [{ name: 'Node.js', ok, detail: version, ...(ok ? {} : { cure }) }];
}

/** What we ask of ffmpeg, and what each is for. */
const needed: Record<'encoders' | 'decoders' | 'demuxers' | 'filters', readonly string[]> = {
  encoders: ['libx264', 'aac', 'rawvideo', 'pcm_f32le'],
  decoders: ['h264', 'hevc', 'vp9', 'mpeg4', 'aac', 'mp3', 'opus', 'vorbis', 'flac', 'pcm_s16le', 'rawvideo'],
  demuxers: ['mov', 'matroska', 'mp3', 'wav', 'ogg', 'flac', 'concat', 'rawvideo'],
  filters: [
    'scale',
    'fps',
    'format',
    'setpts',
    'setsar',
    'crop',
    'pad',
    'overlay',
    'split',
    'gblur',
    'colorlevels',
    'aresample',
  ],
};

/** What some storyboards ask for, with what will not work without it. */
const useful: { part: keyof typeof needed; name: string; without: string }[] = [
  { part: 'encoders', name: 'libvpx-vp9', without: 'output format webm' },
  { part: 'encoders', name: 'libopus', without: 'output format webm and Ogg speech' },
  { part: 'encoders', name: 'libmp3lame', without: 'MP3 speech' },
  { part: 'decoders', name: 'libdav1d', without: 'fast decoding of AV1 clips' },
  { part: 'filters', name: 'zscale', without: 'right colours of HDR clips' },
  { part: 'filters', name: 'tonemap', without: 'right colours of HDR clips' },
  { part: 'filters', name: 'bwdif', without: 'smooth interlaced clips' },
];

const FFMPEG_CURE = 'Run scripts/setup, or set FFMPEG_PATH to a complete ffmpeg 5.1 or newer.';

async function ffmpeg(config: Config, signal: AbortSignal | undefined): Promise<Finding[]> {
  try {
    const paths = findFfmpeg(config.ffmpeg);
    const capabilities = await new Ffmpeg(paths).capabilities(signal);
    return [
      ffmpegVersion(capabilities.version, paths.ffmpeg),
      { name: 'ffprobe', ok: true, detail: paths.ffprobe },
      ...ffmpegParts(capabilities),
    ];
  } catch (error) {
    const { message, hint } = asStudioError(error, 'missing_tool');
    return [{ name: 'ffmpeg', ok: false, detail: message, cure: hint ?? FFMPEG_CURE }];
  }
}

/** @internal Builds from git have no number; they are taken to be new. */
export function ffmpegVersion(version: string, place: string): Finding {
  const [, major, minor] = /^n?(\d+)\.(\d+)/.exec(version) ?? [];
  const ok = major === undefined || Number(major) > 5 || (Number(major) === 5 && Number(minor) >= 1);
  return {
    name: 'ffmpeg',
    ok,
    detail: `${version} (${place})`,
    ...(ok ? {} : { cure: `It is too old. ${FFMPEG_CURE}` }),
  };
}

/** @internal */
export function ffmpegParts(capabilities: Capabilities): Finding[] {
  const parts = Object.keys(needed) as (keyof typeof needed)[];
  const required = parts.map((part) => {
    const missing = needed[part].filter((name) => !capabilities[part].has(name));
    if (missing.length === 0)
      return { name: `ffmpeg ${part}`, ok: true, detail: `all ${needed[part].length} that are needed` };
    return {
      name: `ffmpeg ${part}`,
      ok: false,
      detail: `without ${missing.join(', ')}`,
      cure: `This build of ffmpeg leaves them out. ${FFMPEG_CURE}`,
    };
  });
  const absent = useful.filter(({ part, name }) => !capabilities[part].has(name));
  return [
    ...required,
    ...absent.map(({ name, without }) => ({
      name: `ffmpeg ${name}`,
      ok: true,
      detail: `not there: no ${without}`,
      cure: 'Use a fuller build of ffmpeg if you need it.',
    })),
  ];
}

function fonts(): Finding[] {
  try {
    const book = openFonts();
    const own = ['Studio Sans', 'Studio Arabic', 'Studio Hebrew', 'Studio Emoji'].filter(
      (family) => !book.has(family),
    );
    const cure = 'Run npm ci again: the fonts come with the packages @expo-google-fonts/*.';
    const project: Finding =
      own.length === 0
        ? { name: 'Fonts', ok: true, detail: 'Noto Sans, Arabic, Hebrew and emoji' }
        : { name: 'Fonts', ok: false, detail: `without ${own.join(', ')}`, cure };
    const cjk = book.missing('漢かカ한').length === 0;
    const emoji = ['Noto Color Emoji', 'Apple Color Emoji', 'Segoe UI Emoji'].some((family) =>
      book.has(family),
    );
    return [
      project,
      {
        name: 'Chinese, Japanese, Korean',
        ok: true,
        detail: cjk ? 'a font is installed' : 'no font: such characters are left out',
        ...(cjk ? {} : { cure: 'Run scripts/setup (fonts-noto-cjk).' }),
      },
      {
        name: 'Colour emoji',
        ok: true,
        detail: emoji ? 'a font is installed' : 'no font: emoji are drawn in one colour',
        ...(emoji ? {} : { cure: 'Run scripts/setup (fonts-noto-color-emoji).' }),
      },
    ];
  } catch (error) {
    return [{ name: 'Fonts', ok: false, detail: (error as Error).message, cure: 'Run npm ci again.' }];
  }
}

/** @internal Whether those who are told of a film can open it. The API answers with the address it was asked at. */
export function links(config: Config): Finding {
  const name = 'Links to films';
  const address = filesAddress(config);
  if (address !== null) return { name, ok: true, detail: address };
  const hasBots = Boolean(config.discord.token ?? config.slack.botToken);
  return {
    name,
    ok: true,
    detail: `${hasBots ? 'bots and webhooks' : 'webhooks'} name http://localhost:${config.server.port}, which only this machine reaches`,
    cure: `Set PUBLIC_BASE_URL or FILES_BASE_URL${hasBots ? '' : ' before you use webhooks or bots'}.`,
  };
}

/** Lets every local engine say a word; services that may cost money are not called. */
async function speech(config: Config, signal: AbortSignal | undefined): Promise<Finding[]> {
  // A cache of its own, or else a sentence from last time would speak for a broken engine.
  const cacheDir = await mkdtemp(path.join(tmpdir(), 'genscene-doctor-'));
  const speech = createSpeech({ ...speechOptions(config), cacheDir });
  try {
    const voices = speech.voices().filter((voice) => voice.engine !== 'none');
    const engines = [...new Set(voices.map((voice) => voice.engine))];
    if (engines.length === 0)
      return [
        {
          name: 'Speech',
          ok: false,
          detail: 'no engine can be used',
          cure: 'Run npm ci again, or set up the engine of TTS_ENGINE.',
        },
      ];
    return await Promise.all(
      engines.map((engine) =>
        engineSpeaks(
          speech,
          engine,
          voices.filter((voice) => voice.engine === engine),
          signal,
        ),
      ),
    );
  } finally {
    await speech.close();
    await rm(cacheDir, { recursive: true, force: true });
  }
}

async function engineSpeaks(
  speech: Speech,
  engine: EngineName,
  voices: Voice[],
  signal: AbortSignal | undefined,
): Promise<Finding> {
  const name = `Speech: ${engine}`;
  const first = voices.find((voice) => voice.language.startsWith('en')) ?? voices[0]!;
  if (!first.local) return { name, ok: true, detail: 'configured; doctor does not call it' };
  try {
    const spoken = await speech.speak({
      text: 'Testing.',
      language: first.language,
      voice: first.name,
      engine,
      ...(signal ? { signal } : {}),
    });
    if (spoken.durationMs < 100) throw new StudioError('speech_failed', 'It said nothing.');
    return { name, ok: true, detail: `speaks; ${voices.length} ${voices.length === 1 ? 'voice' : 'voices'}` };
  } catch (error) {
    const { message, hint } = asStudioError(error, 'speech_failed');
    return {
      name,
      ok: false,
      detail: message,
      cure: hint ?? 'Run npm ci again; if that does not help, choose another engine with TTS_ENGINE.',
    };
  }
}

const LEAST_FREE_BYTES = 1024 ** 3;
const COMFORTABLE_FREE_BYTES = 5 * 1024 ** 3;

async function dataFolder(folder: string): Promise<Finding[]> {
  try {
    await mkdir(folder, { recursive: true });
    const trial = path.join(folder, `.doctor-${process.pid}`);
    await writeFile(trial, 'ok');
    await rm(trial);
  } catch (error) {
    const reason = (error as NodeJS.ErrnoException).code ?? (error as Error).message;
    return [
      {
        name: 'Data folder',
        ok: false,
        detail: `${folder} cannot be written (${reason})`,
        cure: 'Set DATA_DIR to a folder you may write to, or give yourself the right to.',
      },
    ];
  }
  const { bavail, bsize } = await statfs(folder);
  return [{ name: 'Data folder', ok: true, detail: folder }, diskSpace(bavail * bsize)];
}

/** @internal */
export function diskSpace(freeBytes: number): Finding {
  const detail = `${(freeBytes / 1024 ** 3).toFixed(1)} GB free`;
  const cure = 'Free some space, or set DATA_DIR to a folder on a larger disk.';
  if (freeBytes < LEAST_FREE_BYTES) return { name: 'Disk space', ok: false, detail, cure };
  return { name: 'Disk space', ok: true, detail, ...(freeBytes < COMFORTABLE_FREE_BYTES ? { cure } : {}) };
}

const guardTools: Record<string, string> = {
  setsid: 'children are not stopped as a group',
  setpriv: 'ffmpeg may outlive a killed program',
  prlimit: 'memory of children is not limited',
  nice: 'rendering slows other programs',
  timeout: 'a hanging ffprobe is not stopped',
};

/** The same folders core/ffmpeg.ts looks in. */
const systemFolders = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin'];

async function guards(): Promise<Finding[]> {
  const tools = Object.keys(guardTools);
  const present = await Promise.all(tools.map(isInstalled));
  const missing = tools.filter((_, index) => !present[index]);
  if (missing.length === 0) return [{ name: 'Process guards', ok: true, detail: tools.join(', ') }];
  return [
    {
      name: 'Process guards',
      ok: true,
      detail: missing.map((tool) => `without ${tool} ${guardTools[tool]}`).join('; '),
      cure: 'Install util-linux and coreutils (Linux), or run in the container.',
    },
  ];
}

async function isInstalled(tool: string): Promise<boolean> {
  const tries = await Promise.allSettled(
    systemFolders.map((folder) => access(path.join(folder, tool), constants.X_OK)),
  );
  return tries.some((result) => result.status === 'fulfilled');
}
