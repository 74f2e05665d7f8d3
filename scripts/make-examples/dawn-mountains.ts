/** Mountains at dawn: ridges fading into mist, pines in front, one hut with its window still lit. */
import { clamp, hex, mix, ramp, step, times, type Rgb } from './color.ts';
import { noise, seeded } from './noise.ts';
import { Painting } from './painting.ts';
import { circle, ground, pine, polygon } from './shapes.ts';

const width = 2400;
const height = 1600;
const sun = { x: 1540, y: 690 };
const shapes = noise(11);
const texture = noise(12);

export function paintDawnMountains(scale: number): Painting {
  const painting = new Painting(width, height, scale);
  paintSky(painting);
  paintRanges(painting);
  paintForest(painting);
  paintBirds(painting);
  warmLight(painting);
  painting.paper(19);
  return painting;
}

function paintSky(painting: Painting): void {
  const sky = ramp(
    [0, '#3f5a8f'],
    [0.28, '#7f8fbd'],
    [0.5, '#d9a9b4'],
    [0.68, '#f7bd93'],
    [0.84, '#ffe0a8'],
    [1, '#fff0cf'],
  );
  painting.fill((x, y) => {
    const brush = texture.fractal(x / 500, y / 90, 3) * 0.03;
    const base = sky(clamp(y / 860 + brush));
    const glow = Math.exp(-(Math.hypot(x - sun.x, (y - sun.y) * 1.25) ** 1.3) / 3600);
    return mix(base, [255, 240, 200], glow * 0.75);
  });
  // Long clouds, lit from below by a sun that is not yet high.
  const cloud = (x: number, y: number): number => {
    const band = shapes.fractal(x / 620 + 3, y / 105 + shapes.fractal(x / 900, y / 300, 2), 5);
    return step(0.08, 0.5, band) * step(0, 160, y) * step(700, 470, y);
  };
  painting.veil(
    (x, y) => cloud(x, y) * 0.9,
    (x, y) => {
      const lit = clamp((cloud(x, y) - cloud(x + (sun.x - x) * 0.012, y + 16)) * 1.6 + 0.35);
      return mix([150, 130, 172], [255, 205, 170], lit);
    },
  );
  painting.layer((c) => circle(c, sun.x, sun.y, 150), '#fff0c4', { blur: 70, opacity: 0.75 });
  painting.layer((c) => circle(c, sun.x, sun.y, 64), '#fffbe8', { blur: 2 });
}

type Range = {
  base: number;
  tall: number;
  wide: number;
  color: string;
  lit: string;
  mist: string;
  snow: number;
  seed: number;
};

function paintRanges(painting: Painting): void {
  const ranges: Range[] = [
    {
      base: 770,
      tall: 210,
      wide: 620,
      color: '#b2a3c4',
      lit: '#f6cfbb',
      mist: '#fbdcbb',
      snow: 0.5,
      seed: 1.5,
    },
    {
      base: 850,
      tall: 330,
      wide: 760,
      color: '#8285b3',
      lit: '#f3b7a2',
      mist: '#f3cdb9',
      snow: 1,
      seed: 7.3,
    },
    {
      base: 960,
      tall: 250,
      wide: 700,
      color: '#64709f',
      lit: '#c795a0',
      mist: '#dcb9b9',
      snow: 0,
      seed: 21.8,
    },
    {
      base: 1080,
      tall: 210,
      wide: 820,
      color: '#475b88',
      lit: '#8f7f9c',
      mist: '#b9a5b6',
      snow: 0,
      seed: 33.1,
    },
    {
      base: 1215,
      tall: 170,
      wide: 900,
      color: '#324871',
      lit: '#5d6489',
      mist: '#8a8aa9',
      snow: 0,
      seed: 47.9,
    },
  ];
  for (const range of ranges) {
    const crest = crestOf(range);
    painting.layer(
      (c) => ground(c, crest, width, height),
      (x, y) => rock(range, crest, x, y),
    );
    // Mist pools where this range meets the next.
    painting.veil((x, y) => {
      const drift = shapes.fractal(x / 520 + range.seed, y / 130, 4);
      const lying = Math.exp(-(((y - range.base - 62) / 74) ** 2));
      return lying * (0.55 + drift * 0.9) * 0.9;
    }, range.mist);
  }
}

