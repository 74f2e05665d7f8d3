/** Under the sea at night: jellyfish and plankton with a light of their own, kelp, and moonlight from above. */
import type { SKRSContext2D } from '@napi-rs/canvas';
import { clamp, mix, ramp, smooth, step, times, type Rgb } from './color.ts';
import { noise, seeded } from './noise.ts';
import { Painting } from './painting.ts';
import { circle, ground } from './shapes.ts';

const width = 2400;
const height = 1600;
const shapes = noise(151);
const texture = noise(152);

export function paintGlowingSea(scale: number): Painting {
  const painting = new Painting(width, height, scale);
  paintDeep(painting);
  paintReef(painting, 0);
  paintFish(painting);
  for (const one of jellyfish) paintJellyfish(painting, one);
  paintKelp(painting);
  paintReef(painting, 1);
  paintPlankton(painting);
  painting.paper(159, 0.26);
  return painting;
}

function paintDeep(painting: Painting): void {
  const water = ramp([0, '#2f8f9f'], [0.16, '#1d6f8c'], [0.42, '#154a74'], [0.72, '#122c58'], [1, '#0d1838']);
  painting.fill((x, y) => {
    const toMoon = Math.hypot((x - 1480) / 1500, y / 1250);
    return water(clamp(toMoon * 0.86 + shapes.fractal(x / 600, y / 420, 4) * 0.1));
  });
  // Shafts of moonlight fan out from one point above the surface.
  painting.veil(
    (x, y) => {
      const angle = Math.atan2(x - 1480, y + 420);
      const shaft =
        step(-0.02, 0.5, shapes.fractal(angle * 9, 1.7, 3) + 0.06) *
        (0.7 + shapes.fractal(x / 260, y / 500, 3) * 0.5);
      return shaft * step(1150, -100, y) * step(0.85, 0.1, Math.abs(angle)) * 0.62;
    },
    '#a8ecdd',
    { mode: 'screen' },
  );
  // The surface from below: a net of bright ripples.
  painting.veil(
    (x, y) => {
      const net = shapes.ridged(x / 240 + 2, y / 46, 3);
      return step(0.72, 0.93, net) * step(170, 0, y) * step(1200, 200, Math.abs(x - 1480)) * 0.75;
    },
    '#d9fff0',
    { mode: 'screen' },
  );
}

function paintReef(painting: Painting, near: number): void {
  const base = near ? 1500 : 1345;
  const crest = (x: number): number =>
    base -
    130 * step(900, 0, x) * (1 + near * 0.4) -
    190 * step(1550, 2300, x) -
    shapes.fractal(x / 260 + near * 9, near * 3, 5) * 130;
  const random = seeded(40 + near);
  const draw = (c: SKRSContext2D): void => {
    ground(c, crest, width, height);
    for (let i = 0; i < 34; i++) {
      const x = random() * width;
      const tall = (50 + random() * 130) * (0.7 + near * 0.5);
      if (random() < 0.72) coral(c, x, crest(x) + 14, -Math.PI / 2, tall * 0.36, 5, random);
      else
        for (let tube = 0; tube < 4; tube++) {
          const tubeX = x + tube * 22 - 33;
          const top = crest(x) - tall * (0.3 + random() * 0.6);
          c.beginPath();
          c.roundRect(tubeX, top, 18, crest(x) - top + 40, 9);
          c.fill();
        }
    }
  };
  const body: Rgb = near ? [10, 20, 46] : [24, 62, 100];
  const tint: Rgb = near ? [48, 44, 92] : [62, 120, 142];
  painting.layer(draw, (x, y) =>
    mix(
      times(body, 1 + texture.fractal(x / 30, y / 24, 4) * 0.5),
      tint,
      step(crest(x) + 60, crest(x) - 110, y) * 0.55,
    ),
  );
}

function coral(
  c: SKRSContext2D,
  x: number,
  y: number,
  angle: number,
  reach: number,
  left: number,
  random: () => number,
): void {
  if (left === 0) return;
  const [toX, toY] = [x + Math.cos(angle) * reach, y + Math.sin(angle) * reach];
  c.lineWidth = left * 3.4;
  c.beginPath();
  c.moveTo(x, y);
  c.lineTo(toX, toY);
  c.stroke();
  for (const side of [-1, 1])
    coral(
      c,
      toX,
      toY,
      angle + side * (0.25 + random() * 0.4),
      reach * (0.68 + random() * 0.16),
      left - 1,
      random,
    );
}

