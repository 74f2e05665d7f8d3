/**
 * Pure: the ffmpeg filters that make ordinary frames of a clip's: progressive, square pixels,
 * even sides, 8-bit 4:2:0, BT.709, limited range, SDR. ffmpeg has turned them upright before.
 */
import type { Clip, ClipColour } from './types.ts';

export type ClipLook = Pick<
  Clip,
  'width' | 'height' | 'decoded' | 'interlaced' | 'hdr' | 'codec' | 'pixelFormat' | 'colour'
>;

/** Decoders that mark each frame as interlaced or not; of others only the file as a whole is known. */
const MARKS_FRAMES = ['h264', 'hevc', 'mpeg2video', 'mpeg4', 'vc1'];

/** Formats the fast colour filter takes; the J and alpha variants would be converted on the way in. */
const FAST_FORMATS = ['yuv420p', 'yuv422p', 'yuv444p', 'yuv420p10le', 'yuv422p10le', 'yuv444p10le'];

/** HDR reference white, cd/m² (ITU-R BT.2408): it becomes the ordinary bright white of SDR. */
const REFERENCE_WHITE = 203;
/** Brightest light kept apart from white, in multiples of reference white: about 2000 cd/m². */
const PEAK = 10;

/** What is left of `normaliseFilter` for a clip that is as films are. */
export const PLAIN_FILTER = 'setsar=1,format=yuv420p';

/**
 * Filter chain for `-vf`, without spaces and never empty; the caller's own fps, scale and crop
 * follow after a comma. `cover` (px) lets HDR frames be made smaller first, to what still covers
 * that box: tone mapping costs some 40 ms of CPU a 1080p frame.
 */
export function normaliseFilter(clip: ClipLook, cover?: { width: number; height: number }): string {
  return [
    ...deinterlace(clip),
    ...evenSides(clip),
    ...(clip.hdr ? shrink(clip, cover) : []),
    ...colours(clip),
    ...squarePixels(clip),
    PLAIN_FILTER,
  ].join(',');
}

function deinterlace(clip: ClipLook): string[] {
  if (!clip.interlaced) return [];
  return [
    `bwdif=mode=send_frame:parity=auto:deint=${MARKS_FRAMES.includes(clip.codec) ? 'interlaced' : 'all'}`,
  ];
}

/** 4:2:0 needs even sides, and the colour filters insist on it: one row or column is cut off. */
function evenSides({ decoded }: ClipLook): string[] {
  if (decoded.width % 2 === 0 && decoded.height % 2 === 0) return [];
  return [`crop=${even(decoded.width)}:${even(decoded.height)}:0:0:exact=1`];
}

function shrink(clip: ClipLook, cover: { width: number; height: number } | undefined): string[] {
  const scale = cover ? Math.max(cover.width / clip.width, cover.height / clip.height) : 1;
  if (scale >= 1) return [];
  return [
    `scale=${Math.ceil((clip.width * scale) / 2) * 2}:${Math.ceil((clip.height * scale) / 2) * 2}:flags=bicubic`,
  ];
}

function colours(clip: ClipLook): string[] {
  const { colour } = clip;
  if (isRgb(clip.pixelFormat)) return ['scale=out_color_matrix=bt709:out_range=limited:flags=bicubic'];
  if (clip.hdr) return toneMap(colour, clip.hdr);
  const wide = colour.primaries === 'bt2020';
  if (colour.matrix === 'bt709' && colour.range === 'limited' && !wide) return [];
  if (
    !wide &&
    colour.range === 'limited' &&
    isBt601(colour.matrix) &&
    FAST_FORMATS.includes(clip.pixelFormat)
  )
    return [changeMatrix()];
  // Small differences of SD primaries are left alone, as players do; BT.2020 would look washed out.
  const named = {
    matrix: knownMatrix(colour.matrix),
    primaries: wide ? 'bt2020' : 'bt709',
    transfer: 'bt709',
    range: colour.range,
  };
  return [describe(named), `zscale=matrix=709${wide ? ':primaries=709' : ''}:range=limited`];
}

/** SIMD, nearly free; transfer and primaries are named equal so that only the matrix changes. */
function changeMatrix(): string {
  return 'colorspace=ispace=smpte170m:space=bt709:iprimaries=bt709:primaries=bt709:itrc=bt709:trc=bt709:irange=tv:range=tv:format=yuv420p';
}

/** To linear light, to BT.709 primaries, highlights rolled off, and back to BT.709 signals. */
function toneMap(colour: ClipColour, hdr: 'pq' | 'hlg'): string[] {
  const transfer = hdr === 'pq' ? 'smpte2084' : 'arib-std-b67';
  const matrix = colour.matrix === 'bt709' ? 'bt709' : 'bt2020nc';
  const primaries = ['smpte431', 'smpte432'].includes(colour.primaries) ? colour.primaries : 'bt2020';
  return [
    describe({ matrix, primaries, transfer, range: colour.range }),
    `zscale=transfer=linear:npl=${REFERENCE_WHITE}`,
    'format=gbrpf32le',
    'zscale=primaries=709',
    `tonemap=tonemap=mobius:param=0.3:desat=0:peak=${PEAK}`,
    'zscale=transfer=709:matrix=709:range=limited',
    'format=yuv420p',
  ];
}

/** zscale's own input options are not enough (5.1: "no path between colorspaces"): frames are tagged. */
function describe({ matrix, primaries, transfer, range }: ClipColour): string {
  return `setparams=colorspace=${matrix}:color_primaries=${primaries}:color_trc=${transfer}:range=${range}`;
}

function squarePixels({ decoded, width, height }: ClipLook): string[] {
  if (even(decoded.width) === width && even(decoded.height) === height) return [];
  return [`scale=${width}:${height}:flags=bicubic`];
}

function isRgb(pixelFormat: string): boolean {
  return /^(gbr|rgb|bgr|argb|abgr|rgba|bgra|0rgb|0bgr|pal8|x2rgb|x2bgr|mono)/.test(pixelFormat);
}

function isBt601(matrix: string): boolean {
  return ['smpte170m', 'bt470bg'].includes(matrix);
}

/** Only names that setparams knows; the rare rest is treated as BT.601. */
function knownMatrix(matrix: string): string {
  return ['bt709', 'smpte170m', 'bt470bg', 'smpte240m', 'fcc', 'bt2020nc'].includes(matrix)
    ? matrix
    : 'smpte170m';
}

export function even(px: number): number {
  return Math.max(2, Math.floor(px / 2) * 2);
}
