/** The one colour space of all video that we encode, as ffmpeg's options: BT.709, limited range. */
export const encodedColours: readonly string[] = [
  ...['-colorspace', 'bt709', '-color_primaries', 'bt709', '-color_trc', 'bt709', '-color_range', 'tv'],
];
