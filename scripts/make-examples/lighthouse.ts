/** A lighthouse on its rock after sunset. Upright in the middle, so that 9:16 crops keep it whole. */
import type { SKRSContext2D } from '@napi-rs/canvas';
import { clamp, hex, mix, ramp, smooth, step, times, type Rgb } from './color.ts';
import { noise, seeded } from './noise.ts';
import { Painting } from './painting.ts';
import { circle, ground, polygon } from './shapes.ts';

const width = 2160;
const height = 2400;
const horizon = 1510;
const lamp = { x: 1090, y: 884 };
const shapes = noise(71);
const texture = noise(72);

export function paintLighthouse(scale: number): Painting {
  const painting = new Painting(width, height, scale);
  paintSky(painting);
  paintSea(painting);
  paintRock(painting);
  paintTower(painting);
  paintCottage(painting);
  paintBeam(painting);
  paintSpray(painting);
  painting.paper(79, 0.22);
  return painting;
}

function paintSky(painting: Painting): void {
  const sky = ramp(
    [0, '#131b47'],
    [0.3, '#27356f'],
    [0.55, '#5a4f8c'],
    [0.75, '#a8688e'],
    [0.9, '#e58f7d'],
    [1, '#f7b985'],
  );
  painting.fill((x, y) => sky(clamp(y / horizon + texture.fractal(x / 600, y / 160, 3) * 0.05)));
  const random = seeded(12);
  painting.layer(
    (c) => {
      for (let i = 0; i < 520; i++) {
        const y = random() ** 1.7 * 1050;
        circle(c, random() * width, y, (0.7 + random() ** 6 * 2.6) * (1 - y / 1500));
      }
    },
    '#fff4dd',
    { opacity: 0.85 },
  );
  // Towering clouds, with edges that catch the last light from below right.
  const cloud = (x: number, y: number): number => {
    const warp = shapes.fractal(x / 420, y / 320, 3) * 0.4;
    const mass = shapes.fractal(x / 760 + warp + 2.2, y / 420 + warp * 0.6 + 6, 6);
    return (
      mass +
      step(700, 1450, y) * 0.34 -
      step(900, 420, y) * 0.5 -
      Math.exp(-(((x - lamp.x) / 340) ** 2)) * 0.14 * step(1250, 700, y)
    );
  };
  painting.veil(
    (x, y) => step(0.12, 0.3, cloud(x, y)) * 0.93,
    (x, y) => {
      const here = cloud(x, y);
      const lit = clamp((here - cloud(x + 34, y + 44)) * 3.4 + 0.42);
      const low = clamp((y - 300) / 1200);
      const shade = mix([50, 58, 112], [132, 84, 128], low);
      const light = mix([142, 118, 176], [255, 178, 140], low);
      return mix(shade, light, smooth(lit));
    },
  );
  painting.layer((c) => circle(c, 430, 470, 86), '#cdd5ff', { blur: 80, opacity: 0.5, mode: 'screen' });
  painting.layer((c) => {
    c.beginPath();
    c.arc(430, 470, 66, 0.75, 0.75 + Math.PI);
    c.arc(472, 434, 79, 2.96 + 0.42, 1.52 - 0.42, true);
    c.fill();
  }, '#fdf6e0');
}

const sea = ramp([0, '#d98d86'], [0.1, '#8b6a92'], [0.35, '#3f4d84'], [0.7, '#223a69'], [1, '#13264a']);

function water(x: number, y: number): Rgb {
  const near = (y - horizon) / (height - horizon);
  const swell = shapes.fractal(
    x / (90 + near * 620),
    (y - horizon) / (6 + near * 52) + texture.fractal(x / 500, y / 200, 2),
    4,
  );
  const base = sea(clamp(near + swell * 0.26 * (0.3 + near)));
  const crestLight = step(0.22, 0.42, swell) * (0.25 + 0.25 * near);
  const glow =
    Math.exp(-(((x - 1560) / (240 + near * 500)) ** 2)) * step(-0.1, 0.35, swell) * (1 - near) * 0.7;
  return mix(mix(base, [150, 168, 205], crestLight), [255, 190, 140], glow);
}

function paintSea(painting: Painting): void {
  painting.layer((c) => c.fillRect(0, horizon, width, height), water);
  painting.veil(
    (x, y) => Math.exp(-(((y - horizon) / 26) ** 2)) * (0.4 + shapes.fractal(x / 260, 3, 3) * 0.4),
    '#f0a58a',
  );
}

