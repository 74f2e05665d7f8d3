/**
 * A clip as frames on the film's own grid: frame k of the scene shows the clip at start + k / fps.
 * Each decoding run is pinned to that grid, so neighbouring segments of one scene show exactly
 * consecutive frames although each opens the clip by itself.
 */
import type { Writable } from 'node:stream';
import type { Ffmpeg } from '../ffmpeg.ts';
import { DecodingRun } from './decoding-run.ts';
import { frameBytes, type Frame, type Kernel } from './kernel.ts';
import type { ClipLayer } from './plan.ts';

type ClipView = ClipLayer & { sceneFrames: number };

export type ClipReaderDeps = {
  ffmpeg: Ffmpeg;
  signal: AbortSignal;
  /** For drafts: where the film is at most half as wide as the clip, a quarter less work for what nobody sees. */
  rough?: boolean | undefined;
};

/** Decoding starts this much before the first frame wanted, s: the frame shown there began earlier. */
const SEEK_MARGIN_S = 1;
/** A picture that stands for a moment may be of this long before it, s. */
const NEAR_S = 1;

export class ClipReader {
  private readonly layer: ClipView;
  private readonly size: { width: number; height: number; fps: number };
  private readonly deps: ClipReaderDeps;
  /** Frames of the clip at the film's rate, played once. */
  private readonly length: number;
  private run: DecodingRun | null = null;

  constructor(layer: ClipView, size: { width: number; height: number; fps: number }, deps: ClipReaderDeps) {
    this.layer = layer;
    this.size = size;
    this.deps = deps;
    this.length = clipFrames((layer.endS - layer.startS) * this.slowdown(), size.fps);
  }

  /**
   * Puts scene frame `index` into `out`. Cheap when asked in order.
   * @throws {StudioError} media_unusable when the clip gives no frame at all
   */
  async read(index: number, out: Frame, kernel: Kernel): Promise<void> {
    const wanted = this.wanted(index);
    if (!this.run || wanted < this.run.next - 1) await this.start(wanted);
    const bytes = await this.run!.frame(wanted);
    kernel.view(out.y, out.bytes).set(bytes);
  }

  /**
   * Puts a picture that stands for scene frame `index` into `out`: of a frame at most a second earlier, where
   * decoding from the key frame before to the very frame would cost many times as much.
   * @throws {StudioError} media_unusable when the clip gives no frame at all
   */
  async readNear(index: number, out: Frame, kernel: Kernel): Promise<void> {
    const wanted = this.wanted(index);
    const run = new DecodingRun(
      0,
      this.decodeNear.bind(this, wanted),
      frameBytes(this.size.width, this.size.height),
      this.deps.signal,
    );
    const bytes = await run.frame(0).catch(() => null);
    if (bytes) kernel.view(out.y, out.bytes).set(bytes);
    await run.stop();
    this.deps.signal.throwIfAborted();
    // A single frame may be shown for longer than a second.
    if (!bytes) await this.read(index, out, kernel);
  }

  /** Whether frame `index` is still ahead of what is being decoded, and not far. */
  isBefore(index: number): boolean {
    if (!this.run) return false;
    const ahead = this.wanted(index) - this.run.next;
    return ahead >= -1 && ahead <= this.size.fps;
  }

  async close(): Promise<void> {
    const { run } = this;
    this.run = null;
    await run?.stop();
  }

  /** Frame of the clip that scene frame `index` shows. */
  private wanted(index: number): number {
    return this.layer.whenShort === 'loop' ? index % this.length : Math.min(index, this.length - 1);
  }

  private async start(first: number): Promise<void> {
    await this.close();
    this.run = new DecodingRun(
      first,
      this.decode.bind(this, first),
      frameBytes(this.size.width, this.size.height),
      this.deps.signal,
    );
  }

  /** How many times slower than life, for `whenShort: slow`; 1 otherwise. */
  private slowdown(): number {
    const natural = (this.layer.endS - this.layer.startS) * this.size.fps;
    return this.layer.whenShort === 'slow' ? Math.max(1, this.layer.sceneFrames / natural) : 1;
  }

