/** Colours as three numbers from 0 to 255 (sRGB), and ramps between them. */

export type Rgb = readonly [number, number, number];
/** Colour of a point of the picture, in design units. */
export type Shader = (x: number, y: number) => Rgb;

/** `#1e90ff` as numbers. */
export function hex(color: string): Rgb {
  const value = Number.parseInt(color.slice(1), 16);
  return [value >> 16, (value >> 8) & 255, value & 255];
}

export function mix(from: Rgb, to: Rgb, share: number): Rgb {
  const t = clamp(share);
  return [from[0] + (to[0] - from[0]) * t, from[1] + (to[1] - from[1]) * t, from[2] + (to[2] - from[2]) * t];
}

/** Lighter or darker by a factor. */
export function times(color: Rgb, factor: number): Rgb {
  return [color[0] * factor, color[1] * factor, color[2] * factor];
}

/** A colour scale through stops `[position, '#rrggbb']`, positions rising from 0 to 1. */
export function ramp(...stops: [number, string][]): (position: number) => Rgb {
  const points = stops.map(([position, color]) => ({ position, color: hex(color) }));
  return (position) => {
    let before = points[0]!;
    for (const point of points) {
      if (point.position >= position) {
        const span = point.position - before.position;
        return span > 0
          ? mix(before.color, point.color, smooth((position - before.position) / span))
          : point.color;
      }
      before = point;
    }
    return before.color;
  };
}

export function clamp(value: number): number {
  return value < 0 ? 0 : value > 1 ? 1 : value;
}

/** The S-curve 3t² − 2t³. */
export function smooth(t: number): number {
  const c = clamp(t);
  return c * c * (3 - 2 * c);
}

/** 0 below `from`, 1 above `to`, smooth between; the other way round when `from` is larger. */
export function step(from: number, to: number, value: number): number {
  return smooth((value - from) / (to - from));
}