/** Top of the rock: flat where the houses stand, then falling in ledges. */
const crest = (x: number): number => {
  const reach = Math.abs(x - 1060) / 860;
  const steps = reach * 5.5 + shapes.fractal(x / 150, 2.2, 3) * 0.9;
  const ledged = (Math.floor(steps) + smooth((steps % 1) * 1.7 - 0.5)) / 5.5;
  const fall = smooth(clamp((reach * 0.45 + ledged * 0.55 - 0.26) / 0.8));
  const crags = shapes.ridged(x / 120, 4.4, 5) * step(0.28, 0.5, reach);
  return 1500 + 760 * fall - crags * 74 + shapes.fractal(x / 90, 8, 3) * 14;
};

function paintRock(painting: Painting): void {
  painting.layer(
    (c) => ground(c, crest, width, height),
    (x, y) => {
      const depth = y - crest(x);
      const bend = texture.fractal(x / 240, y / 240, 3) * 90;
      const at = (d: number): number => shapes.ridged((x + bend + d) / 300, (y - bend * 0.6 + d) / 190, 6);
      const facet = clamp(0.5 + (at(0) - at(14)) * 4.2);
      const strata = texture.fractal(x / 500, (y + x * 0.16) / 34, 3) * 0.3;
      let color = mix([24, 28, 58], [96, 78, 118], smooth(facet + strata * 0.5));
      color = mix(color, [226, 142, 124], step(0.66, 0.95, facet) * 0.55 * step(700, 1500, x));
      const grass =
        step(64 + texture.fractal(x / 30, y / 40, 4) * 70, 0, depth) * step(620, 300, Math.abs(x - 1060));
      const blades = texture.fractal(x / 9, y / 30, 3) * 0.5 + 0.5;
      color = mix(color, mix([38, 56, 66], [112, 116, 92], blades), grass * 0.95);
      color = mix(color, [255, 178, 132], step(9, 0, depth) * 0.35);
      return mix(color, [20, 30, 62], step(1950, 2400, y) * 0.6);
    },
  );
}

function paintTower(painting: Painting): void {
  const foot = 1500;
  const top = lamp.y + 66;
  const half = (y: number): number => 66 + 62 * ((y - top) / (foot - top)) ** 1.4;
  const body = (c: SKRSContext2D): void => {
    c.beginPath();
    for (let y = top; y <= foot; y += 8) c.lineTo(lamp.x - half(y), y);
    c.quadraticCurveTo(lamp.x, foot + 26, lamp.x + half(foot), foot);
    for (let y = foot; y >= top; y -= 8) c.lineTo(lamp.x + half(y), y);
    c.fill();
  };
  painting.layer(body, (x, y) => {
    const across = (x - lamp.x) / half(y);
    const curve = (y - top) / (foot - top) + 0.018 * (1 - across * across);
    const red = Math.floor(curve * 5.02) % 2 === 1;
    const grain = texture.fractal(x / 46, y / 90, 4) * 0.16 + texture.fractal(x / 9, y / 70, 2) * 0.07;
    const round = clamp(0.52 + across * 0.46 - Math.max(0, across - 0.72) * 0.9);
    const paint = red ? mix([84, 28, 58], [226, 92, 80], round) : mix([96, 92, 140], [255, 228, 204], round);
    const under = step(top + 74, top + 6, y) * 0.45;
    return times(mix(paint, [40, 36, 80], under), 1 + grain);
  });
  const windows: [number, number][] = [
    [lamp.x - 14, 1066],
    [lamp.x - 16, 1188],
    [lamp.x - 18, 1310],
  ];
  const openings = (c: SKRSContext2D, grow: number): void =>
    windows.forEach(([x, y]) => {
      c.beginPath();
      c.roundRect(x - grow, y - grow, 32 + grow * 2, 52 + grow * 2, [16 + grow, 16 + grow, 2, 2]);
      c.fill();
    });
  painting.layer((c) => openings(c, 7), '#5d4668');
  painting.layer((c) => openings(c, 14), '#ff9f43', { blur: 18, mode: 'screen', opacity: 0.7 });
  painting.layer(
    (c) => openings(c, 0),
    (_x, y) => mix([255, 226, 150], [255, 168, 76], ((y - 1066) % 122) / 52),
  );
  painting.layer(
    (c) => (c.beginPath(), c.roundRect(lamp.x - 38, foot - 98, 72, 112, [36, 36, 0, 0]), c.fill()),
    (x) => mix([44, 28, 54], [110, 62, 70], (x - lamp.x + 38) / 72),
  );
  paintLantern(painting, top);
}

