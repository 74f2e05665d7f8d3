/** Small shapes the pictures share; all lengths in design units. */
import type { SKRSContext2D } from '@napi-rs/canvas';
import type { Random } from './noise.ts';

export type Point = [x: number, y: number];

export function circle(c: SKRSContext2D, x: number, y: number, radius: number): void {
  c.beginPath();
  c.arc(x, y, radius, 0, Math.PI * 2);
  c.fill();
}

export function polygon(c: SKRSContext2D, points: Point[]): void {
  c.beginPath();
  points.forEach((point) => c.lineTo(...point));
  c.closePath();
  c.fill();
}

/** Everything below a line, across the whole picture. */
export function ground(c: SKRSContext2D, crest: (x: number) => number, width: number, height: number): void {
  c.beginPath();
  c.moveTo(-10, height + 10);
  for (let x = -10; x <= width + 10; x += 2) c.lineTo(x, crest(Math.max(0, x)));
  c.lineTo(width + 10, height + 10);
  c.fill();
}

/** A pine of drooping branches, each tier a little off. */
export function pine(c: SKRSContext2D, x: number, foot: number, tall: number, random: Random): void {
  const tiers = 7 + Math.floor(random() * 4);
  const lean = (random() - 0.5) * tall * 0.05;
  const edge = (side: number, upwards: boolean): void => {
    for (let count = 1; count <= tiers; count++) {
      const down = (upwards ? tiers + 1 - count : count) / tiers;
      const reach = tall * 0.19 * down * (0.75 + random() * 0.45);
      const level = foot - tall * (1 - down * 0.93);
      const middle = x + lean * (1 - down);
      const inner: Point = [middle + side * reach * 0.45, level - tall * 0.025];
      const outer: Point = [middle + side * reach, level + tall * 0.02];
      for (const point of upwards ? [inner, outer] : [outer, inner]) c.lineTo(...point);
    }
  };
  c.beginPath();
  c.moveTo(x + lean, foot - tall);
  edge(1, false);
  c.lineTo(x + tall * 0.02, foot);
  c.lineTo(x - tall * 0.02, foot);
  edge(-1, true);
  c.closePath();
  c.fill();
}
