/**
 * "Lamplight": the example film's music, 16 bars in D, about 53 s, made to be looped.
 * Plucked strings carry the chords, a soft piano the tune, with pads, a bass and a hall behind.
 */
import { seeded } from './noise.ts';
import { hall, highPass, lowPass, normalise, place, sampleRate, silence, type Stereo } from './sound.ts';

/** At 72 beats a minute, s. */
const beat = 60 / 72;
const bars = 16;

/** MIDI notes: the bass, then the chord from below. */
const chords: [bass: number, ...tones: number[]][] = [
  [38, 57, 62, 66, 69, 76], // Dadd9
  [42, 57, 61, 64, 69, 73], // F#m7
  [35, 54, 62, 66, 69, 73], // Bm9
  [43, 55, 59, 62, 66, 71], // Gmaj7
  [38, 57, 62, 66, 69, 76], // Dadd9
  [45, 57, 61, 64, 71, 73], // Aadd9
  [43, 55, 59, 62, 69, 71], // Gadd9
  [45, 57, 62, 64, 69, 74], // Asus4
  [35, 54, 59, 62, 66, 73], // Bm9
  [43, 55, 59, 62, 66, 71], // Gmaj7
  [38, 57, 62, 66, 69, 74], // D
  [45, 57, 61, 64, 69, 73], // A
  [40, 55, 59, 62, 66, 71], // Em9
  [42, 57, 61, 64, 66, 73], // F#m7
  [43, 55, 59, 62, 66, 69], // Gmaj9
  [45, 57, 62, 64, 67, 71], // A9sus4, leading home
];

/** The tune: bar, beat, MIDI note, beats long, strength. It enters once the strings have set the scene. */
const tune: [bar: number, beat: number, note: number, length: number, strength: number][] = [
  [4, 0, 78, 1.5, 0.75],
  [4, 1.5, 76, 0.5, 0.6],
  [4, 2, 74, 2, 0.7],
  [5, 0, 73, 1, 0.65],
  [5, 1, 74, 0.5, 0.6],
  [5, 1.5, 76, 2.5, 0.75],
  [6, 0, 71, 1.5, 0.7],
  [6, 1.5, 74, 0.5, 0.62],
  [6, 2, 78, 1, 0.75],
  [6, 3, 79, 1, 0.8],
  [7, 0, 76, 3, 0.72],
  [7, 3, 74, 1, 0.62],
  [8, 0, 78, 1.5, 0.85],
  [8, 1.5, 81, 1.5, 0.92],
  [8, 3, 78, 1, 0.78],
  [9, 0, 79, 1, 0.85],
  [9, 1, 78, 0.5, 0.75],
  [9, 1.5, 74, 2.5, 0.8],
  [10, 0, 81, 1.5, 0.95],
  [10, 1.5, 83, 0.5, 0.85],
  [10, 2, 81, 1, 0.88],
  [10, 3, 78, 1, 0.8],
  [11, 0, 76, 2, 0.82],
  [11, 2, 73, 1, 0.7],
  [11, 3, 76, 1, 0.72],
  [12, 0, 79, 1.5, 0.76],
  [12, 1.5, 78, 0.5, 0.68],
  [12, 2, 74, 2, 0.7],
  [13, 0, 73, 1.5, 0.66],
  [13, 1.5, 76, 0.5, 0.62],
  [13, 2, 78, 2, 0.68],
  [14, 0, 74, 3, 0.62],
  [14, 3, 71, 1, 0.5],
  [15, 0, 69, 3, 0.5],
];

export function composeMusic(): Stereo {
  const strings = silence(bars * 4 * beat);
  const piano = silence(bars * 4 * beat);
  const pads = silence(bars * 4 * beat);
  const low = silence(bars * 4 * beat);
  playStrings(strings);
  playTune(piano);
  playPads(pads);
  playBass(low);
  const dry = silence(bars * 4 * beat);
  const send = silence(bars * 4 * beat);
  for (const [part, level, toHall] of [
    [strings, 0.9, 0.42],
    [piano, 1, 0.6],
    [pads, 0.8, 0.5],
    [low, 0.9, 0.06],
  ] as const) {
    add(dry, part, level);
    add(send, part, level * toHall);
  }
  for (const channel of [send.left, send.right]) highPass(channel, 180);
  add(dry, hall(send, 2.6, 0.34), 0.7);
  for (const channel of [dry.left, dry.right]) {
    highPass(channel, 28);
    // Rounds off the few highest peaks, as tape does.
    channel.forEach((sample, i) => (channel[i] = Math.tanh(sample * 1.05)));
  }
  normalise(dry, 0.7);
  return dry;
}

