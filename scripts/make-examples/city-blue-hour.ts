/** An old harbour town at the blue hour: houses climbing a hill, lamps being lit, all of it twice in the water. */
import type { SKRSContext2D } from '@napi-rs/canvas';
import { clamp, hex, mix, ramp, step, times, type Rgb } from './color.ts';
import { noise, seeded, type Random } from './noise.ts';
import { Painting } from './painting.ts';
import { circle, ground, polygon } from './shapes.ts';

const width = 2400;
const height = 1600;
const quay = 1130;
const shapes = noise(91);
const texture = noise(92);

type Pane = { x: number; y: number; w: number; h: number; color: number };

export function paintCityBlueHour(scale: number): Painting {
  const painting = new Painting(width, height, scale);
  paintSky(painting);
  paintHills(painting);
  paintTown(painting);
  paintQuay(painting);
  paintWater(painting);
  paintBoats(painting);
  painting.paper(99, 0.2);
  return painting;
}

function paintSky(painting: Painting): void {
  const sky = ramp(
    [0, '#14224f'],
    [0.3, '#23407c'],
    [0.58, '#5274a8'],
    [0.76, '#a693b4'],
    [0.88, '#eeb398'],
    [1, '#ffd39a'],
  );
  painting.fill((x, y) => sky(clamp(y / 830 + texture.fractal(x / 560, y / 110, 3) * 0.06)));
  const cloud = (x: number, y: number): number =>
    shapes.fractal(x / 640 + 1.4, y / 120 + shapes.fractal(x / 700, y / 300, 2) * 0.7, 5);
  painting.veil(
    (x, y) => step(0.06, 0.42, cloud(x, y)) * 0.8 * step(40, 260, y),
    (x, y) =>
      mix([58, 78, 132], [246, 168, 152], clamp((cloud(x, y) - cloud(x + 20, y + 20)) * 2.4 + 0.1 + y / 900)),
  );
  const random = seeded(3);
  painting.layer(
    (c) => {
      for (let i = 0; i < 170; i++)
        circle(c, random() * width, random() ** 1.5 * 560, 0.8 + random() ** 5 * 2);
    },
    '#fff3d8',
    { opacity: 0.75 },
  );
  painting.layer((c) => circle(c, 1880, 250, 70), '#dfe6ff', { blur: 70, mode: 'screen', opacity: 0.5 });
  painting.layer((c) => {
    c.beginPath();
    c.arc(1880, 250, 52, -0.95, 2.2);
    c.arc(1848, 226, 62, 1.78, -0.53, true);
    c.fill();
  }, '#fff6dd');
}

function paintHills(painting: Painting): void {
  for (const [base, tall, color, seed] of [
    [800, 170, '#8a8fba', 2],
    [860, 140, '#5f719f', 6],
  ] as const) {
    const crest = (x: number): number => base - tall * (0.4 + shapes.fractal(x / 900 + seed, seed, 5));
    painting.layer(
      (c) => ground(c, crest, width, quay),
      (x, y) =>
        mix(
          times(hex(color), 1 + texture.fractal(x / 90, y / 60, 3) * 0.12),
          [222, 170, 168],
          step(base - 120, base + 160, y) * 0.55,
        ),
    );
  }
}

/** The hill the town stands on: high in the middle left, down to the quay at both ends. */
const slope = (x: number): number =>
  420 * Math.exp(-(((x - 1000) / 640) ** 2)) + 120 * Math.exp(-(((x - 2050) / 330) ** 2)) + 46;

function paintTown(painting: Painting): void {
  const random = seeded(1789);
  const rows = 8;
  for (let row = 0; row < rows; row++) {
    const near = row / (rows - 1);
    const ground = (x: number): number => quay - slope(x) * (1 - near) ** 1.15;
    if (row === 1) paintCathedral(painting, 1010, ground(1010) + 26);
    const panes: Pane[] = [];
    for (let x = -60 - random() * 60; x < width + 60;) {
      const w = (44 + random() * 46) * (0.72 + near * 0.75);
      // The upper rows end where the hill does.
      if (slope(x + w / 2) > 80 + (1 - near) * 100 || near > 0.8)
        paintHouse(painting, x, ground(x + w / 2) + 10, w, near, random, panes);
      x += w * (0.86 + random() * 0.26);
    }
    if (row % 2 === 1) paintTrees(painting, ground, near, random);
    lightPanes(painting, panes);
    painting.veil((x, y) => Math.exp(-(((y - ground(x) - 8) / 52) ** 2)) * (1 - near) * 0.5, '#c59ba8');
  }
}