function paintFish(painting: Painting): void {
  const random = seeded(77);
  for (const layer of [0, 1]) {
    painting.layer(
      (c) => {
        for (let i = 0; i < 46; i++) {
          const along = random();
          const x = 260 + along * 880 + random() * 120;
          const y = 700 - Math.sin(along * 3.2) * 210 + (random() - 0.5) * 150 + layer * 46;
          const size = (13 + random() * 11) * (1 + layer * 0.25);
          const tilt = -Math.cos(along * 3.2) * 0.62;
          c.save();
          c.translate(x, y);
          c.rotate(tilt);
          c.beginPath();
          c.moveTo(size * 1.5, 0);
          c.quadraticCurveTo(size * 0.3, -size * 0.72, -size, 0);
          c.quadraticCurveTo(size * 0.3, size * 0.72, size * 1.5, 0);
          c.fill();
          c.beginPath();
          c.moveTo(-size * 0.8, 0);
          c.lineTo(-size * 1.5, -size * 0.5);
          c.lineTo(-size * 1.3, 0);
          c.lineTo(-size * 1.5, size * 0.5);
          c.fill();
          c.restore();
        }
      },
      (x, y) =>
        mix(
          layer ? [30, 82, 122] : [58, 130, 154],
          [150, 220, 214],
          clamp(shapes.fractal(x / 20, y / 14, 2) * 0.5 + 0.18),
        ),
      { opacity: 0.9 },
    );
  }
}

type Jellyfish = { x: number; y: number; size: number; tilt: number; inner: Rgb; outer: Rgb; seed: number };

const jellyfish: Jellyfish[] = [
  { x: 2010, y: 470, size: 74, tilt: 0.3, inner: [190, 240, 255], outer: [70, 150, 220], seed: 4 },
  { x: 700, y: 380, size: 62, tilt: -0.35, inner: [255, 214, 236], outer: [170, 96, 190], seed: 8 },
  { x: 1700, y: 900, size: 112, tilt: -0.16, inner: [255, 226, 190], outer: [226, 120, 110], seed: 6 },
  { x: 1180, y: 640, size: 236, tilt: 0.14, inner: [255, 232, 214], outer: [224, 108, 168], seed: 2 },
];

function paintJellyfish(painting: Painting, one: Jellyfish): void {
  const { x, y, size, tilt } = one;
  const random = seeded(1000 + one.seed);
  const turned =
    (draw: (c: SKRSContext2D) => void) =>
    (c: SKRSContext2D): void => {
      c.save();
      c.translate(x, y);
      c.rotate(tilt);
      c.scale(size, size);
      draw(c);
      c.restore();
    };
  const bell = (c: SKRSContext2D): void => {
    c.beginPath();
    c.moveTo(-1, 0.16);
    c.bezierCurveTo(-1.08, -0.62, -0.62, -1, 0, -1);
    c.bezierCurveTo(0.62, -1, 1.08, -0.62, 1, 0.16);
    for (let scallop = 0; scallop < 8; scallop++) {
      const from = 1 - scallop * 0.25;
      c.quadraticCurveTo(
        from - 0.125,
        0.3 - Math.abs(from - 0.125) * 0.06,
        from - 0.25,
        0.16 + 0.03 * (scallop % 2),
      );
    }
    c.closePath();
  };
  painting.layer(
    (c) => circle(c, x, y - size * 0.2, size * 1.15),
    () => one.outer,
    { blur: size * 0.75, mode: 'screen', opacity: 0.8 },
  );
  const tentacles = Array.from({ length: 15 }, (_, index) => ({
    from: -0.84 + index * 0.12,
    long: 1.9 + random() * 2.3,
    sway: (random() - 0.5) * 0.7,
    wave: random() * 6,
  }));
  painting.layer(
    turned((c) => {
      for (const tentacle of tentacles) {
        c.lineWidth = 0.022;
        c.beginPath();
        for (let t = 0; t <= 1.001; t += 0.04) {
          c.lineTo(
            tentacle.from * (1 - t * 0.35) +
              tentacle.sway * t * t +
              Math.sin(t * 7 + tentacle.wave) * 0.09 * t,
            0.12 + t * tentacle.long,
          );
        }
        c.stroke();
      }
    }),
    (_px, py) => mix(one.inner, one.outer, clamp((py - y) / (size * 3))),
    { opacity: 0.75, mode: 'screen' },
  );
  // Frilled arms under the middle of the bell.
  for (let arm = 0; arm < 5; arm++) {
    const from = -0.36 + arm * 0.18;
    painting.layer(
      turned((c) => {
        c.beginPath();
        for (const side of [1, -1]) {
          for (let step = 0; step <= 40; step++) {
            const t = (side > 0 ? step : 40 - step) / 40;
            const wide = (0.1 * (1 - t) + 0.012) * (1 + 0.5 * Math.sin(t * 34 + arm * 2));
            c.lineTo(
              from + Math.sin(t * 5 + arm * 1.3 + one.seed) * 0.16 * t + side * wide,
              0.05 + t * (1.5 + (arm % 3) * 0.36),
            );
          }
        }
        c.fill();
      }),
      (_px, py) => mix(one.inner, one.outer, clamp((py - y) / (size * 1.6))),
      { opacity: 0.5, mode: 'screen' },
    );
  }
  painting.layer(
    turned((c) => (bell(c), c.fill())),
    (px, py) => {
      const dx = (px - x) / size;
      const dy = (py - y) / size + 0.42;
      const edge = smooth(clamp(Math.hypot(dx * 0.95, dy * 1.25)));
      const ribs = 0.5 + 0.5 * Math.cos(Math.atan2(dx, dy + 1.1) * 22);
      const grain = texture.fractal(px / 26, py / 26, 3) * 0.14;
      return times(mix(mix(one.inner, one.outer, edge * 0.95), one.inner, ribs * 0.2 * edge), 0.94 + grain);
    },
    { opacity: 0.82 },
  );
  painting.layer(
    turned((c) => {
      bell(c);
      c.lineWidth = 0.035;
      c.stroke();
      for (const [dx, dy] of [
        [-0.34, -0.44],
        [0.06, -0.56],
        [0.4, -0.4],
        [0, -0.26],
      ] as const) {
        c.beginPath();
        c.ellipse(dx, dy, 0.15, 0.1, dx, 0, Math.PI * 2);
        c.stroke();
      }
    }),
    () => one.inner,
    { opacity: 0.6, mode: 'screen', blur: size * 0.008 },
  );
  painting.layer(
    turned((c) => (c.beginPath(), c.ellipse(-0.36, -0.66, 0.3, 0.12, -0.6, 0, Math.PI * 2), c.fill())),
    '#ffffff',
    { blur: size * 0.07, opacity: 0.6, mode: 'screen' },
  );
}

