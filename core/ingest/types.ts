/** What the ingest takes and gives: the contract between media from outside and the pipeline. */
import type { DownloadBudget } from './download-budget.ts';

export type IngestContext = {
  /** Folder that local paths are relative to and must lie in; absent (and no roots) means no local paths. */
  baseDir?: string | undefined;
  /** Further folders that local paths may lie in. */
  roots?: readonly string[] | undefined;
  signal?: AbortSignal | undefined;
  /** Bytes of a download so far, and in all when the server says. */
  onBytes?: ((received: number, total: number | null) => void) | undefined;
  /** What all downloads of one film may come to; absent: each has only its own limit. */
  downloads?: DownloadBudget | undefined;
};

export type PictureContext = IngestContext & {
  /** Longest side of the result, px. */
  maxSide?: number | undefined;
  /** Scale down to what still covers this box, px (the result keeps its shape and is never enlarged). */
  cover?: { width: number; height: number } | undefined;
  /** Whether a damaged picture is used as far as it can be read, instead of refused. */
  useDamaged?: boolean | undefined;
};

export type ClipContext = IngestContext & {
  /** Part wanted, seconds into the clip. */
  start?: number | undefined;
  end?: number | undefined;
  /** Whether the clip's own sound is wanted; true by default. */
  sound?: boolean | undefined;
  /** Colour, #rgb or #rrggbb, that is seen through what is transparent; black by default. */
  background?: string | undefined;
};

/** A picture written by us: 8-bit sRGB, upright, PNG or JPEG. */
export type Picture = {
  kind: 'picture';
  path: string;
  /** sha256 of the file. */
  hash: string;
  /** sha256 of the source's content, whatever was made of it. */
  source: string;
  /** px */
  width: number;
  height: number;
  /** Whether any pixel is not opaque. */
  hasAlpha: boolean;
  warnings: string[];
};

/** The colours of a clip in the names of ffmpeg and H.273; unspecified ones are filled by convention. */
export type ClipColour = {
  matrix: string;
  primaries: string;
  transfer: string;
  range: 'limited' | 'full';
};

/**
 * A clip in a container written by us, holding one video stream that starts at 0 s.
 * ffmpeg turns its frames upright by itself when decoding; `normaliseFilter` does the rest.
 */
export type Clip = {
  kind: 'clip';
  path: string;
  /** sha256 over the source's content and how it was converted; trimming does not change it. */
  hash: string;
  /** sha256 of the source's content, whatever was made of it. */
  source: string;
  /** Size of the upright, square-pixel picture, px; even. */
  width: number;
  height: number;
  /** Where the wanted part begins in the file, seconds. */
  startS: number;
  /** Length of the wanted part, seconds. */
  durationS: number;
  /** Average frames a second. */
  fps: number;
  /** Frames of the whole file, where its container says. */
  frames: number | null;
  /** Degrees clockwise that ffmpeg turns the coded frames by, counted in `width` and `height`. */
  rotation: number;
  /** Whether its frames are interlaced, or some of them may be. */
  interlaced: boolean;
  hdr: null | 'pq' | 'hlg';
  codec: string;
  pixelFormat: string;
  /** Size of a frame as ffmpeg hands it on, upright, px; differs where pixels are not square or sides odd. */
  decoded: { width: number; height: number };
  colour: ClipColour;
  /** Sound of the wanted part, exactly as long as it; null without sound or when it was not wanted. */
  audio: Track | null;
  warnings: string[];
};

/** Sound written by us: WAV, 48 kHz, stereo, 32-bit float. */
export type Track = {
  kind: 'track';
  path: string;
  /** sha256 over the source's content and how it was converted. */
  hash: string;
  /** sha256 of the source's content, whatever was made of it. */
  source: string;
  /** Counted in samples of the file. */
  durationS: number;
  channels: number;
  sampleRate: number;
  warnings: string[];
};

export type Ingest = {
  /**
   * Vets and converts a picture.
   * @throws {StudioError} url_not_allowed, fetch_failed, too_large, timeout, media_unusable, cancelled
   */
  picture(src: string, context?: PictureContext): Promise<Picture>;
  /**
   * Vets a clip and writes it into a container of ours, without encoding where possible.
   * @throws {StudioError} as picture(); faults of `start` or `end` carry an issue of that path
   */
  clip(src: string, context?: ClipContext): Promise<Clip>;
  /**
   * Vets and decodes a sound file, or the sound of a clip.
   * @throws {StudioError} as picture()
   */
  track(src: string, context?: IngestContext): Promise<Track>;
};