const walls = ['#8d7fa6', '#a88a9f', '#7f86b0', '#b49a9a', '#75799f', '#a07c92'].map(hex);
const roofs = ['#6e4668', '#7d4a62', '#574a77', '#84566a', '#4d4670'].map(hex);

function paintHouse(
  painting: Painting,
  x: number,
  foot: number,
  w: number,
  near: number,
  random: Random,
  panes: Pane[],
): void {
  const floors = 2 + Math.floor(random() * 2.7 + near * 0.8);
  const storey = 30 * (0.75 + near * 0.65);
  const tall = floors * storey + 8;
  const top = foot - tall;
  const haze = (color: Rgb): Rgb => mix(times(color, 0.74 - near * 0.16), [196, 150, 172], (1 - near) * 0.3);
  const wall = haze(walls[Math.floor(random() * walls.length)]!);
  const roof = haze(roofs[Math.floor(random() * roofs.length)]!);
  const grain = (px: number, py: number): number => 1 + texture.fractal(px / 26, py / 40, 3) * 0.22;
  painting.within(x - 24, top - w * 0.9 - 40, w + 48, tall + w + 140);
  painting.layer(
    (c) => c.fillRect(x, top, w, tall + 90),
    (px, py) =>
      times(
        mix(wall, [40, 48, 96], clamp((x + w * 0.8 - px) / w) * 0.34 + clamp((py - top) / 300) * 0.3),
        grain(px, py),
      ),
  );
  const rise = w * (0.34 + random() * 0.36);
  const kind = random();
  painting.layer(
    (c) => {
      if (kind < 0.5)
        polygon(c, [
          [x - 6, top + 2],
          [x + w / 2, top - rise],
          [x + w + 6, top + 2],
        ]);
      else if (kind < 0.86)
        polygon(c, [
          [x - 7, top + 3],
          [x + w * 0.16, top - rise * 0.72],
          [x + w * 0.84, top - rise * 0.72],
          [x + w + 7, top + 3],
        ]);
      else {
        c.fillRect(x - 4, top - 8, w + 8, 12);
        c.beginPath();
        c.ellipse(x + w / 2, top - 6, w * 0.36, w * 0.34, 0, Math.PI, 0);
        c.fill();
      }
      if (random() < 0.7) c.fillRect(x + w * (0.2 + random() * 0.5), top - rise * 0.95, w * 0.11, rise * 0.7);
    },
    (px, py) => times(mix(roof, [236, 158, 140], clamp((px - x) / w - 0.25) * 0.34), grain(px, py * 2.4)),
  );
  const columns = Math.max(2, Math.round(w / (25 * (0.75 + near * 0.6))));
  const cell = w / columns;
  for (let floor = 0; floor < floors; floor++) {
    for (let column = 0; column < columns; column++) {
      if (random() < 0.1) continue;
      const lit = random() < 0.42 ? 1 + Math.floor(random() * 3) : 0;
      const pane = {
        x: x + column * cell + cell * 0.3,
        y: top + floor * storey + storey * 0.3,
        w: cell * 0.4,
        h: storey * 0.5,
        color: lit,
      };
      panes.push(pane);
    }
  }
  painting.within();
}

function lightPanes(painting: Painting, panes: Pane[]): void {
  const draw =
    (list: Pane[], grow: number) =>
    (c: SKRSContext2D): void =>
      list.forEach((pane) => c.fillRect(pane.x - grow, pane.y - grow, pane.w + grow * 2, pane.h + grow * 2));
  const dark = panes.filter((pane) => pane.color === 0);
  const lit = panes.filter((pane) => pane.color > 0);
  painting.layer(draw(dark, 0), '#33406f', { opacity: 0.72 });
  painting.layer(draw(lit, 3), '#ff9a3d', { blur: 11, mode: 'screen', opacity: 0.75 });
  ['#ffcf78', '#ffb45a', '#ffe5ac'].forEach((color, index) =>
    painting.layer(
      draw(
        lit.filter((pane) => pane.color === index + 1),
        0,
      ),
      color,
      { opacity: 0.96 },
    ),
  );
}

