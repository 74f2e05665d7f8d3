/**
 * The example clip: a calm sea at sunset that repeats every six seconds without a seam.
 * Every wave makes a whole number of swings in that time; the sound of the surf goes round it too.
 */
import { createCanvas } from '@napi-rs/canvas';
import { clamp, mix, ramp, smooth, step, type Rgb } from './color.ts';
import { noise, seeded } from './noise.ts';
import { highPass, lowPass, normalise, sampleRate, silence, type Stereo } from './sound.ts';

export const clip = { width: 1280, height: 720, fps: 24, seconds: 6 };

const horizon = 352;
const sun = { x: 792, y: 318 };
const shapes = noise(121);
const skyRamp = ramp([0, '#26356f'], [0.34, '#6a5a95'], [0.6, '#d17f8b'], [0.82, '#f8ac72'], [1, '#ffd58c']);

type Wave = { across: number; deep: number; phase: number; turns: number; steep: number };

/** Frames as 24-bit RGB, one after the other. */
export function* oceanFrames(): Generator<Buffer> {
  const sky = paintSky(true);
  // The water mirrors the open sky: headlands seen in every wave would only be spots.
  const mirrored = paintSky(false);
  const waves = makeWaves();
  const { width, height, fps, seconds } = clip;
  const frame = Buffer.alloc(width * height * 3);
  for (let index = 0; index < fps * seconds; index++) {
    const turn = (index / (fps * seconds)) * Math.PI * 2;
    sky.copy(frame);
    paintWater(frame, mirrored, waves, turn);
    drawOver(frame, turn);
    // A copy: a stream may still hold the frame before this one.
    yield Buffer.from(frame);
  }
}

function paintSky(withLand: boolean): Buffer {
  const { width } = clip;
  const random = seeded(9);
  const out = Buffer.alloc(clip.width * clip.height * 3);
  const cloud = (x: number, y: number): number =>
    shapes.fractal(x / 330 + 4, y / 52 + shapes.fractal(x / 400, y / 160, 2) * 0.8, 5);
  for (let y = 0; y < horizon + 4; y++) {
    for (let x = 0; x < width; x++) {
      let color = skyRamp(clamp(y / horizon + shapes.fractal(x / 300, y / 60, 3) * 0.03));
      const toSun = Math.hypot(x - sun.x, (y - sun.y) * 1.2);
      color = mix(color, [255, 236, 178], Math.exp(-toSun / 120) * 0.8);
      const cover = step(0.05, 0.4, cloud(x, y)) * 0.85 * step(horizon, horizon - 70, y);
      const lit = clamp((cloud(x, y) - cloud(x + (sun.x - x) * 0.02, y + 9)) * 2.6 + 0.36);
      color = mix(color, mix([104, 84, 138], [255, 190, 150], lit), cover);
      color = mix(color, [255, 248, 218], step(47, 45, Math.hypot(x - sun.x, y - sun.y)));
      // Far headlands on both sides.
      const land =
        horizon -
        64 * step(330, -60, x) -
        46 * step(1010, 1330, x) -
        shapes.fractal(x / 60, 2, 4) * 16 * (step(340, 200, x) + step(1000, 1120, x));
      if (withLand && y > land)
        color = mix(
          [92, 70, 120],
          [210, 132, 130],
          clamp((y - land) / 90) + Math.exp(-Math.abs(x - sun.x) / 300) * 0.3,
        );
      const dither = random() - 0.5;
      out.set(
        color.map((value) => clamp((value + dither) / 255) * 255),
        (y * width + x) * 3,
      );
    }
  }
  return out;
}

function makeWaves(): Wave[] {
  const random = seeded(66);
  return Array.from({ length: 13 }, (_, index) => {
    const length = 5.2 * 0.74 ** index;
    const heading = (random() - 0.5) * 1.5;
    const number = (2 * Math.PI) / length;
    // Short waves swing faster, as in deep water: by the root of their number.
    const turns = Math.max(1, Math.round(1.15 * Math.sqrt(number)));
    return {
      across: Math.sin(heading) * number,
      deep: Math.cos(heading) * number,
      phase: random() * 6.28,
      turns,
      steep: 0.115 * 0.93 ** index,
    };
  });
}

