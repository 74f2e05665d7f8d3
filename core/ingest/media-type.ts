/** What a file really is, by its content; and how to tell people that we do not take it. */
import { open } from 'node:fs/promises';
import { unusable } from './refusal.ts';
import type { StudioError } from '../errors.ts';

export type MediaType = {
  /** `animation` is a picture format that may move. */
  family: 'picture' | 'animation' | 'video' | 'sound';
  /** As people call it. */
  name: string;
  /** ffmpeg's demuxer, the only one that may ever open the file. */
  demuxer: string;
};

const picture = (name: string, demuxer = ''): MediaType => ({ family: 'picture', name, demuxer });
const animation = (name: string, demuxer: string): MediaType => ({ family: 'animation', name, demuxer });
const video = (name: string, demuxer: string): MediaType => ({ family: 'video', name, demuxer });
const sound = (name: string, demuxer: string): MediaType => ({ family: 'sound', name, demuxer });

/** Everything we take, by file-type's extension. What is not in here is refused. */
const accepted: Record<string, MediaType> = {
  jpg: picture('JPEG'),
  png: picture('PNG'),
  avif: picture('AVIF'),
  heic: picture('HEIC'),
  tif: picture('TIFF'),
  bmp: picture('BMP', 'bmp_pipe'),
  gif: animation('GIF', 'gif'),
  webp: animation('WebP', ''),
  apng: animation('APNG', 'apng'),
  mp4: video('MP4', 'mov'),
  m4v: video('MP4', 'mov'),
  f4v: video('MP4', 'mov'),
  mov: video('QuickTime', 'mov'),
  '3gp': video('3GP', 'mov'),
  '3g2': video('3GP', 'mov'),
  webm: video('WebM', 'matroska'),
  mkv: video('Matroska', 'matroska'),
  avi: video('AVI', 'avi'),
  mts: video('MPEG-TS', 'mpegts'),
  mpg: video('MPEG', 'mpeg'),
  flv: video('FLV', 'flv'),
  asf: video('Windows Media', 'asf'),
  wmv: video('Windows Media', 'asf'),
  ogv: video('Ogg', 'ogg'),
  ogm: video('Ogg', 'ogg'),
  ogx: video('Ogg', 'ogg'),
  mp3: sound('MP3', 'mp3'),
  mp2: sound('MP2', 'mp3'),
  m4a: sound('M4A', 'mov'),
  m4b: sound('M4A', 'mov'),
  f4a: sound('M4A', 'mov'),
  aac: sound('AAC', 'aac'),
  ac3: sound('AC-3', 'ac3'),
  wav: sound('WAV', 'wav'),
  aif: sound('AIFF', 'aiff'),
  flac: sound('FLAC', 'flac'),
  ogg: sound('Ogg', 'ogg'),
  oga: sound('Ogg', 'ogg'),
  opus: sound('Opus', 'ogg'),
  spx: sound('Ogg Speex', 'ogg'),
  amr: sound('AMR', 'amr'),
  wma: sound('Windows Media', 'asf'),
};

/** Known kinds that are refused, with what to do instead. */
const refused: Record<string, string> = {
  jxl: 'a JPEG XL picture. Save it as PNG or JPEG',
  jp2: 'a JPEG 2000 picture. Save it as PNG or JPEG',
  psd: 'a Photoshop file. Export it as PNG or JPEG',
  ico: 'an icon. Save it as PNG',
  pdf: 'a PDF. Export the page as PNG or JPEG',
  mid: 'a MIDI file, which holds notes and no sound. Export it as MP3 or WAV',
  m4p: 'a copy-protected file. Use one without protection',
  zip: 'an archive. Unpack it and give the file inside',
  gz: 'an archive. Unpack it and give the file inside',
};

/** Names of all that is taken. @internal */
export const takenTypes: readonly string[] = [...new Set(Object.values(accepted).map(({ name }) => name))];

/**
 * Looks at the content of a file of ours.
 * @throws {StudioError} media_unusable for everything that is not on the list, with a hint
 */
export async function identify(file: string): Promise<MediaType> {
  const { fileTypeFromFile } = await import('file-type');
  const found = await fileTypeFromFile(file).catch(() => undefined);
  const type = found && accepted[found.ext];
  if (type) return type;
  // AVIF may call itself a general image of its family (brand mif1), as HEIC does.
  if (found?.ext === 'heic' && (await brands(file)).includes('avif')) return accepted['avif']!;
  throw await explain(file, found?.ext);
}

async function explain(file: string, extension: string | undefined): Promise<StudioError> {
  const known = extension && refused[extension];
  if (known) {
    const [what, ...advice] = known.split('. ');
    return unusable(`The file is ${what}.`, `${advice.join('. ')}.`);
  }
  // Its index may lie at the end, where a broken upload has nothing.
  if (/^(II\*\0|MM\0\*)/.test((await firstBytes(file, 4)).toString('latin1')))
    return unusable('The TIFF picture is cut short or damaged.', 'Export or upload it again.');
  const text = await firstText(file);
  if (/<svg[\s>]/i.test(text))
    return unusable(
      'The file is an SVG drawing, which may refer to other files.',
      'Export it as PNG in the size you need.',
    );
  if (
    /^(#EXTM3U|ffconcat|\[playlist\]|\[Reference\]|v=0)/i.test(text) ||
    /<(MPD|SmoothStreamingMedia|asx|smil)[\s>]/i.test(text)
  )
    return unusable(
      'The file is a playlist, which refers to other files.',
      'Give the media file itself, such as an MP4 or MP3.',
    );
  if (/<(!doctype html|html|head|body)[\s>]/i.test(text))
    return unusable(
      'This is a web page and no media file.',
      'Give the address of the file itself; it often ends in .jpg, .mp4 or .mp3.',
    );
  return unusable(
    extension
      ? `Files of the kind "${extension}" are not taken.`
      : 'The file is of no kind that we know, or it is damaged.',
    'Use JPEG, PNG, WebP, AVIF or GIF for pictures, MP4, MOV or WebM for clips, MP3, M4A, WAV, FLAC or Ogg for sound.',
  );
}

/** The brands of an ISO media file: the main one and those it is compatible with. */
async function brands(file: string): Promise<string[]> {
  const start = await firstBytes(file, 256);
  const end = Math.min(start.length, start.readUInt32BE(0));
  return start.toString('latin1', 8, end).match(/.{4}/gs) ?? [];
}

async function firstText(file: string): Promise<string> {
  return (await firstBytes(file, 2048)).toString('utf8').trimStart();
}

async function firstBytes(file: string, bytes: number): Promise<Buffer> {
  const handle = await open(file, 'r');
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(bytes), 0, bytes, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await handle.close();
  }
}