function paintCathedral(painting: Painting, x: number, foot: number): void {
  const stone = (px: number, py: number): Rgb =>
    times(
      mix([78, 78, 128], [222, 164, 160], clamp((px - x + 110) / 330)),
      1 + texture.fractal(px / 24, py / 34, 3) * 0.18,
    );
  const copper = (px: number, py: number): Rgb =>
    times(
      mix([52, 86, 120], [150, 168, 160], clamp((px - x + 70) / 190)),
      1 + texture.fractal(px / 14, py / 40, 3) * 0.2,
    );
  painting.layer((c) => {
    c.fillRect(x - 120, foot - 120, 250, 150);
    c.fillRect(x - 66, foot - 196, 132, 90);
    c.fillRect(x - 176, foot - 262, 58, 290);
    c.fillRect(x - 20, foot - 316, 40, 60);
  }, stone);
  painting.layer((c) => {
    c.beginPath();
    c.ellipse(x, foot - 192, 76, 96, 0, Math.PI, 0);
    c.fill();
    polygon(c, [
      [x - 24, foot - 312],
      [x, foot - 392],
      [x + 24, foot - 312],
    ]);
    polygon(c, [
      [x - 184, foot - 258],
      [x - 147, foot - 400],
      [x - 110, foot - 258],
    ]);
    polygon(c, [
      [x - 130, foot - 116],
      [x - 96, foot - 152],
      [x + 104, foot - 152],
      [x + 140, foot - 116],
    ]);
    for (const [sx, top] of [
      [x, 420],
      [x - 147, 428],
    ] as const) {
      c.fillRect(sx - 2, foot - top, 4, 40);
      c.fillRect(sx - 9, foot - top + 10, 18, 4);
    }
  }, copper);
  const arches: [number, number][] = [
    [x - 48, foot - 176],
    [x - 10, foot - 176],
    [x + 28, foot - 176],
    [x - 157, foot - 232],
    [x - 92, foot - 86],
    [x - 40, foot - 86],
    [x + 12, foot - 86],
    [x + 64, foot - 86],
  ];
  const draw = (c: SKRSContext2D): void =>
    arches.forEach(([ax, ay]) => (c.beginPath(), c.roundRect(ax, ay, 20, 46, [10, 10, 0, 0]), c.fill()));
  painting.layer(draw, '#ff9a3d', { blur: 12, mode: 'screen', opacity: 0.9 });
  painting.layer(draw, '#ffd98f');
}

function paintTrees(painting: Painting, ground: (x: number) => number, near: number, random: Random): void {
  painting.layer(
    (c) => {
      for (let i = 0; i < 16; i++) {
        const x = random() * width;
        const tall = (54 + random() * 60) * (0.7 + near * 0.5);
        if (slope(x) < 90 && near < 0.8) continue;
        if (random() < 0.45) {
          c.beginPath();
          c.ellipse(x, ground(x) - tall * 0.5, tall * 0.14, tall * 0.62, 0, 0, Math.PI * 2);
          c.fill();
        } else
          for (let puff = 0; puff < 9; puff++)
            circle(
              c,
              x + (random() - 0.5) * tall * 0.7,
              ground(x) - tall * (0.15 + random() * 0.45),
              tall * (0.12 + random() * 0.14),
            );
      }
    },
    (x, y) =>
      mix(
        times([42, 66, 92], 1 + texture.fractal(x / 14, y / 12, 3) * 0.6),
        [150, 122, 150],
        (1 - near) * 0.45,
      ),
  );
}

const lamps = Array.from({ length: 15 }, (_, index) => ({ x: 60 + index * 166, y: quay - 34 }));

function paintQuay(painting: Painting): void {
  painting.layer(
    (c) => c.fillRect(0, quay - 2, width, 46),
    (x, y) =>
      times(mix([70, 66, 104], [34, 38, 76], (y - quay) / 44), 1 + texture.fractal(x / 30, y / 12, 3) * 0.3),
  );
  painting.layer((c) => lamps.forEach((lamp) => c.fillRect(lamp.x - 2.5, lamp.y, 5, 38)), '#232a55');
  painting.layer((c) => lamps.forEach((lamp) => circle(c, lamp.x, lamp.y - 4, 24)), '#ff9d40', {
    blur: 22,
    mode: 'screen',
  });
  painting.layer((c) => lamps.forEach((lamp) => circle(c, lamp.x, lamp.y - 4, 7.5)), '#fff2c4');
  const random = seeded(55);
  painting.layer((c) => {
    for (let i = 0; i < 20; i++) {
      const x = random() * width;
      const tall = 24 + random() * 8;
      circle(c, x, quay - tall, 4.5);
      c.beginPath();
      c.roundRect(x - 5, quay - tall + 4, 10, tall - 2, 4);
      c.fill();
    }
  }, '#1c2148');
}