/** How full the arrangement is in a bar, 0 to 1: it opens out to bar 11 and comes back for the loop. */
function swell(bar: number): number {
  return 0.62 + 0.38 * Math.max(0, Math.sin((Math.PI * (bar - 1)) / 15)) ** 1.3;
}

function playStrings(loop: Stereo): void {
  const random = seeded(2024);
  const patterns = [
    [0, 2, 3, 4, 3, 2, 1, 3],
    [0, 1, 3, 2, 4, 3, 2, 1],
  ];
  chords.forEach(([, ...tones], bar) => {
    const pattern = patterns[bar % 2]!;
    pattern.forEach((tone, eighth) => {
      if (bar === 15 && eighth > 5) return;
      const accent = eighth === 0 ? 1 : eighth === 4 ? 0.86 : 0.66;
      const strength = accent * swell(bar) * (0.92 + random() * 0.16);
      const late = random() * 0.014 + (eighth % 2) * 0.012;
      const sound = pluck(tones[tone]!, strength, random);
      place(loop, sound, (bar * 4 + eighth / 2) * beat + late, 0.36 * strength, -0.7 + tone * 0.3);
    });
    // High harp notes answer in the fuller bars.
    if (bar >= 6 && bar <= 13) {
      for (const [at, tone] of [
        [1.25, 3],
        [3.25, 4],
      ] as const)
        place(loop, pluck(tones[tone]! + 12, 0.5, random), (bar * 4 + at) * beat, 0.11, 0.62);
    }
  });
  for (const channel of [loop.left, loop.right]) lowPass(channel, 6500);
}

/** A plucked string after Karplus and Strong (1983), tuned by an all-pass (Jaffe and Smith 1983). */
function pluck(midi: number, strength: number, random: () => number): Float32Array {
  const frequency = hertz(midi);
  const length = Math.round(sampleRate * 4.2);
  const period = sampleRate / frequency - 0.5;
  const whole = Math.floor(period - 0.2);
  const part = period - whole;
  const tuning = (1 - part) / (1 + part);
  const string = new Float32Array(whole);
  // The finger's noise: softer when played softly, and picked a fifth of the way along.
  let soft = 0;
  let softer = 0;
  for (let i = 0; i < whole; i++) {
    soft += (random() * 2 - 1 - soft) * (0.14 + 0.22 * strength);
    softer += (soft - softer) * (0.14 + 0.22 * strength);
    string[i] = softer;
  }
  const comb = string.slice();
  const spot = Math.max(1, Math.round(whole * 0.22));
  for (let i = 0; i < whole; i++) string[i] = comb[i]! - comb[(i - spot + whole) % whole]! * 0.9;
  let mean = 0;
  let energy = 0;
  string.forEach((sample) => (mean += sample / whole));
  string.forEach((sample) => (energy += (sample - mean) ** 2 / whole));
  string.forEach((sample, i) => (string[i] = ((sample - mean) / Math.sqrt(energy)) * 0.3));
  const keep = 10 ** (-3 / (frequency * (2.6 + 180 / frequency)));
  const out = new Float32Array(length);
  let before = 0;
  let input = 0;
  let output = 0;
  for (let i = 0, at = 0; i < length; i++) {
    const sample = string[at]!;
    const damped = keep * (0.5 * sample + 0.5 * before);
    before = sample;
    output = tuning * damped + input - tuning * output;
    input = damped;
    string[at] = output;
    at = at + 1 === whole ? 0 : at + 1;
    out[i] = sample * Math.min(1, i / 60) * Math.min(1, (length - i) / 9600);
  }
  return out;
}

function playTune(loop: Stereo): void {
  for (const [bar, at, midi, length, strength] of tune) {
    const late = ((bar * 7 + at * 13) % 5) * 0.004;
    place(loop, piano(midi, length * beat, strength), (bar * 4 + at) * beat + late, 0.23 * strength, 0.12);
    // An octave below, faint, warms the tune where it is fullest.
    if (bar >= 8 && bar <= 11)
      place(loop, piano(midi - 12, length * beat, strength * 0.7), (bar * 4 + at) * beat + late, 0.07, -0.1);
  }
}

