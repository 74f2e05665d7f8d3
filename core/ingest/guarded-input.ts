/** Pure: the options that keep ffmpeg within one file from outside. */
import type { MediaType } from './media-type.ts';

/**
 * Decoders that may run, those for formats people really have; the long tail is where the bugs are.
 * Whatever else is in a file stays closed.
 */
const DECODERS = [
  ...[
    'h264',
    'hevc',
    'vp8',
    'vp9',
    'libvpx',
    'libvpx-vp9',
    'av1',
    'libdav1d',
    'libaom-av1',
    'prores',
    'dnxhd',
    'mpeg4',
    'mpeg2video',
    'mpeg1video',
  ],
  ...[
    'mjpeg',
    'h263',
    'theora',
    'flv',
    'msmpeg4',
    'msmpeg4v2',
    'wmv1',
    'wmv2',
    'wmv3',
    'vc1',
    'dvvideo',
    'qtrle',
    'rawvideo',
    'png',
    'bmp',
    'gif',
    'apng',
    'ffv1',
    'huffyuv',
  ],
  ...[
    'mp3float',
    'mp3',
    'mp2float',
    'mp2',
    'aac',
    'aac_latm',
    'ac3',
    'eac3',
    'dca',
    'flac',
    'alac',
    'vorbis',
    'libvorbis',
    'opus',
    'libopus',
    'speex',
    'libspeex',
    'amrnb',
    'amrwb',
    'wmav1',
    'wmav2',
    'adpcm_ms',
    'adpcm_ima_wav',
    'adpcm_ima_qt',
  ],
  ...[
    'pcm_s16le',
    'pcm_s16be',
    'pcm_s24le',
    'pcm_s24be',
    'pcm_s32le',
    'pcm_s32be',
    'pcm_u8',
    'pcm_s8',
    'pcm_f32le',
    'pcm_f32be',
    'pcm_f64le',
    'pcm_f64be',
    'pcm_alaw',
    'pcm_mulaw',
    'pcm_bluray',
    'pcm_dvd',
  ],
].join(',');

/**
 * Input options for a file from outside: only local files, only this demuxer and (for nested
 * formats too) no other, only known decoders, and no references to other files.
 */
export function guardedInput(type: Pick<MediaType, 'demuxer'>): string[] {
  return [
    '-protocol_whitelist',
    'file',
    '-format_whitelist',
    type.demuxer,
    '-codec_whitelist',
    DECODERS,
    ...(type.demuxer === 'mov' ? ['-enable_drefs', '0'] : []),
    '-f',
    type.demuxer,
  ];
}
