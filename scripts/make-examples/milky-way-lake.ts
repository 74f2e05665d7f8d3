/** A lake under the Milky Way: the sky is painted first, then turned over into the water. */
import { clamp, hex, mix, ramp, smooth, step, times, type Rgb } from './color.ts';
import { noise, seeded } from './noise.ts';
import { Painting } from './painting.ts';
import { circle, ground, pine, polygon } from './shapes.ts';

const width = 2400;
const height = 1600;
const shore = 1085;
const shapes = noise(41);
const dust = noise(42);

export function paintMilkyWayLake(scale: number): Painting {
  const painting = new Painting(width, height, scale);
  paintSky(painting);
  paintStars(painting);
  paintHills(painting);
  paintWater(painting);
  paintReeds(painting);
  paintBoat(painting);
  painting.paper(49, 0.24);
  return painting;
}

/** Distance from the middle of the galaxy's band, and the way along it, design units. */
function band(x: number, y: number): { off: number; along: number } {
  const angle = -1.02;
  const dx = x - 1390;
  const dy = y - 520;
  const along = dx * Math.cos(angle) + dy * Math.sin(angle);
  const off = -dx * Math.sin(angle) + dy * Math.cos(angle) + along * along * 0.00012;
  return { off, along };
}

function paintSky(painting: Painting): void {
  const sky = ramp(
    [0, '#070d2b'],
    [0.35, '#0d1c48'],
    [0.65, '#1a3a6b'],
    [0.85, '#2f6483'],
    [0.95, '#5b8f92'],
    [1, '#8fb09a'],
  );
  painting.fill((x, y) => {
    const wash = shapes.fractal(x / 700, y / 300, 4) * 0.06;
    const base = sky(clamp(y / shore + wash));
    const town = Math.exp(-(((x - 520) / 520) ** 2) - ((y - shore) / 190) ** 2);
    return mix(base, [255, 190, 128], town * 0.55);
  });
  const glow = (x: number, y: number): number => {
    const { off, along } = band(x, y);
    const ragged = off + dust.fractal(x / 240, y / 240, 4) * 120;
    const core = Math.exp(-((along / 620) ** 2));
    return Math.exp(-((ragged / (150 + core * 85)) ** 2)) * (0.42 + 0.58 * core);
  };
  painting.veil(
    (x, y) => glow(x, y) * (0.62 + shapes.fractal(x / 120, y / 120, 5) * 0.6),
    (x, y) => {
      const hue = shapes.fractal(x / 330 + 8, y / 330, 3) + 0.5;
      return mix(mix([92, 108, 190], [196, 128, 178], hue), [255, 222, 190], glow(x, y) ** 3 * 0.85);
    },
    { mode: 'screen', opacity: 0.95 },
  );
  // The dark rift: lanes of dust in front of the bright middle.
  painting.veil((x, y) => {
    const { off } = band(x, y);
    const bent = off - 22 + dust.fractal(x / 330 + 4, y / 330, 4) * 150;
    const lane = Math.exp(-((bent / 46) ** 2)) + step(0.62, 0.86, dust.ridged(x / 300, y / 300, 5)) * 0.55;
    return lane * Math.exp(-((off / 230) ** 2)) * 0.78;
  }, '#10163a');
}

function paintStars(painting: Painting): void {
  const random = seeded(404);
  const colors = ['#ffffff', '#cfe0ff', '#ffe9c9', '#ffd2b0', '#b9d2ff'];
  for (const color of colors) {
    const stars = Array.from({ length: 1500 }, () => {
      const x = random() * width;
      const y = random() * shore * 1.02;
      const crowd = Math.exp(-((band(x, y).off / 190) ** 2));
      const size = (0.55 + random() ** 9 * 3.1) * (random() < 0.3 + crowd * 0.7 ? 1 : 0);
      return { x, y, size: size * (1 - 0.75 * step(shore - 260, shore, y)) };
    });
    painting.layer(
      (c) => stars.forEach((star) => star.size > 0.3 && circle(c, star.x, star.y, star.size)),
      color,
      { opacity: 0.9 },
    );
    const bright = stars.filter((star) => star.size > 2.85);
    painting.layer((c) => bright.forEach((star) => circle(c, star.x, star.y, star.size * 2)), color, {
      blur: 6,
      opacity: 0.7,
      mode: 'screen',
    });
  }
  // One falling star.
  painting.veil((x, y) => {
    const t = (x - 560) / 300;
    if (t < 0 || t > 1) return 0;
    const off = y - (420 - (x - 560) * 0.42);
    return Math.exp(-((off / (1 + 2.2 * (1 - t))) ** 2)) * (1 - t) ** 1.4;
  }, '#fff6e0');
}

