/**
 * A picture painted in layers, like gouache: shapes are drawn as masks (anti-aliased by Skia), then
 * filled with a colour for every point, so a flat shape still carries light, mist and brush marks.
 * All measures are design units; `scale` makes px of them.
 */
import { createCanvas, type SKRSContext2D } from '@napi-rs/canvas';
import sharp from 'sharp';
import { clamp, hex, type Rgb, type Shader } from './color.ts';
import { noise, seeded } from './noise.ts';

export type Draw = (context: SKRSContext2D) => void;
export type LayerOptions = {
  /** Standard deviation of a Gaussian-like blur of the mask, design units. */
  blur?: number;
  opacity?: number;
  mode?: 'normal' | 'screen' | 'multiply';
};

export class Painting {
  readonly width: number;
  readonly height: number;
  readonly scale: number;
  /** Px across and down. */
  readonly columns: number;
  readonly rows: number;
  /** Red, green, blue of each px, 0 to 255, row by row. */
  readonly pixels: Float32Array;
  /** The part layers are drawn in, px: the whole picture unless `within` says otherwise. */
  private area: { left: number; top: number; columns: number; rows: number };

  constructor(width: number, height: number, scale: number) {
    this.width = width;
    this.height = height;
    this.scale = scale;
    this.columns = Math.round(width * scale);
    this.rows = Math.round(height * scale);
    this.pixels = new Float32Array(this.columns * this.rows * 3);
    this.area = { left: 0, top: 0, columns: this.columns, rows: this.rows };
  }

  /** Keeps the layers that follow inside a rectangle, which makes small ones quick; without one, ends that. */
  within(x = 0, y = 0, w = this.width, h = this.height): void {
    const left = Math.max(0, Math.min(this.columns - 1, Math.floor(x * this.scale)));
    const top = Math.max(0, Math.min(this.rows - 1, Math.floor(y * this.scale)));
    const right = Math.max(left + 1, Math.min(this.columns, Math.ceil((x + w) * this.scale)));
    const bottom = Math.max(top + 1, Math.min(this.rows, Math.ceil((y + h) * this.scale)));
    this.area = { left, top, columns: right - left, rows: bottom - top };
  }

  /** Colours every point anew; the shader also gets what is there. */
  fill(shader: (x: number, y: number, before: Rgb) => Rgb): void {
    const { pixels, columns, rows, scale } = this;
    for (let row = 0, at = 0; row < rows; row++) {
      for (let column = 0; column < columns; column++, at += 3) {
        const before: Rgb = [pixels[at]!, pixels[at + 1]!, pixels[at + 2]!];
        pixels.set(shader(column / scale, row / scale, before), at);
      }
    }
  }

  /** Draws a shape and fills it with a colour. */
  layer(draw: Draw, color: Shader | string, options: LayerOptions = {}): void {
    this.blend(this.mask(draw, options.blur ?? 0), color, options);
  }

  /** Fills by an amount from 0 to 1 for every point: mist, light, clouds. */
  veil(amount: (x: number, y: number) => number, color: Shader | string, options: LayerOptions = {}): void {
    const { left, top, columns, rows } = this.area;
    const mask = new Float32Array(columns * rows);
    for (let row = 0, at = 0; row < rows; row++) {
      for (let column = 0; column < columns; column++, at++) {
        mask[at] = clamp(amount((left + column) / this.scale, (top + row) / this.scale));
      }
    }
    this.blend(mask, color, options);
  }

  /** Colour of a point, between px. */
  sample(x: number, y: number): Rgb {
    const column = Math.min(this.columns - 1.001, Math.max(0, x * this.scale));
    const row = Math.min(this.rows - 1.001, Math.max(0, y * this.scale));
    const left = Math.floor(column);
    const top = Math.floor(row);
    const right = column - left;
    const down = row - top;
    const at = (top * this.columns + left) * 3;
    const below = at + this.columns * 3;
    const p = this.pixels;
    const channel = (c: number): number =>
      (p[at + c]! * (1 - right) + p[at + 3 + c]! * right) * (1 - down) +
      (p[below + c]! * (1 - right) + p[below + 3 + c]! * right) * down;
    return [channel(0), channel(1), channel(2)];
  }

