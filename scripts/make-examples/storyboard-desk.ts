/** A desk from above, in lamplight: the film's own pictures on cards, in the order they will be told. */
import type { SKRSContext2D } from '@napi-rs/canvas';
import { clamp, mix, smooth, step, times, type Rgb } from './color.ts';
import { noise, seeded } from './noise.ts';
import { Painting } from './painting.ts';
import { circle } from './shapes.ts';

const width = 2400;
const height = 1600;
const grain = noise(181);
const lamp = { x: 820, y: 420 };

type Card = { x: number; y: number; turn: number; picture: Painting; marks: number };
const card = { width: 560, height: 452, margin: 26, pictureHeight: 286 };

/** @param pictures what is on the cards, in order; small ones will do */
export function paintStoryboardDesk(scale: number, pictures: Painting[]): Painting {
  const painting = new Painting(width, height, scale);
  paintWood(painting);
  layOut(pictures).forEach((one) => paintCard(painting, one));
  paintThread(painting);
  paintCup(painting);
  paintPencil(painting);
  paintLamplight(painting);
  painting.paper(189, 0.3);
  return painting;
}

function paintWood(painting: Painting): void {
  painting.fill((x, y) => {
    const plank = Math.floor((y + 40) / 330);
    const along = x / 900 + plank * 13.7;
    const across = (y - plank * 330) / 60;
    const flow = grain.fractal(along, across * 0.3 + plank * 5, 3) * 2.6;
    const rings = 0.5 + 0.5 * Math.sin((across + flow) * 5.2);
    const fibre = grain.fractal(x / 240 + plank * 3, y / 4, 3) * 0.5 + 0.5;
    const tone = clamp(rings * 0.5 + fibre * 0.42 + (plank % 3) * 0.06);
    const wood = mix([70, 40, 34], [142, 88, 58], tone);
    const gap = Math.exp(-((((y + 40) % 330) / 5) ** 2)) + Math.exp(-(((330 - ((y + 40) % 330)) / 4) ** 2));
    return mix(wood, [28, 15, 18], clamp(gap) * 0.85);
  });
}

function layOut(pictures: Painting[]): Card[] {
  const places: [number, number, number][] = [
    [470, 390, -0.07],
    [1110, 345, 0.035],
    [1745, 400, -0.03],
    [640, 965, 0.05],
    [1275, 935, -0.045],
  ];
  return pictures.slice(0, places.length).map((picture, index) => ({
    x: places[index]![0],
    y: places[index]![1],
    turn: places[index]![2],
    picture,
    marks: index,
  }));
}

