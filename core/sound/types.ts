/** What a soundtrack is made of, and what comes out: the contract of pipeline/soundtrack.ts. */

/** AAC in MP4, or Opus in WebM. */
export type SoundFormat = 'mp4' | 'webm';

/** A sound file and the sha256 of its content, which stands for it in the content key. */
type HashedFile = { path: string; hash: string };

/** Speech in its place: a WAV of any rate; startS in seconds of the film, to the sample. */
export type Narration = HashedFile & {
  startS: number;
  /** Added to the levelled speech, dB. */ gainDb?: number;
};

/** The sound of a video clip: WAV. `fadeS` at both edges, e.g. the length of the transition. */
export type ClipSound = HashedFile & {
  startS: number;
  durationS: number;
  /** Repeated until `durationS`; each round lasts `roundS`, that of the picture, else the file's length. */
  loop: boolean;
  roundS?: number;
  treatment: 'keep' | 'duck';
  fadeS: number;
};

export type MusicTrack = HashedFile & {
  /** 0 to 1; 1 is as loud as the speech. */
  volume: number;
  ducking: boolean;
  fadeInS: number;
  fadeOutS: number;
  /** Seconds into the track. */
  startS: number;
  loop: boolean;
};

export type SoundtrackInput = {
  /** Exact length of the film, s: frames / fps. */
  durationS: number;
  narration: Narration[];
  clips: ClipSound[];
  music: MusicTrack | null;
  /** Integrated loudness wanted, LUFS. */
  loudness: number;
  format: SoundFormat;
};

export type MixedSound = {
  /** M4A with AAC, or WebM with Opus; 48 kHz stereo, in `workDir`. */
  path: string;
  /** Measured on the finished file; null for a silent one. */
  lufs: number | null;
  truePeakDb: number | null;
  /** Of the decoded sound, s. */
  durationS: number;
};