function paintLantern(painting: Painting, top: number): void {
  const { x, y } = lamp;
  const metal = (px: number, py: number): [number, number, number] => {
    const lit = clamp(0.35 + (px - x) / 210 + texture.fractal(px / 30, py / 30, 2) * 0.1);
    return [34 + 120 * lit, 30 + 62 * lit, 62 + 44 * lit];
  };
  painting.layer((c) => {
    c.beginPath();
    c.roundRect(x - 112, top - 14, 224, 24, 6);
    c.fill();
    polygon(c, [
      [x - 92, top + 10],
      [x + 92, top + 10],
      [x + 66, top + 48],
      [x - 66, top + 48],
    ]);
  }, metal);
  painting.layer(
    (c) => c.fillRect(x - 56, y - 66, 112, 122),
    (px, py) => mix([255, 246, 206], [255, 176, 84], clamp(Math.hypot((px - x) / 64, (py - y) / 84))),
  );
  painting.layer((c) => {
    for (const dx of [-56, -20, 16, 50]) c.fillRect(x + dx, y - 66, 6, 122);
    c.fillRect(x - 58, y - 6, 116, 4);
    c.fillRect(x - 62, y + 46, 124, 10);
    c.beginPath();
    c.moveTo(x - 78, y - 62);
    c.quadraticCurveTo(x - 52, y - 128, x, y - 148);
    c.quadraticCurveTo(x + 52, y - 128, x + 78, y - 62);
    c.fill();
    circle(c, x, y - 154, 14);
    c.fillRect(x - 3, y - 214, 6, 60);
  }, metal);
  painting.layer((c) => {
    c.lineWidth = 4;
    for (let post = -108; post <= 108; post += 24) c.strokeRect(x + post, top - 56, 0.1, 42);
    for (const rail of [top - 56, top - 36]) c.strokeRect(x - 108, rail, 216, 0.1);
  }, '#2c2a52');
}

function paintCottage(painting: Painting): void {
  const [x, y] = [1236, 1512];
  const grain = (px: number, py: number): number => 1 + texture.fractal(px / 30, py / 26, 3) * 0.16;
  painting.layer(
    (c) =>
      polygon(c, [
        [x, y + 14],
        [x, y - 92],
        [x + 212, y - 92],
        [x + 212, y + 22],
      ]),
    (px, py) => times(mix([118, 98, 140], [232, 184, 170], (px - x) / 230), grain(px, py)),
  );
  painting.layer(
    (c) =>
      polygon(c, [
        [x - 16, y - 84],
        [x + 30, y - 166],
        [x + 186, y - 166],
        [x + 232, y - 84],
      ]),
    (px, py) => times(mix([74, 40, 76], [196, 88, 86], clamp((px - x) / 240)), grain(px, py * 3)),
  );
  painting.layer(
    (c) => (c.fillRect(x + 140, y - 212, 32, 66), c.fillRect(x + 134, y - 218, 44, 12)),
    '#7a5070',
  );
  const panes: [number, number][] = [
    [x + 30, y - 64],
    [x + 144, y - 62],
  ];
  painting.layer((c) => panes.forEach(([l, t]) => c.fillRect(l, t, 40, 42)), '#ffa548', {
    blur: 30,
    mode: 'screen',
  });
  painting.layer((c) => panes.forEach(([l, t]) => c.fillRect(l, t, 40, 42)), '#ffe09a');
  painting.layer(
    (c) =>
      panes.forEach(
        ([l, t]) => (
          c.fillRect(l + 18, t, 4, 42),
          c.fillRect(l, t + 19, 40, 4),
          c.fillRect(l - 4, t + 42, 48, 6)
        ),
      ),
    '#6d4560',
  );
  painting.layer(
    (c) => (c.beginPath(), c.roundRect(x + 88, y - 66, 38, 82, [19, 19, 0, 0]), c.fill()),
    '#3d2b50',
  );
  // A girl at the foot of the tower, holding a small lantern.
  const girl = { x: 930, y: 1506 };
  painting.layer(
    (c) => {
      polygon(c, [
        [girl.x - 24, girl.y],
        [girl.x - 8, girl.y - 62],
        [girl.x + 8, girl.y - 62],
        [girl.x + 24, girl.y],
      ]);
      circle(c, girl.x, girl.y - 76, 15);
      c.lineWidth = 7;
      c.beginPath();
      c.moveTo(girl.x + 4, girl.y - 54);
      c.lineTo(girl.x + 36, girl.y - 46);
      c.stroke();
      polygon(c, [
        [girl.x - 12, girl.y - 84],
        [girl.x - 34, girl.y - 60],
        [girl.x - 8, girl.y - 66],
      ]);
    },
    (px) => mix([30, 26, 58], [206, 106, 84], clamp((px - girl.x + 18) / 60)),
  );
  painting.layer((c) => circle(c, girl.x + 38, girl.y - 34, 16), '#ff9f3f', { blur: 26, mode: 'screen' });
  painting.layer((c) => circle(c, girl.x + 38, girl.y - 34, 7), '#fff0b4');
}

