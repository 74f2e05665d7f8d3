/**
 * ffmpeg's options for several files from one encoder: it cuts before the first frame of each but the
 * first, where a key frame is forced.
 * @param frames of each file, in order
 */
export function cutOptions(frames: readonly number[]): string[] {
  const ends: number[] = [];
  for (const count of frames) ends.push((ends.at(-1) ?? 0) + count);
  const cuts = ends.slice(0, -1).map((frame) => `eq(n,${frame})`);
  return [
    ...(cuts.length > 0 ? ['-force_key_frames', `expr:${cuts.join('+')}`, '-forced-idr', '1'] : []),
    // The last of them is the end, so that one file needs no other way.
    ...['-f', 'segment', '-segment_frames', ends.join(','), '-reset_timestamps', '1'],
  ];
}