/** A felt piano: stretched partials in pairs a little apart, high ones dying first. */
function piano(midi: number, seconds: number, strength: number): Float32Array {
  const frequency = hertz(midi);
  const out = new Float32Array(Math.round((seconds + 1.4) * sampleRate));
  const partials = Math.min(10, Math.floor(9000 / frequency));
  for (let partial = 1; partial <= partials; partial++) {
    const stretched = partial * frequency * Math.sqrt(1 + 0.00035 * partial * partial);
    const level = (strength ** (0.4 * partial) * Math.abs(Math.sin(partial * 0.42 + 0.35))) / partial ** 1.25;
    const decay = 1.05 + partial * 0.62 + frequency / 900;
    for (const detune of [0.9994, 1.0006]) {
      const turn = (2 * Math.PI * stretched * detune) / sampleRate;
      for (let i = 0; i < out.length; i++) {
        const t = i / sampleRate;
        out[i]! +=
          Math.sin(turn * i) *
          level *
          (0.72 * Math.exp(-t * decay) + 0.28 * Math.exp(-t * decay * 0.3)) *
          0.5;
      }
    }
  }
  const attack = 0.008 * sampleRate;
  for (let i = 0; i < out.length; i++) {
    const release = Math.min(1, Math.max(0, (out.length - i) / (1.4 * sampleRate)));
    out[i]! *= Math.min(1, i / attack) * release ** 1.6;
  }
  return out;
}

function playPads(loop: Stereo): void {
  chords.forEach(([, ...tones], bar) => {
    tones.slice(0, 4).forEach((midi, index) => {
      for (const [cents, pan] of [
        [-6, -0.75],
        [5, 0.75],
        [0, 0],
      ] as const) {
        place(
          loop,
          bowed(midi, cents, 4 * beat),
          bar * 4 * beat - 0.35,
          0.022 * swell(bar),
          pan * (1 - index * 0.15),
        );
      }
    });
  });
  for (const channel of [loop.left, loop.right]) {
    // The cutoff breathes in whole turns of the loop.
    lowPass(channel, (i) => 900 + 420 * Math.sin((2 * Math.PI * 2 * i) / channel.length));
    lowPass(channel, 2200);
    highPass(channel, 130);
  }
}

/** One turn of a bowed string's wave. */
const bowedCycle = Float32Array.from({ length: 8192 }, (_, i) => {
  let sample = 0;
  for (let partial = 1; partial <= 8; partial++)
    sample += Math.sin((2 * Math.PI * partial * i) / 8192) / partial ** 1.3;
  return sample;
});

/** A soft held tone of eight partials, with a slow start and end. */
function bowed(midi: number, cents: number, seconds: number): Float32Array {
  const frequency = hertz(midi + cents / 100);
  const out = new Float32Array(Math.round((seconds + 1.5) * sampleRate));
  for (let i = 0; i < out.length; i++) {
    const t = i / sampleRate;
    const phase =
      2 * Math.PI * frequency * t + 0.18 * Math.sin(2 * Math.PI * 4.6 * t + cents) * Math.min(1, t);
    const sample =
      bowedCycle[Math.floor((phase / (2 * Math.PI) + 1) * bowedCycle.length) % bowedCycle.length]!;
    const rise = Math.min(1, t / 1.3);
    const fall = Math.min(1, (seconds + 1.5 - t) / 1.5);
    out[i] = sample * (0.5 - 0.5 * Math.cos(Math.PI * rise)) * (0.5 - 0.5 * Math.cos(Math.PI * fall));
  }
  return out;
}

function playBass(loop: Stereo): void {
  chords.forEach(([midi], bar) => {
    const level = 0.14 * (bar < 2 ? 0.7 : swell(bar));
    place(loop, bassNote(midi, 2.6 * beat), bar * 4 * beat, level, 0);
    if (bar > 3 && bar < 15)
      place(
        loop,
        bassNote(midi + 7 > 50 ? midi : midi + 7, 1.3 * beat),
        (bar * 4 + 2.5) * beat,
        level * 0.6,
        0,
      );
  });
}

/** A round bass; the second and third partials let small loudspeakers hear it. */
function bassNote(midi: number, seconds: number): Float32Array {
  const frequency = hertz(midi);
  const out = new Float32Array(Math.round((seconds + 0.4) * sampleRate));
  for (let i = 0; i < out.length; i++) {
    const t = i / sampleRate;
    const phase = 2 * Math.PI * frequency * t;
    const tone =
      Math.sin(phase) +
      0.42 * Math.exp(-t * 2) * Math.sin(2 * phase) +
      0.16 * Math.exp(-t * 4) * Math.sin(3 * phase);
    out[i] = tone * Math.min(1, t / 0.022) * Math.exp(-t * 0.85) * Math.min(1, (seconds + 0.4 - t) / 0.4);
  }
  return out;
}

function hertz(midi: number): number {
  return 440 * 2 ** ((midi - 69) / 12);
}

function add(into: Stereo, from: Stereo, gain: number): void {
  for (let i = 0; i < into.left.length; i++) {
    into.left[i]! += from.left[i]! * gain;
    into.right[i]! += from.right[i]! * gain;
  }
}