function paintWater(painting: Painting): void {
  const line = quay + 44;
  painting.fill((x, y, before) => {
    if (y < line) return before;
    const near = (y - line) / (height - line);
    const far = shapes.fractal(x / (70 + near * 260), (y - line) / (3.4 + near * 15), 3);
    const swell = texture.fractal(x / (300 + near * 500), (y - line) / (12 + near * 30), 2);
    // Light drawn out downwards: several heights of the town are averaged.
    let sum: Rgb = [0, 0, 0];
    for (let tap = 0; tap < 5; tap++) {
      const up = line - (y - line) * (1.05 + (tap - 2) * 0.075) - far * 60 * (0.2 + near) - tap * 5;
      const seen = painting.sample(x + (far * 30 + swell * 22) * (0.25 + near), Math.max(0, up));
      sum = [sum[0] + seen[0], sum[1] + seen[1], sum[2] + seen[2]];
    }
    const mirrored = times(sum, 0.2);
    const glint = step(0.2, 0.55, far) * 0.16;
    return mix(mix(mirrored, [18, 34, 82], 0.26 + near * 0.3), [150, 172, 220], glint);
  });
  painting.veil(
    (x, y) => {
      if (y < line) return 0;
      const down = (y - line) / 330;
      const waver = shapes.fractal(x / 60, y / 7, 2) * 34 * (0.3 + down);
      const nearest = Math.round((x + waver - 60) / 166) * 166 + 60;
      return (
        Math.exp(-(((x + waver - nearest) / (9 + down * 14)) ** 2)) *
        step(1.15, 0, down) *
        (0.6 + shapes.fractal(x / 80, y / 6, 2) * 1.2)
      );
    },
    '#ffb765',
    { mode: 'screen', opacity: 0.85 },
  );
}

function paintBoats(painting: Painting): void {
  for (const [x, y, s, flip, paint] of [
    [1240, 1270, 0.7, 1, '#3f6d8c'],
    [470, 1350, 1.1, 1, '#b5524f'],
    [1770, 1430, 1.45, -1, '#4a4f80'],
  ] as const) {
    painting.layer(
      (c) =>
        polygon(c, [
          [x - 92 * s, y + 22 * s],
          [x + 96 * s, y + 22 * s],
          [x + 60 * s, y + 70 * s],
          [x - 60 * s, y + 70 * s],
        ]),
      () => times(hex(paint), 0.5),
      { blur: 7 * s, opacity: 0.42 },
    );
    painting.layer(
      (c) => (c.beginPath(), c.ellipse(x, y + 22 * s, 120 * s, 12 * s, 0, 0, Math.PI * 2), c.fill()),
      '#0b1436',
      { blur: 8, opacity: 0.7 },
    );
    painting.layer(
      (c) => {
        c.beginPath();
        c.moveTo(x - 112 * s * flip, y - 16 * s);
        c.quadraticCurveTo(x, y + 8 * s, x + 124 * s * flip, y - 26 * s);
        c.quadraticCurveTo(x + 104 * s * flip, y + 24 * s, x + 70 * s * flip, y + 25 * s);
        c.lineTo(x - 84 * s * flip, y + 25 * s);
        c.fill();
      },
      (px, py) =>
        times(
          mix(
            mix(hex(paint), [236, 170, 140], step(-6 * s, -22 * s, py - y) * 0.5),
            [22, 24, 62],
            clamp((py - y + 10 * s) / (36 * s)) * 0.8,
          ),
          1 + texture.fractal(px / 40, py / 5, 3) * 0.25,
        ),
    );
    painting.layer((c) => {
      c.fillRect(x - 6 * s, y - 190 * s, 5 * s, 196 * s);
      c.fillRect(x - 4 * s, y - 34 * s, 78 * s * flip, 5 * s);
      c.lineWidth = 2;
      c.beginPath();
      c.moveTo(x - 108 * s * flip, y - 16 * s);
      c.lineTo(x - 4 * s, y - 188 * s);
      c.lineTo(x + 118 * s * flip, y - 24 * s);
      c.stroke();
    }, '#1a2046');
    painting.layer((c) => circle(c, x - 4 * s, y - 150 * s, 12 * s), '#ffab4a', {
      blur: 16 * s,
      mode: 'screen',
    });
    painting.layer((c) => circle(c, x - 4 * s, y - 150 * s, 4.5 * s), '#fff1c2');
  }
}