/** Each point of the water mirrors the sky where its slope points; shallow angles mirror more. */
function paintWater(frame: Buffer, sky: Buffer, waves: Wave[], turn: number): void {
  const { width, height } = clip;
  const phases = waves.map((wave) => wave.phase + wave.turns * turn);
  for (let y = horizon; y < height; y++) {
    const distance = 330 / (y - horizon + 3);
    const near = (y - horizon) / (height - horizon);
    // Waves finer than a row are left to blur.
    const fades = waves.map((wave) =>
      clamp(1.5 - (Math.hypot(wave.across * 0.35, wave.deep) * distance * distance) / 260),
    );
    // Along a row every wave's angle grows evenly, so its cosine and sine are turned on, not computed.
    const swings = waves.map((wave, k) => {
      const pace = (wave.across * distance) / 360;
      const first = wave.deep * distance * 1.6 + phases[k]! - (pace * width) / 2;
      return {
        cos: Math.cos(first),
        sin: Math.sin(first),
        stepCos: Math.cos(pace),
        stepSin: Math.sin(pace),
        high: wave.steep * fades[k]!,
        lean: wave.across * 0.12,
      };
    });
    for (let x = 0; x < width; x++) {
      let slopeX = 0;
      let slopeZ = 0;
      let heave = 0;
      for (const swing of swings) {
        const slope = swing.cos * swing.high;
        slopeX += slope * swing.lean;
        slopeZ += slope;
        heave += swing.sin * swing.high;
        const cos = swing.cos * swing.stepCos - swing.sin * swing.stepSin;
        swing.sin = swing.sin * swing.stepCos + swing.cos * swing.stepSin;
        swing.cos = cos;
      }
      const up = clamp(0.16 + near * 0.42 + slopeZ * 0.85);
      const seenY = Math.max(0, Math.min(horizon - 1, Math.round(horizon - 3 - up * horizon * 0.92)));
      const seenX = Math.max(0, Math.min(width - 1, Math.round(x + slopeX * 160)));
      const at = (seenY * width + seenX) * 3;
      const mirror: Rgb = [sky[at]!, sky[at + 1]!, sky[at + 2]!];
      const body: Rgb = mix([36, 66, 110], [20, 110, 120], clamp(0.3 + heave * 1.6));
      let color = mix(body, mirror, clamp(0.86 - near * 0.5 - slopeZ * 0.7));
      const path = Math.exp(-(((x - sun.x + slopeX * 90) / (34 + near * 150)) ** 2));
      const glint = smooth(clamp((slopeZ + 0.06 + 0.16 * (1 - near)) * 4.2)) * path;
      color = mix(color, [255, 226, 150], glint * 0.9);
      const to = (y * width + x) * 3;
      frame[to] = color[0];
      frame[to + 1] = color[1];
      frame[to + 2] = color[2];
    }
  }
}

/** A sailing boat that rides the swell, and gulls that cross once a turn. */
function drawOver(frame: Buffer, turn: number): void {
  const canvas = createCanvas(clip.width, clip.height);
  const c = canvas.getContext('2d');
  c.translate(418, horizon + 30 + Math.sin(turn * 2) * 2.6);
  c.rotate(Math.sin(turn * 2 + 0.8) * 0.028);
  c.fillStyle = '#3a2d55';
  c.beginPath();
  c.moveTo(-50, -9);
  c.quadraticCurveTo(0, 1, 56, -13);
  c.quadraticCurveTo(46, 10, 30, 11);
  c.lineTo(-38, 11);
  c.closePath();
  c.fill();
  c.fillRect(-3, -138, 4, 136);
  c.fillStyle = '#f6cdb2';
  c.beginPath();
  c.moveTo(4, -134);
  c.quadraticCurveTo(52, -70, 52, -18);
  c.lineTo(4, -16);
  c.fill();
  c.fillStyle = '#d99a97';
  c.beginPath();
  c.moveTo(-6, -122);
  c.quadraticCurveTo(-34, -62, -46, -16);
  c.lineTo(-6, -15);
  c.fill();
  c.resetTransform();
  c.strokeStyle = '#453a68';
  c.lineWidth = 3;
  c.lineCap = 'round';
  for (const [offset, level, size, flaps] of [
    [0, 150, 17, 7],
    [0.055, 182, 13, 8],
    [-0.06, 120, 12, 8],
  ] as const) {
    const way = (turn / (2 * Math.PI) + offset + 1) % 1;
    const x = -60 + way * (clip.width + 120);
    const y = level + Math.sin(way * Math.PI) * -40 + Math.sin(turn * 2) * 3;
    const wing = Math.sin(turn * flaps) * size * 0.5;
    c.beginPath();
    c.moveTo(x - size, y - wing);
    c.quadraticCurveTo(x - size * 0.4, y - size * 0.35, x, y);
    c.quadraticCurveTo(x + size * 0.4, y - size * 0.35, x + size, y - wing);
    c.stroke();
  }
  const over = c.getImageData(0, 0, clip.width, clip.height).data;
  for (let at = 0, to = 0; at < over.length; at += 4, to += 3) {
    const cover = over[at + 3]! / 255;
    if (cover === 0) continue;
    for (let channel = 0; channel < 3; channel++) {
      frame[to + channel] = frame[to + channel]! * (1 - cover) + over[at + channel]! * cover;
    }
  }
}

/** Two waves breaking and drawing back, in the clip's six seconds. */
export function surf(): Stereo {
  const sound = silence(clip.seconds);
  const breakers = [
    { at: 0.9, strength: 1, pan: -0.3 },
    { at: 3.8, strength: 0.75, pan: 0.35 },
  ];
  [sound.left, sound.right].forEach((channel, side) => {
    const random = seeded(500 + side);
    const deep = channel.map(() => random() * 2 - 1);
    const hiss = channel.map(() => random() * 2 - 1);
    lowPass(deep, 420);
    lowPass(deep, 700);
    lowPass(hiss, 3600);
    highPass(hiss, 600);
    for (let i = 0; i < channel.length; i++) {
      let rush = 0;
      let lace = 0;
      for (const wave of breakers) {
        const t = ((i / sampleRate - wave.at + clip.seconds) % clip.seconds) - 0.9;
        const level = wave.strength * (side === 0 ? 1 - wave.pan * 0.5 : 1 + wave.pan * 0.5);
        rush +=
          level *
          (t < 0 ? smooth((t + 0.9) / 0.9) : Math.exp(-t * 1.1)) *
          smooth((clip.seconds - 0.9 - t) / 0.6);
        lace +=
          level *
          smooth((t + 0.2) / 0.8) *
          Math.exp(-Math.max(0, t - 0.4) * 0.75) *
          smooth((clip.seconds - 0.9 - t) / 0.6);
      }
      channel[i] = deep[i]! * (0.35 + rush * 1.5) + hiss[i]! * (0.03 + lace * 0.3);
    }
  });
  normalise(sound, 0.4);
  return sound;
}