  private decode(first: number, sink: Writable, signal: AbortSignal): Promise<void> {
    const { layer, size } = this;
    const slowdown = this.slowdown();
    const gridStart = layer.startS * slowdown + first / size.fps;
    const seek = Math.max(0, gridStart / slowdown - SEEK_MARGIN_S);
    const filters = [
      layer.normalise,
      slowdown === 1 ? '' : `setpts=PTS*${slowdown.toFixed(9)}`,
      `fps=fps=${size.fps}:start_time=${gridStart.toFixed(6)}:round=near`,
    ];
    return this.runDecoder(['-ss', seek.toFixed(6)], filters, this.length - first, sink, signal);
  }

  private decodeNear(wanted: number, sink: Writable, signal: AbortSignal): Promise<void> {
    const { layer, size } = this;
    const moment = layer.startS + wanted / size.fps / this.slowdown();
    const earliest = Math.max(layer.startS, moment - NEAR_S);
    const filters = [`select=gte(t\\,${earliest.toFixed(6)})`, layer.normalise];
    return this.runDecoder(['-noaccurate_seek', '-ss', moment.toFixed(6)], filters, 1, sink, signal);
  }

  /** Writes so many frames, fitted into the film's, as raw YUV420P. */
  private runDecoder(
    seek: string[],
    filters: string[],
    frames: number,
    sink: Writable,
    signal: AbortSignal,
  ): Promise<void> {
    const { layer, size } = this;
    const rough = this.deps.rough && layer.width >= 2 * size.width;
    const fit = fitFilter(layer, size.width, size.height, rough ? 'bilinear' : 'bicubic');
    const all = [...filters, fit, 'setsar=1,format=yuv420p'];
    return this.deps.ffmpeg.run({
      purpose: 'decoding a clip',
      inputs: [
        {
          source: `file:${layer.path}`,
          options: [
            ...['-threads', '1', '-protocol_whitelist', 'file', '-copyts'],
            ...(rough ? ['-skip_loop_filter', 'all'] : []),
            ...seek,
          ],
        },
      ],
      outputs: [
        {
          target: sink,
          options: [
            '-map',
            '0:v:0',
            '-vf',
            all.filter(Boolean).join(','),
            '-frames:v',
            String(frames),
            '-f',
            'rawvideo',
            '-pix_fmt',
            'yuv420p',
            '-an',
            '-sn',
            '-dn',
            '-fps_mode',
            'passthrough',
          ],
        },
      ],
      signal,
      strict: false,
      timeoutMs: 60 * 60_000,
    });
  }
}

/** Frames a clip gives when played once; what is left of a frame at its end is not shown. */
export function clipFrames(durationS: number, fps: number): number {
  return Math.max(1, Math.floor(durationS * fps + 1e-6));
}

function fitFilter(layer: ClipLayer, width: number, height: number, kernel: 'bicubic' | 'bilinear'): string {
  const scale = (how: string): string =>
    `scale=${width}:${height}:force_original_aspect_ratio=${how}:flags=${kernel}`;
  if (layer.width * height === layer.height * width) return `scale=${width}:${height}:flags=${kernel}`;
  if (layer.fit === 'cover') return `${scale('increase')},crop=${width}:${height}`;
  if (layer.fit === 'contain')
    return `${scale('decrease')}:force_divisible_by=2,pad=${width}:${height}:(ow-iw)/2:(oh-ih)/2:color=${layer.background}`;
  const small = { width: Math.ceil(width / 24) * 2, height: Math.ceil(height / 24) * 2 };
  return (
    `split[front][back];[back]scale=${small.width}:${small.height}:force_original_aspect_ratio=increase,crop=${small.width}:${small.height},` +
    `gblur=sigma=${(small.width / 45).toFixed(2)},colorlevels=romax=0.55:gomax=0.55:bomax=0.55,scale=${width}:${height}:flags=bilinear,format=yuv420p[blurred];` +
    `[front]${scale('decrease')}[sharp];[blurred][sharp]overlay=(W-w)/2:(H-h)/2`
  );
}