function crestOf(range: Range): (x: number) => number {
  const heights = new Float32Array(width + 8);
  for (let x = 0; x < heights.length; x++) {
    const peaks = shapes.ridged(x / range.wide + range.seed, range.seed * 3, 6);
    heights[x] = range.base + range.tall * 0.72 - peaks * range.tall * 1.35;
  }
  return (x) => heights[Math.max(0, Math.min(width + 7, Math.round(x)))]!;
}

/** Faces towards the sun are warm, faces away cool; colour thins into mist towards the foot. */
function rock(range: Range, crest: (x: number) => number, x: number, y: number): Rgb {
  const depth = y - crest(x);
  const bend = texture.fractal(x / 160, y / 160, 2) * 60;
  const towards = clamp((sun.x - x) / 600 + 0.5) * 2 - 1;
  const at = (dx: number): number => shapes.ridged((x + dx + bend) / 260 + range.seed, (y + bend) / 380, 5);
  const facet = clamp(0.42 + (at(0) - at(16 * towards)) * 5.5 + (1 - Math.abs(towards)) * 0.1);
  const nearSun = Math.exp(-Math.abs(x - sun.x) / 900);
  let color = mix(
    hex(range.color),
    hex(range.lit),
    step(0.38, 0.78, facet) * (0.35 + 0.6 * nearSun) * step(330, 0, depth),
  );
  color = mix(color, times(hex(range.color), 0.86), step(0.45, 0.1, facet) * 0.7 * step(420, 20, depth));
  if (range.snow > 0) {
    const line = 96 + texture.fractal(x / 70, y / 70, 4) * 90;
    const shade = mix([178, 176, 212], [255, 232, 214], step(0.3, 0.62, facet));
    const high = step(range.base - 60, range.base - 190, y);
    color = mix(color, shade, step(line, line - 26, depth) * range.snow * 0.9 * high);
  }
  const rim = step(7, 0, depth) * nearSun * 0.5;
  color = mix(color, [255, 222, 180], rim);
  return mix(color, hex(range.mist), step(20, 330, depth) * 0.75);
}

function paintForest(painting: Painting): void {
  const random = seeded(77);
  const rows = [
    { base: 1310, color: '#2b4466', foot: '#7f86a3', size: 74, gap: 20, sway: 70, seed: 2, clear: [0, 0] },
    {
      base: 1420,
      color: '#1f3553',
      foot: '#4f6284',
      size: 118,
      gap: 30,
      sway: 90,
      seed: 5,
      clear: [560, 900],
    },
    {
      base: 1560,
      color: '#14263d',
      foot: '#22395a',
      size: 190,
      gap: 44,
      sway: 120,
      seed: 9,
      clear: [610, 980],
    },
  ];
  for (const row of rows) {
    const surface = (x: number): number =>
      row.base + shapes.fractal(x / 700 + row.seed, row.seed, 3) * row.sway;
    const color = hex(row.color);
    painting.layer(
      (c) => {
        ground(c, surface, width, height);
        for (let x = -40; x < width + 40; x += row.gap * (0.5 + random())) {
          const clearing = x > row.clear[0]! && x < row.clear[1]!;
          if (clearing || shapes.fractal(x / 260 + row.seed * 4, 3, 3) < -0.22) continue;
          pine(c, x, surface(Math.max(0, x)) + 8, row.size * (0.55 + random() * 0.75), random);
        }
      },
      (x, y) => {
        const dab = texture.fractal(x / 34, y / 22, 3) * 0.2;
        const light =
          step(row.base + 40, row.base - row.size, y) * 0.16 * Math.exp(-Math.abs(x - sun.x) / 700);
        const body = times(mix(color, [240, 170, 140], light), 1 + dab);
        return mix(body, hex(row.foot), step(row.base - 10, row.base + 130, y) * 0.75);
      },
    );
    painting.veil(
      (x, y) =>
        Math.exp(-(((y - row.base - 50) / 46) ** 2)) *
        (0.4 + shapes.fractal(x / 380, y / 80 + row.seed, 4)) *
        0.6,
      row.foot,
    );
    if (row.seed === 5) paintHut(painting, 650, surface(745) + 16);
  }
}