function paintHills(painting: Painting): void {
  const rows = [
    { base: 990, tall: 190, wide: 900, color: '#24466b', mist: '#5f8c94', seed: 3.1, trees: 0 },
    { base: 1040, tall: 120, wide: 620, color: '#173253', mist: '#3d6a80', seed: 9.4, trees: 0 },
    { base: 1070, tall: 50, wide: 520, color: '#0c1c36', mist: '#1a3553', seed: 14.2, trees: 1 },
  ];
  const random = seeded(33);
  for (const row of rows) {
    const crest = (x: number): number =>
      row.base + row.tall * 0.55 - shapes.ridged(x / row.wide + row.seed, row.seed, 5) * row.tall * 1.2;
    painting.layer(
      (c) => {
        ground(c, crest, width, shore);
        for (let x = -30; row.trees && x < width + 30; x += 13 + random() * 17) {
          const side = Math.abs(x / width - 0.52) * 2;
          pine(
            c,
            x,
            shore + 4,
            (34 + 120 * smooth(side * 1.25) * (0.4 + random())) * (0.6 + random() * 0.5),
            random,
          );
        }
      },
      (x, y) => {
        const dab = dust.fractal(x / 60, y / 40, 4) * 0.3;
        return mix(times(hex(row.color), 1 + dab), hex(row.mist), step(row.base - 70, shore + 20, y) * 0.55);
      },
    );
  }
  // Fog lying on the far shore, and the lights of one village in it.
  painting.veil(
    (x, y) => Math.exp(-(((y - shore + 14) / 22) ** 2)) * (0.5 + shapes.fractal(x / 300, y / 60, 4)) * 0.75,
    '#5c8796',
  );
  const village = seeded(8);
  const lamps = Array.from({ length: 22 }, () => ({
    x: 420 + village() * 260,
    y: shore - 10 - village() ** 2 * 46,
    r: 1.6 + village() * 2,
  }));
  painting.layer((c) => lamps.forEach((lamp) => circle(c, lamp.x, lamp.y, lamp.r * 4)), '#ff9d3b', {
    blur: 7,
    mode: 'screen',
  });
  painting.layer((c) => lamps.forEach((lamp) => circle(c, lamp.x, lamp.y, lamp.r)), '#ffe2a0');
}

function paintWater(painting: Painting): void {
  const deep: Rgb = hex('#061127');
  painting.fill((x, y, before) => {
    if (y < shore) return before;
    const near = (y - shore) / (height - shore);
    const far = shapes.fractal(x / (60 + near * 420), (y - shore) / (3 + near * 16), 3);
    const swell = dust.fractal(x / (240 + near * 500), (y - shore) / (9 + near * 26), 2);
    const up = shore - (y - shore) * 1.05 + (far * 30 + swell * 46) * near - 2;
    const mirrored = painting.sample(x + (far * 26 + swell * 14) * near, Math.max(0, up));
    const fade = 0.2 + near * 0.5;
    const glint = step(0.16, 0.5, far) * 0.12 * (1 - near * 0.5);
    return mix(mix(mirrored, deep, fade), [130, 170, 200], glint);
  });
  painting.veil((_x, y) => Math.exp(-(((y - shore - 3) / 4) ** 2)) * 0.28, '#7fa6ae');
}

