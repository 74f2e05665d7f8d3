/**
 * Still pictures for gradient and colour scenes: colours blended in the OKLab space (no grey or
 * dirty middle), a few soft lights, and a dither too fine to see that keeps 8-bit steps from showing.
 */
import { parseColor, toLinear } from './colors.ts';

/** px between computed points; between them the picture is smooth enough for straight lines. */
const grid = 16;

/** Lights: place and reach as shares of width, height and short side; lift in OKLab lightness. */
const lights = [
  { x: 0.22, y: 0.2, reach: 0.75, lift: 0.075 },
  { x: 0.82, y: 0.74, reach: 0.6, lift: 0.045 },
  { x: 0.65, y: 0.1, reach: 0.45, lift: 0.03 },
  { x: 0.08, y: 1.02, reach: 0.7, lift: -0.06 },
  { x: 1.0, y: 0.02, reach: 0.6, lift: -0.035 },
] as const;

/**
 * Draws a gradient from the upper left to the lower right; one colour becomes a gentle shade of itself.
 * @param colors #rgb or #rrggbb, at least one
 * @returns rows from the top, 3 bytes a pixel
 */
export function drawGradient(colors: readonly string[], width: number, height: number): { rgb: Uint8Array } {
  const stops = colors.map((color) => toOklab(color));
  const columns = Math.ceil(width / grid) + 1;
  const rows = Math.ceil(height / grid) + 1;
  const points = new Float32Array(columns * rows * 3);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      points.set(
        colorAt(stops, (column * grid) / width, (row * grid) / height, width / height),
        (row * columns + column) * 3,
      );
    }
  }
  return { rgb: enlarge(points, columns, width, height) };
}

type Lab = readonly [lightness: number, a: number, b: number];

/** sRGB 0–255 of one point; x and y are shares of width and height. */
function colorAt(stops: readonly Lab[], x: number, y: number, ratio: number): number[] {
  const along = Math.min(1, Math.max(0, (x + y) / 2 + 0.035 * Math.sin(2.6 * (x - y) + 0.7)));
  const place = along * (stops.length - 1);
  const index = Math.min(Math.floor(place), Math.max(0, stops.length - 2));
  const from = stops[index] as Lab;
  const to = stops[index + 1] ?? from;
  const share = place - index;
  // Between several colours, a smooth step leaves no crease where one blend ends and the next begins.
  const part = stops.length > 2 ? share * share * (3 - 2 * share) : share;
  const lab = from.map((value, axis) => value + ((to[axis] ?? value) - value) * part) as [
    number,
    number,
    number,
  ];
  const short = Math.min(1, ratio);
  let lift = 0;
  for (const light of lights) {
    const distance =
      Math.hypot((x - light.x) * ratio, y - light.y) / (light.reach * Math.max(short, 0.6) * 1.2);
    lift += light.lift * Math.exp(-distance * distance * 2);
  }
  // Near black and white lights would clip, near black they would turn to grey fog.
  lab[0] +=
    lift * (0.35 + 0.65 * Math.min(1, lab[0] / 0.35)) * (lift > 0 ? Math.min(1, (1 - lab[0]) / 0.2) : 1);
  return fromOklab(lab);
}

/** Straight lines between the points, and ±½ step of a fixed noise before rounding. */
function enlarge(points: Float32Array, columns: number, width: number, height: number): Uint8Array {
  const rgb = new Uint8Array(width * height * 3);
  const line = new Float32Array(columns * 3);
  let at = 0;
  for (let y = 0; y < height; y++) {
    const row = Math.floor(y / grid);
    const down = (y % grid) / grid;
    const upper = row * columns * 3;
    for (let index = 0; index < line.length; index++) {
      const above = points[upper + index] as number;
      line[index] = above + ((points[upper + columns * 3 + index] as number) - above) * down;
    }
    // Interleaved gradient noise (Jimenez 2014): even at every scale, no pattern to the eye.
    let phase = (0.00583715 * y) % 1;
    for (let column = 0, x = 0; x < width; column++) {
      let [red, green, blue] = [
        line[column * 3] as number,
        line[column * 3 + 1] as number,
        line[column * 3 + 2] as number,
      ];
      const next = column * 3 + 3;
      const redStep = ((line[next] as number) - red) / grid;
      const greenStep = ((line[next + 1] as number) - green) / grid;
      const blueStep = ((line[next + 2] as number) - blue) / grid;
      for (const end = Math.min(x + grid, width); x < end; x++) {
        const wave = 52.9829189 * phase;
        const noise = wave - Math.floor(wave);
        rgb[at++] = red + noise;
        rgb[at++] = green + noise;
        rgb[at++] = blue + noise;
        red += redStep;
        green += greenStep;
        blue += blueStep;
        phase += 0.06711056;
        if (phase >= 1) phase -= 1;
      }
    }
  }
  return rgb;
}

/** Ottosson 2020, https://bottosson.github.io/posts/oklab/ */
function toOklab(color: string): Lab {
  const [red, green, blue] = parseColor(color).map(toLinear) as [number, number, number];
  const l = Math.cbrt(0.4122214708 * red + 0.5363325363 * green + 0.0514459929 * blue);
  const m = Math.cbrt(0.2119034982 * red + 0.6806995451 * green + 0.1073969566 * blue);
  const s = Math.cbrt(0.0883024619 * red + 0.2817188376 * green + 0.6299787005 * blue);
  return [
    0.2104542553 * l + 0.793617785 * m - 0.0040720468 * s,
    1.9779984951 * l - 2.428592205 * m + 0.4505937099 * s,
    0.0259040371 * l + 0.7827717662 * m - 0.808675766 * s,
  ];
}

function fromOklab([lightness, a, b]: Lab): number[] {
  const l = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3;
  const m = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3;
  const s = (lightness - 0.0894841775 * a - 1.291485548 * b) ** 3;
  const linear = [
    4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s,
    -1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s,
    -0.0041960863 * l - 0.7034186147 * m + 1.707614701 * s,
  ];
  return linear.map((value) => {
    const light = Math.min(1, Math.max(0, value));
    const encoded = light <= 0.0031308 ? 12.92 * light : 1.055 * light ** (1 / 2.4) - 0.055;
    // Noise of up to one step is added before rounding down; 254.99 keeps white from wrapping.
    return Math.min(254.99, encoded * 255);
  });
}