function paintBeam(painting: Painting): void {
  const ray =
    (angle: number, spread: number) =>
    (x: number, y: number): number => {
      const dx = x - lamp.x;
      const dy = y - lamp.y;
      const along = dx * Math.cos(angle) + dy * Math.sin(angle);
      if (along < 0) return 0;
      const off = (-dx * Math.sin(angle) + dy * Math.cos(angle)) / (18 + along * spread);
      const mist = 0.75 + shapes.fractal(x / 260, y / 160, 4) * 0.5;
      return Math.exp(-(off * off) * 1.6) * Math.exp(-along / 1250) * mist;
    };
  painting.veil(ray(Math.PI + 0.11, 0.1), '#ffe3a1', { mode: 'screen', opacity: 0.85 });
  painting.veil(ray(-0.09, 0.1), '#ffe3a1', { mode: 'screen', opacity: 0.72 });
  painting.layer((c) => circle(c, lamp.x, lamp.y, 86), '#ffbe62', { blur: 74, mode: 'screen' });
  painting.layer((c) => circle(c, lamp.x, lamp.y, 40), '#fff3c8', { blur: 20, mode: 'screen' });
}

function paintSpray(painting: Painting): void {
  const random = seeded(31);
  const line = (x: number): number =>
    2150 +
    shapes.fractal(x / 420, 7, 3) * 60 +
    26 * Math.sin(x / 210) -
    40 * Math.exp(-(((x - 1060) / 900) ** 2));
  painting.layer(
    (c) => ground(c, line, width, height),
    (x, y) => mix(water(x, y), times(water(x, y), 0.8), step(60, 0, y - line(x))),
  );
  const shoreward = (x: number, y: number): number => clamp(1.15 - Math.max(0, crest(x) - y) / 60);
  // Foam: a bright lip where the swell meets the rock, and lace sliding back over the water.
  painting.veil(
    (x, y) => {
      const off = y - line(x) + shapes.fractal(x / 46, y / 30, 4) * 46;
      const lip = Math.exp(-((off / (off < 0 ? 12 : 24)) ** 2));
      const lace =
        step(0.6, 0.84, shapes.ridged(x / 150, y / 52, 4)) * step(-10, 20, off) * step(190, 20, off);
      return (lip * 0.95 + lace * 0.5) * shoreward(x, y + 60);
    },
    (x, y) => mix([164, 176, 214], [250, 226, 220], clamp(0.5 + shapes.fractal(x / 30, y / 24, 3))),
  );
  for (const [x, tall] of [
    [420, 150],
    [655, 210],
    [1010, 120],
    [1390, 230],
    [1640, 140],
  ] as const) {
    painting.veil((px, py) => {
      const up = (line(x) + 10 - py) / tall;
      if (up < 0 || up > 1.1) return 0;
      const across = Math.abs(px - x + up * up * 40) / (34 + 70 * Math.sqrt(up));
      return (
        step(1, 0.2, across) *
        step(1.1, 0.15, up) *
        step(-0.12, 0.3, shapes.fractal(px / 26, py / 34, 4) + 0.32 * (1 - up) - 0.06) *
        0.85
      );
    }, '#e3dbea');
    painting.layer(
      (c) => {
        for (let i = 0; i < 46; i++)
          circle(
            c,
            x + (random() - 0.5) * tall * 1.3,
            line(x) - random() ** 1.5 * tall * 1.25,
            1 + random() ** 3 * 4.4,
          );
      },
      '#f1eaf2',
      { opacity: 0.8 },
    );
  }
  painting.layer(
    (c) => {
      for (const [x, y, s] of [
        [560, 1230, 26],
        [640, 1292, 18],
        [1560, 1120, 22],
      ] as const) {
        c.lineWidth = s * 0.2;
        c.beginPath();
        c.moveTo(x - s, y - s * 0.5);
        c.quadraticCurveTo(x - s * 0.4, y - s * 0.5, x, y);
        c.quadraticCurveTo(x + s * 0.4, y - s * 0.6, x + s, y - s * 0.3);
        c.stroke();
      }
    },
    (x) => (x > 1000 ? hex('#3a3566') : hex('#e9e2f0')),
  );
}