function paintReeds(painting: Painting): void {
  const random = seeded(61);
  const bank = (x: number): number =>
    height -
    60 -
    150 * step(620, 0, x) -
    120 * step(1900, 2400, x) +
    shapes.fractal(x / 160, 4, 4) * 46 +
    80 * step(500, 900, x) * step(2000, 1700, x);
  painting.layer(
    (c) => {
      ground(c, bank, width, height);
      for (let i = 0; i < 620; i++) {
        const x = random() < 0.55 ? random() ** 1.4 * 760 : width - random() ** 1.4 * 640;
        const tall = 50 + random() * 150;
        const lean = (random() - 0.4) * 60;
        const foot = bank(x) + 26;
        c.lineWidth = 2 + random() * 4;
        c.beginPath();
        c.moveTo(x, foot);
        c.quadraticCurveTo(x + lean * 0.2, foot - tall * 0.6, x + lean, foot - tall);
        c.stroke();
        if (random() < 0.1) c.fillRect(x + lean - 4, foot - tall - 26, 8, 34);
      }
    },
    (x, y) =>
      mix([5, 10, 24], [22, 44, 66], clamp((height - y) / 420 + dust.fractal(x / 40, y / 60, 3) * 0.3)),
  );
}

/** A rowing boat with someone looking up, and a lantern in the bow. */
function paintBoat(painting: Painting): void {
  const [x, y] = [1235, 1190];
  const lantern = { x: x + 118, y: y - 66 };
  painting.layer(
    (c) =>
      polygon(c, [
        [x - 150, y + 8],
        [x + 168, y + 8],
        [x + 120, y + 62],
        [x - 110, y + 62],
      ]),
    '#040a1a',
    { blur: 9, opacity: 0.75 },
  );
  painting.veil(
    (px, py) => {
      if (py < y) return 0;
      const waver = shapes.fractal(px / 40, py / 5, 2) * 26;
      return (
        Math.exp(-(((px - lantern.x + waver) / 17) ** 2)) *
        step(y + 250, y + 10, py) *
        (0.62 + shapes.fractal(px / 90, py / 5, 2) * 1.1)
      );
    },
    '#ffae4a',
    { mode: 'screen', opacity: 0.9 },
  );
  painting.layer(
    (c) => {
      c.beginPath();
      c.moveTo(x - 168, y - 36);
      c.quadraticCurveTo(x, y - 4, x + 176, y - 44);
      c.quadraticCurveTo(x + 150, y + 26, x + 96, y + 30);
      c.lineTo(x - 108, y + 30);
      c.quadraticCurveTo(x - 152, y + 16, x - 168, y - 36);
      c.fill();
    },
    (px, py) =>
      mix(
        mix([30, 30, 48], [10, 14, 30], clamp((py - y + 30) / 60)),
        [255, 168, 84],
        Math.exp(-Math.hypot(px - lantern.x, py - lantern.y) / 62) * 0.8,
      ),
  );
  // The person: a coat, a head tipped back, a hat.
  painting.layer(
    (c) => {
      c.beginPath();
      c.moveTo(x - 56, y - 16);
      c.quadraticCurveTo(x - 62, y - 96, x - 22, y - 112);
      c.quadraticCurveTo(x + 14, y - 100, x + 26, y - 18);
      c.fill();
      c.lineWidth = 17;
      c.beginPath();
      c.moveTo(x - 8, y - 88);
      c.quadraticCurveTo(x + 24, y - 62, x + 50, y - 34);
      c.stroke();
      circle(c, x - 20, y - 130, 22);
      polygon(c, [
        [x - 52, y - 132],
        [x - 40, y - 158],
        [x - 14, y - 160],
        [x + 4, y - 146],
        [x + 12, y - 150],
      ]);
    },
    (px, py) =>
      mix([14, 18, 38], [255, 170, 92], Math.exp(-Math.hypot(px - lantern.x, py - lantern.y) / 74) * 0.9),
  );
  painting.layer((c) => circle(c, lantern.x, lantern.y, 36), '#ff9a35', {
    blur: 44,
    mode: 'screen',
    opacity: 1,
  });
  painting.layer((c) => circle(c, lantern.x, lantern.y, 15), '#ffb44f', { blur: 6, mode: 'screen' });
  painting.layer(
    (c) => (
      c.fillRect(lantern.x - 8, lantern.y - 11, 16, 22),
      c.fillRect(lantern.x - 2, lantern.y - 26, 4, 50)
    ),
    '#33231c',
  );
  painting.layer((c) => c.fillRect(lantern.x - 6, lantern.y - 9, 12, 18), '#fff0b8');
}
