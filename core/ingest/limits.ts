/** How much of anything the ingest accepts from outside. Every cap is here, with its default. */

const MiB = 1024 ** 2;

export type IngestLimits = {
  /** Largest file of each kind, bytes. */
  pictureBytes: number;
  clipBytes: number;
  trackBytes: number;
  /** Largest picture that is decoded, px. A 108 Mpx telephone picture passes. */
  picturePixels: number;
  /** Longest side of a picture we write, px, when the caller asks for nothing else. */
  pictureSide: number;
  /** All frames of an animated picture together, px: they are decoded in memory. */
  animationPixels: number;
  /** Longest clip and longest track, seconds. */
  clipSeconds: number;
  trackSeconds: number;
  /** Largest frame of a clip, px. */
  clipPixels: number;
  /** Highest frame rate; slow-motion recordings of telephones have 240. */
  clipFps: number;
  /** Most pixels a second: 4k at 60 passes, 8k at 30 does not; never below 30 frames of `clipPixels`. */
  clipPixelRate: number;
  /** Channels of a sound stream. */
  trackChannels: number;
  redirects: number;
  /** How often a download is started or resumed before giving up. */
  fetchAttempts: number;
  /** Longest time for connecting, ms. */
  connectMs: number;
  /** Longest silence of the other side, ms. */
  idleMs: number;
  /** Longest time for one download with all its attempts, ms. */
  fetchMs: number;
  /** Longest time for reading one picture, ms. */
  pictureMs: number;
  /** Longest time for one ffmpeg run over a clip or track, ms. */
  convertMs: number;
  /** Cached files used within this time are never removed, ms; longer than a job may run. */
  keepUsedMs: number;
};

/** The settings that change limits, for errors to name. Those without one follow from the rest, or from the machine. */
export const limitSettings = {
  pictureBytes: 'MEDIA_MAX_PICTURE_MB',
  clipBytes: 'MEDIA_MAX_CLIP_MB',
  trackBytes: 'MEDIA_MAX_SOUND_MB',
  picturePixels: 'MEDIA_MAX_PICTURE_MPX',
  clipPixels: 'MEDIA_MAX_CLIP_MPX',
  clipSeconds: 'MEDIA_MAX_CLIP_S',
  trackSeconds: 'MEDIA_MAX_SOUND_S',
  clipFps: 'MEDIA_MAX_FPS',
  fetchMs: 'MEDIA_FETCH_TIMEOUT_S',
} as const satisfies Partial<Record<keyof IngestLimits, string>>;

export const defaultLimits: Readonly<IngestLimits> = {
  pictureBytes: 100 * MiB,
  clipBytes: 2048 * MiB,
  trackBytes: 512 * MiB,
  picturePixels: 120e6,
  pictureSide: 4096,
  animationPixels: 400e6,
  clipSeconds: 3600,
  trackSeconds: 3600,
  clipPixels: 17e6,
  clipFps: 240,
  clipPixelRate: 600e6,
  trackChannels: 8,
  redirects: 3,
  fetchAttempts: 3,
  connectMs: 10_000,
  idleMs: 20_000,
  fetchMs: 10 * 60_000,
  pictureMs: 30_000,
  convertMs: 10 * 60_000,
  keepUsedMs: 2 * 3600_000,
};