function paintKelp(painting: Painting): void {
  const random = seeded(91);
  const strand = (c: SKRSContext2D, foot: number, tall: number, wide: number): void => {
    const phase = random() * 6;
    const at = (t: number): [number, number] => [
      foot + Math.sin(t * 4.4 + phase) * 62 * t + t * 30,
      height + 20 - t * tall,
    ];
    c.lineWidth = wide * 0.34;
    c.beginPath();
    for (let t = 0; t <= 1; t += 0.03) c.lineTo(...at(t));
    c.stroke();
    for (let t = 0.08; t < 1; t += 0.045) {
      const [x, y] = at(t);
      const side = Math.round(t / 0.045) % 2 ? 1 : -1;
      const reach = wide * (4.6 - t * 2) * (0.8 + random() * 0.4);
      c.beginPath();
      c.moveTo(x, y);
      c.quadraticCurveTo(
        x + side * reach * 0.4,
        y - wide * 1.7,
        x + side * reach,
        y - wide * (1.4 + random()),
      );
      c.quadraticCurveTo(x + side * reach * 0.5, y + wide * 0.4, x, y + wide * 0.5);
      c.fill();
    }
  };
  const light = (x: number, y: number, body: Rgb, glow: Rgb): Rgb =>
    mix(
      times(body, 1 + texture.fractal(x / 20, y / 34, 3) * 0.4),
      glow,
      clamp((height - y) / 2000) * 0.7 + Math.exp(-Math.abs(x - 1180) / 500) * 0.1,
    );
  painting.layer(
    (c) => [60, 210, 390, 2010, 2180, 2330].forEach((x) => strand(c, x, 900 + random() * 340, 17)),
    (x, y) => light(x, y, [24, 66, 92], [74, 150, 140]),
    { blur: 1.5 },
  );
  painting.layer(
    (c) => [-10, 130, 300, 2100, 2270, 2400].forEach((x) => strand(c, x, 760 + random() * 420, 27)),
    (x, y) => light(x, y, [9, 26, 50], [40, 104, 108]),
  );
}

function paintPlankton(painting: Painting): void {
  const random = seeded(1234);
  for (const [color, count] of [
    ['#8dfbe0', 190],
    ['#ffd9a0', 70],
    ['#c9c2ff', 110],
  ] as const) {
    const specks = Array.from({ length: count }, () => ({
      x: random() * width,
      y: 120 + random() * (height - 160),
      r: 1.2 + random() ** 5 * 6,
    }));
    painting.layer((c) => specks.forEach((speck) => circle(c, speck.x, speck.y, speck.r * 2.6)), color, {
      blur: 8,
      mode: 'screen',
      opacity: 0.8,
    });
    painting.layer((c) => specks.forEach((speck) => circle(c, speck.x, speck.y, speck.r)), color, {
      mode: 'screen',
      opacity: 0.95,
    });
  }
  painting.layer(
    (c) => {
      for (let i = 0; i < 26; i++) {
        const [x, y, r] = [1560 + random() * 110 + Math.sin(i) * 30, 260 + i * 42, 4 + random() * 9];
        c.lineWidth = 2;
        c.beginPath();
        c.arc(x, y, r, 0, Math.PI * 2);
        c.stroke();
        circle(c, x - r * 0.35, y - r * 0.35, r * 0.22);
      }
    },
    '#dffcf4',
    { opacity: 0.5 },
  );
}
