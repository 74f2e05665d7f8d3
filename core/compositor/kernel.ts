/**
 * The WebAssembly kernel as seen from TypeScript: loading, a simple arena in its linear memory,
 * and frames of three planes. One kernel belongs to one thread.
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { programFile } from '../program-files.ts';

type KernelFunctions = {
  heapBase(): number;
  resample(
    source: number,
    width: number,
    height: number,
    stride: number,
    out: number,
    outWidth: number,
    outHeight: number,
    outStride: number,
    x0: number,
    y0: number,
    sx: number,
    sy: number,
    scratch: number,
  ): void;
  blend(a: number, b: number, out: number, count: number, level: number): void;
  blendMask(a: number, b: number, mask: number, out: number, count: number): void;
  maskFromRamp(ramp: number, out: number, count: number, position: number, slope: number): void;
  overlay(
    out: number,
    outStride: number,
    color: number,
    alpha: number,
    colorStride: number,
    width: number,
    height: number,
    opacity: number,
  ): void;
  rgbToYuv(rgb: number, width: number, height: number, y: number, u: number, v: number): void;
  rgbaToYuva(
    rgba: number,
    width: number,
    height: number,
    y: number,
    alpha: number,
    u: number,
    v: number,
    chromaAlpha: number,
  ): void;
  yuvToRgb(y: number, u: number, v: number, width: number, height: number, rgb: number): void;
};

/** A YUV420P frame in kernel memory: Y, U and V one after another, as ffmpeg's rawvideo has them. */
export type Frame = { width: number; height: number; y: number; u: number; v: number; bytes: number };

/** Of the kernel's memory, in pages of 64 KiB: as the build tells the compiler, and all that 32 bits can name. */
const PAGES = { initial: 1, maximum: 65_536 };
const wasmFile = programFile('compositor/kernel.wasm');
let compiled: WebAssembly.Module | undefined;

export class Kernel {
  readonly call: KernelFunctions;
  /**
   * Shared, though nobody else has it: views of shared memory outlive its growth, so that a frame may still be
   * on its way into a pipe when the next segment needs more room.
   */
  private readonly memory = new WebAssembly.Memory({ ...PAGES, shared: true });
  private top: number;

  constructor() {
    compiled ??= new WebAssembly.Module(readFileSync(wasmFile));
    const instance = new WebAssembly.Instance(compiled, {
      env: { memory: this.memory, abort: () => raiseAbort() },
    });
    this.call = instance.exports as unknown as KernelFunctions;
    this.top = align(this.call.heapBase());
  }

  /** Reserves bytes (16-aligned, contents undefined) until they are released. */
  reserve(bytes: number): number {
    const at = this.top;
    this.top = align(at + bytes + 16); // SIMD loads may read up to 15 bytes past an end
    const missing = this.top - this.memory.buffer.byteLength;
    if (missing > 0) this.memory.grow(Math.ceil(missing / 65536));
    return at;
  }

  /** Marks the current end of the arena, for `release`. */
  mark(): number {
    return this.top;
  }

  /** Gives back everything reserved since `mark`. */
  release(mark: number): void {
    this.top = mark;
  }

  /** A view of kernel memory; what it shows is valid until the place is released. */
  view(at: number, bytes: number): Uint8Array {
    return new Uint8Array(this.memory.buffer, at, bytes);
  }

  frame(width: number, height: number): Frame {
    const bytes = frameBytes(width, height);
    return frameAt(this.reserve(bytes), width, height);
  }
}

/** Bytes of a YUV420P frame; both sides even. */
export function frameBytes(width: number, height: number): number {
  return (width * height * 3) / 2;
}

function frameAt(at: number, width: number, height: number): Frame {
  const luma = width * height;
  return { width, height, y: at, u: at + luma, v: at + luma + luma / 4, bytes: frameBytes(width, height) };
}

function align(bytes: number): number {
  return Math.ceil(bytes / 16) * 16;
}

function raiseAbort(): never {
  throw new Error('The compositor kernel was called outside its bounds.');
}

/** Changes whenever other code would compute the pixels: goes into content keys. */
export function kernelVersion(): string {
  return createHash('sha256').update(readFileSync(wasmFile)).digest('hex').slice(0, 16);
}