function paintCard(painting: Painting, one: Card): void {
  const { x, y, turn, picture } = one;
  const [halfWide, halfTall] = [card.width / 2, card.height / 2];
  const turned =
    (draw: (c: SKRSContext2D) => void, dx = 0, dy = 0) =>
    (c: SKRSContext2D): void => {
      c.save();
      c.translate(x + dx, y + dy);
      c.rotate(turn);
      draw(c);
      c.restore();
    };
  const sheet = (c: SKRSContext2D): void => (
    c.beginPath(),
    c.roundRect(-halfWide, -halfTall, card.width, card.height, 10),
    c.fill()
  );
  // The shadow falls away from the lamp.
  const away = Math.atan2(y - lamp.y, x - lamp.x);
  painting.layer(turned(sheet, Math.cos(away) * 16 + 4, Math.sin(away) * 16 + 10), '#150a12', {
    blur: 16,
    opacity: 0.62,
  });
  painting.layer(turned(sheet), (px, py) =>
    times([246, 236, 216], 1 + grain.fractal(px / 60, py / 60, 4) * 0.05),
  );
  const [cos, sin] = [Math.cos(turn), Math.sin(turn)];
  const pictureWide = card.width - card.margin * 2;
  const crop = Math.min(picture.width / pictureWide, picture.height / card.pictureHeight);
  painting.layer(
    turned((c) =>
      c.fillRect(-halfWide + card.margin, -halfTall + card.margin, pictureWide, card.pictureHeight),
    ),
    (px, py) => {
      const across = (px - x) * cos + (py - y) * sin;
      const down = -(px - x) * sin + (py - y) * cos + halfTall - card.margin - card.pictureHeight / 2;
      return picture.sample(picture.width / 2 + across * crop, picture.height * 0.5 + down * crop);
    },
  );
  const random = seeded(300 + one.marks);
  painting.layer(
    turned((c) => {
      // Handwriting: lines of small loops, with gaps for words.
      c.lineWidth = 3.2;
      for (let line = 0; line < 3; line++) {
        const base = -halfTall + card.margin + card.pictureHeight + 38 + line * 34;
        let at = -halfWide + card.margin + 6;
        const end = halfWide - card.margin - (line === 2 ? 190 : 20 + random() * 50);
        while (at < end) {
          const word = 26 + random() * 62;
          c.beginPath();
          for (let step = 0; step < word; step += 2) {
            const tall = 6 + (Math.sin((at + step) * 0.13) > 0.75 ? 9 : 0);
            c.lineTo(
              Math.min(end, at + step) + Math.cos(step * 0.62) * 2.6,
              base + Math.sin(step * 0.62) * tall * 0.7,
            );
          }
          c.stroke();
          at += word + 17;
        }
      }
    }),
    '#4b4470',
    { opacity: 0.85 },
  );
  painting.layer(
    turned((c) => circle(c, 0, -halfTall + 6, 17), 3, 7),
    '#1a0c14',
    { blur: 6, opacity: 0.6 },
  );
  painting.layer(
    turned((c) => circle(c, 0, -halfTall + 4, 16)),
    (px, py) =>
      mix(
        [255, 150, 110],
        [184, 48, 56],
        clamp(Math.hypot(px - x + 6 - halfTall * sin, py - y + halfTall * cos + 2) / 24),
      ),
  );
}

/** A red thread from pin to pin: the order of the scenes. */
function paintThread(painting: Painting): void {
  const top = -card.height / 2 + 4;
  const pins = (
    [
      [470, 390, -0.07],
      [1110, 345, 0.035],
      [1745, 400, -0.03],
      [640, 965, 0.05],
      [1275, 935, -0.045],
    ] as const
  ).map(([x, y, turn]) => ({ x: x - top * Math.sin(turn), y: y + top * Math.cos(turn) }));
  const draw =
    (drop: number) =>
    (c: SKRSContext2D): void => {
      c.lineWidth = 4;
      pins.slice(1).forEach((pin, index) => {
        const from = pins[index]!;
        const sag = 26 + Math.hypot(pin.x - from.x, pin.y - from.y) * 0.03;
        c.beginPath();
        c.moveTo(from.x, from.y + drop);
        c.quadraticCurveTo((from.x + pin.x) / 2, (from.y + pin.y) / 2 + sag + drop, pin.x, pin.y + drop);
        c.stroke();
      });
    };
  painting.layer(draw(9), '#1a0a10', { blur: 4, opacity: 0.5 });
  painting.layer(draw(0), (x, y) => times([206, 62, 64], 1 + grain.at(x / 3, y / 3) * 0.3));
}