  private mask(draw: Draw, blur: number): Float32Array {
    const { left, top, columns, rows } = this.area;
    const canvas = createCanvas(columns, rows);
    const context = canvas.getContext('2d');
    context.translate(-left, -top);
    context.scale(this.scale, this.scale);
    context.fillStyle = context.strokeStyle = '#fff';
    context.lineCap = context.lineJoin = 'round';
    draw(context);
    const drawn = context.getImageData(0, 0, columns, rows).data;
    const mask = new Float32Array(columns * rows);
    for (let at = 0; at < mask.length; at++) mask[at] = drawn[at * 4 + 3]! / 255;
    if (blur > 0) soften(mask, columns, rows, blur * this.scale);
    return mask;
  }

  private blend(mask: Float32Array, color: Shader | string, options: LayerOptions): void {
    const { pixels, scale, area } = this;
    const flat = typeof color === 'string' ? hex(color) : null;
    const opacity = options.opacity ?? 1;
    for (let index = 0; index < mask.length; index++) {
      const cover = mask[index]! * opacity;
      if (cover < 0.002) continue;
      const row = Math.floor(index / area.columns) + area.top;
      const column = (index % area.columns) + area.left;
      const over = flat ?? (color as Shader)(column / scale, row / scale);
      const start = (row * this.columns + column) * 3;
      for (let channel = 0; channel < 3; channel++) {
        const at = start + channel;
        const under = pixels[at]!;
        let top = over[channel]!;
        if (options.mode === 'screen') top = 255 - ((255 - under) * (255 - top)) / 255;
        else if (options.mode === 'multiply') top = (under * top) / 255;
        pixels[at] = under + (top - under) * cover;
      }
    }
  }

  /** Lays paper under the paint: a soft tooth lit from the left, a little grain, darker corners. */
  paper(seed: number, vignette = 0.16): void {
    const tooth = noise(seed);
    const random = seeded(seed + 1);
    const { width, height } = this;
    const toothAt = (x: number, y: number): number => tooth.fractal(x / 9, y / 9, 2);
    this.fill((x, y, before) => {
      const relief = (toothAt(x, y) - toothAt(x + 2.2, y + 2.2)) * 7;
      const wash = tooth.fractal(x / 420, y / 420, 3) * 5;
      const corner = Math.hypot(x / width - 0.5, y / height - 0.5) / 0.707;
      const shade = 1 - vignette * corner * corner * corner;
      const light = (before[0] + before[1] + before[2]) / 765;
      const amount = (relief + wash) * (0.35 + 0.65 * light) + (random() - 0.5) * 2.4;
      return [before[0] * shade + amount, before[1] * shade + amount, before[2] * shade + amount * 0.92];
    });
  }

  bytes(): Buffer {
    const out = Buffer.alloc(this.pixels.length);
    for (let at = 0; at < out.length; at++)
      out[at] = Math.max(0, Math.min(255, Math.round(this.pixels[at]!)));
    return out;
  }

  /** Writes a JPEG. */
  async save(file: string, quality: number): Promise<void> {
    const image = sharp(this.bytes(), { raw: { width: this.columns, height: this.rows, channels: 3 } });
    await image.jpeg({ mozjpeg: true, quality }).toFile(file);
  }
}

/** Three box blurs, across and down, come close to a Gaussian. */
function soften(mask: Float32Array, columns: number, rows: number, deviation: number): void {
  const radius = Math.max(1, Math.round(deviation));
  const line = new Float32Array(Math.max(columns, rows));
  for (let pass = 0; pass < 3; pass++) {
    for (let row = 0; row < rows; row++) boxBlur(mask, row * columns, 1, columns, radius, line);
    for (let column = 0; column < columns; column++) boxBlur(mask, column, columns, rows, radius, line);
  }
}

function boxBlur(
  mask: Float32Array,
  start: number,
  stride: number,
  count: number,
  radius: number,
  line: Float32Array,
): void {
  for (let i = 0; i < count; i++) line[i] = mask[start + i * stride]!;
  const last = count - 1;
  let sum = 0;
  for (let i = -radius; i <= radius; i++) sum += line[Math.max(0, Math.min(last, i))]!;
  for (let i = 0; i < count; i++) {
    mask[start + i * stride] = sum / (2 * radius + 1);
    sum += line[Math.min(last, i + radius + 1)]! - line[Math.max(0, i - radius)]!;
  }
}
