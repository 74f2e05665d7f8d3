/** Pure: which clips are taken, by what their headers say. */
import type { IngestLimits } from './limits.ts';
import type { MediaType } from './media-type.ts';
import { orRaise, unusable } from './refusal.ts';
import type { Streams, VideoStream } from './streams.ts';

/** @throws {StudioError} media_unusable when this is no clip, or one beyond the limits */
export function checkVideo(streams: Streams, type: MediaType, limits: IngestLimits): VideoStream {
  const { video } = streams;
  if (!video) {
    const soundOnly = 'Use it as soundtrack or narration, or give a video file such as MP4.';
    if (streams.hasCover)
      throw unusable(`This ${type.name} file has only a cover picture and no moving one.`, soundOnly);
    if (streams.sound) throw unusable(`This ${type.name} file has sound only.`, soundOnly);
    throw unusable(
      `There is no picture in this ${type.name} file that can be decoded.`,
      'Convert it to MP4 (H.264).',
    );
  }
  if (video.dolbyVisionOnly)
    throw unusable(
      'The clip is Dolby Vision without an ordinary picture (profile 5).',
      'Export it as SDR or HDR10.',
    );
  checkSize(video, limits);
  checkDuration(video.durationS ?? streams.durationS, limits);
  return video;
}

export function checkSize(video: VideoStream, limits: IngestLimits): void {
  const { width, height } = displaySize(video);
  if (video.width < 2 || video.height < 2)
    throw unusable('The size of the picture cannot be read.', 'The file may be damaged; export it again.');
  const pixels = Math.max(width * height, video.width * video.height);
  if (pixels > limits.clipPixels)
    throw unusable(
      `The frames are ${width} × ${height} px; at most ${millions(limits.clipPixels)} million px are taken.`,
      orRaise('Scale the clip down to 4k or less.', 'clipPixels'),
    );
  if (!(video.fps > 0)) throw unusable('The frame rate cannot be read.', 'Convert the clip to MP4 (H.264).');
  if (video.fps > limits.clipFps * 1.01)
    throw unusable(
      `The clip has ${Math.round(video.fps)} frames a second; at most ${limits.clipFps} are taken.`,
      orRaise(`Convert it to ${limits.clipFps} or fewer.`, 'clipFps'),
    );
  // Whoever allows larger frames wants them at an ordinary rate at least.
  const pixelRate = Math.max(limits.clipPixelRate, limits.clipPixels * 30);
  if (pixels * video.fps > pixelRate)
    throw unusable(
      `${width} × ${height} px at ${Math.round(video.fps)} frames a second is too much; at most ${millions(pixelRate)} million px a second are taken.`,
      'Scale the clip down to 4k, or halve its frame rate.',
    );
}

export function checkDuration(seconds: number | null, limits: IngestLimits): void {
  if ((seconds ?? 0) > limits.clipSeconds)
    throw unusable(
      `The clip lasts ${Math.round(seconds ?? 0)} s; at most ${limits.clipSeconds} s are taken.`,
      orRaise('Cut out the part that is needed.', 'clipSeconds'),
    );
}

function millions(px: number): string {
  return (px / 1e6).toLocaleString('en', { maximumFractionDigits: 1 });
}

/** Size of the upright picture in square pixels, px. */
export function displaySize(video: VideoStream): { width: number; height: number } {
  const wide = video.pixelAspect >= 1;
  const size = {
    width: Math.round(wide ? video.width * video.pixelAspect : video.width),
    height: Math.round(wide ? video.height : video.height / video.pixelAspect),
  };
  return video.rotation % 180 === 90 ? { width: size.height, height: size.width } : size;
}