function paintCup(painting: Painting): void {
  const [x, y, r] = [1985, 1090, 168];
  painting.layer((c) => circle(c, x + 44, y + 48, r * 1.42), '#120810', { blur: 34, opacity: 0.75 });
  const china = (px: number, py: number, radius: number): Rgb => {
    const lit = clamp(0.6 - ((px - x) * 0.8 + (py - y) * 0.6) / (radius * 2));
    return times(mix([92, 100, 132], [236, 226, 214], lit), 1 + grain.fractal(px / 40, py / 40, 3) * 0.05);
  };
  painting.layer(
    (c) => circle(c, x, y, r * 1.42),
    (px, py) => china(px, py, r * 1.5),
  );
  painting.layer(
    (c) => (c.beginPath(), c.arc(x, y, r * 1.3, 0, 7), (c.lineWidth = 5), c.stroke()),
    '#3f5f8f',
    { opacity: 0.8 },
  );
  painting.layer((c) => circle(c, x + 16, y + 18, r * 1.02), '#1a1018', { blur: 14, opacity: 0.5 });
  painting.layer(
    (c) => {
      c.lineWidth = 34;
      c.beginPath();
      c.ellipse(x + r * 1.02, y + r * 0.46, 52, 40, 0.5, 0, Math.PI * 2);
      c.stroke();
    },
    (px, py) => china(px, py, r),
  );
  painting.layer(
    (c) => circle(c, x, y, r),
    (px, py) => china(px, py, r),
  );
  painting.layer(
    (c) => circle(c, x, y, r * 0.86),
    (px, py) => {
      const [dx, dy] = [(px - x) / r, (py - y) / r];
      const coffee = mix([44, 22, 18], [112, 62, 38], step(0.5, 0.86, Math.hypot(dx, dy)));
      const swirl =
        Math.sin(Math.atan2(dy, dx) * 2 + Math.hypot(dx, dy) * 10) * 0.5 + grain.fractal(px / 34, py / 34, 3);
      const shade = step(-0.7, 0.25, dx * 0.8 + dy * 0.6);
      return mix(
        mix([24, 12, 14], coffee, 0.45 + shade * 0.55),
        [222, 176, 130],
        smooth(clamp(swirl)) * 0.42 * step(0.66, 0.2, Math.hypot(dx, dy)),
      );
    },
  );
  painting.veil(
    (px, py) => {
      const up = (y - 10 - py) / 420;
      if (up < 0 || up > 1) return 0;
      const off = px - x + Math.sin(up * 6 + 0.6) * 44 * up + up * 60;
      return (
        Math.exp(-((off / (30 + up * 90)) ** 2)) *
        (1 - up) *
        smooth(up * 5) *
        (0.5 + grain.fractal(px / 90, py / 120, 4) * 0.9) *
        0.42
      );
    },
    '#f6e6d4',
    { mode: 'screen' },
  );
}

function paintPencil(painting: Painting): void {
  const turned =
    (dx: number, dy: number, draw: (c: SKRSContext2D) => void) =>
    (c: SKRSContext2D): void => {
      c.save();
      c.translate(1120 + dx, 1385 + dy);
      c.rotate(-0.12);
      draw(c);
      c.restore();
    };
  const outline = (c: SKRSContext2D): void => {
    c.beginPath();
    for (const [px, py] of [
      [-330, -15],
      [260, -15],
      [330, 0],
      [260, 15],
      [-330, 15],
    ] as const)
      c.lineTo(px, py);
    c.fill();
  };
  painting.layer(turned(10, 20, outline), '#140a10', { blur: 11, opacity: 0.7 });
  painting.layer(turned(0, 0, outline), '#eccfa2');
  const stripes: [number, string][] = [
    [-15, '#f4b73f'],
    [-6, '#dd9726'],
    [6, '#a96a18'],
  ];
  for (const [from, color] of stripes)
    painting.layer(
      turned(0, 0, (c) => c.fillRect(-330, from, 580, from === -6 ? 12 : 9)),
      color,
    );
  painting.layer(
    turned(0, 0, (c) => c.fillRect(-352, -16, 40, 32)),
    '#b9b4b0',
  );
  painting.layer(
    turned(0, 0, (c) => (c.beginPath(), c.roundRect(-396, -15, 46, 30, 10), c.fill())),
    '#d9808a',
  );
  painting.layer(
    turned(0, 0, (c) => (c.beginPath(), c.moveTo(308, -5), c.lineTo(332, 0), c.lineTo(308, 5), c.fill())),
    '#2b2733',
  );
}

/** A warm pool from the upper left; blue night everywhere else. */
function paintLamplight(painting: Painting): void {
  painting.fill((x, y, before) => {
    const far = Math.hypot((x - lamp.x) / 1500, (y - lamp.y) / 1180);
    const light = Math.exp(-(far ** 2) * 1.25);
    const night: Rgb = [before[0] * 0.3 + 6, before[1] * 0.34 + 8, before[2] * 0.52 + 22];
    const warm: Rgb = [before[0] * 1.1 + 6, before[1] * 0.98 + 2, before[2] * 0.8];
    return mix(night, warm, light * 1.05);
  });
  painting.veil((x, y) => Math.exp(-((Math.hypot(x - lamp.x, y - lamp.y) / 640) ** 2)) * 0.2, '#ffc978', {
    mode: 'screen',
  });
}
