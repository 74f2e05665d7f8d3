/** How long captions stand: the rules of broadcast subtitling, softened for short films. All ms. */
export const captionTiming = {
  /** Shorter cues flash by. */
  shortest: 800,
  /** Longer ones are read twice. */
  longest: 6000,
  /** A cue may stay this long after its last word. */
  linger: 350,
  /** Gaps up to this are closed: a blink of nothing disturbs more than it tells. */
  closedGap: 450,
} as const;