function paintHut(painting: Painting, x: number, y: number): void {
  painting.layer(
    (c) =>
      polygon(c, [
        [x, y],
        [x, y - 62],
        [x + 118, y - 62],
        [x + 118, y],
      ]),
    '#2a2f45',
  );
  painting.layer(
    (c) =>
      polygon(c, [
        [x + 118, y],
        [x + 118, y - 62],
        [x + 152, y - 108],
        [x + 188, y - 62],
        [x + 188, y],
      ]),
    '#3a3a50',
  );
  painting.layer(
    (c) =>
      polygon(c, [
        [x - 14, y - 56],
        [x + 32, y - 116],
        [x + 154, y - 116],
        [x + 112, y - 56],
      ]),
    (px) => mix(hex('#54506c'), hex('#c98d86'), clamp((px - x) / 210)),
  );
  painting.layer(
    (c) =>
      polygon(c, [
        [x + 148, y - 116],
        [x + 156, y - 116],
        [x + 198, y - 58],
        [x + 188, y - 56],
      ]),
    '#d79a88',
  );
  painting.layer((c) => c.fillRect(x + 44, y - 138, 16, 40), '#2d3046');
  const lamps: [number, number, number, number][] = [
    [x + 30, y - 42, 24, 24],
    [x + 142, y - 48, 22, 26],
  ];
  painting.layer((c) => lamps.forEach((lamp) => c.fillRect(...lamp)), '#ffb648', {
    blur: 26,
    opacity: 0.95,
    mode: 'screen',
  });
  painting.layer((c) => lamps.forEach((lamp) => c.fillRect(...lamp)), '#ffdf8e');
  painting.layer(
    (c) =>
      lamps.forEach(
        ([l, t, w, h]) => (c.fillRect(l + w / 2 - 1, t, 2, h), c.fillRect(l, t + h / 2 - 1, w, 2)),
      ),
    '#6b4630',
  );
  painting.veil((px, py) => {
    const up = (y - 140 - py) / 330;
    if (up < 0 || up > 1) return 0;
    const centre = x + 52 + up * 120 + Math.sin(up * 9) * 14 * up;
    const wide = 9 + up * 46;
    return (
      Math.exp(-(((px - centre) / wide) ** 2)) * (1 - up) * (0.55 + shapes.fractal(px / 60, py / 60, 3) * 0.5)
    );
  }, '#e9cfcf');
}

function paintBirds(painting: Painting): void {
  const random = seeded(5);
  painting.layer((c) => {
    for (let i = 0; i < 9; i++) {
      const x = 900 + i * 46 + random() * 30;
      const y = 330 + Math.abs(i - 3) * 22 + random() * 24;
      const span = 15 + random() * 9;
      c.lineWidth = 3.4;
      c.beginPath();
      c.moveTo(x - span, y - span * 0.35);
      c.quadraticCurveTo(x - span * 0.3, y - span * 0.45, x, y);
      c.quadraticCurveTo(x + span * 0.3, y - span * 0.5, x + span, y - span * 0.2);
      c.stroke();
    }
  }, '#4a4468');
}

/** The whole valley takes a little of the sun's colour. */
function warmLight(painting: Painting): void {
  painting.veil((x, y) => Math.exp(-Math.hypot(x - sun.x, (y - sun.y) * 1.1) / 560) * 0.5, '#ffc98c', {
    mode: 'screen',
    opacity: 0.6,
  });
}
