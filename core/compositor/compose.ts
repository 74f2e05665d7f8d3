/** One segment's pictures: opens its layers, then gives its frames one after another. */
import type { FontBook } from '../drawing/fonts.ts';
import type { Ffmpeg } from '../ffmpeg.ts';
import { ClipReader } from './clip.ts';
import type { Frame, Kernel } from './kernel.ts';
import { OverlayLayer } from './overlay.ts';
import type { Layer, SegmentPlan } from './plan.ts';
import { Shelf } from './shelf.ts';
import { prepareStill, sampleStill } from './still.ts';
import { openTransition, type Mixer } from './transitions.ts';

/** A kernel is lent to one composer at a time; its memory is given back at close. */
export type ComposerDeps = {
  kernel: Kernel;
  ffmpeg: Ffmpeg;
  fonts: FontBook;
  signal: AbortSignal;
  /** Of a draft; see ClipReader. */
  rough?: boolean;
  /** A single picture that stands for its scene is asked for: of clips, one about that moment. */
  near?: boolean;
  /** Of a run of segments; whoever made it closes it. Absent: everything is opened anew. */
  shelf?: Shelf;
};

/** A layer that can draw any of its scene's frames. */
type Source = { draw(sceneFrame: number, out: Frame): Promise<void>; close(): Promise<void> };

export class Composer {
  readonly plan: SegmentPlan;
  private readonly kernel: Kernel;
  private readonly lent: number;
  private readonly deps: ComposerDeps;
  private readonly shelf: Shelf;
  private readonly scratch: number;
  private out: Frame;
  /** What the outgoing scene shows during a transition; otherwise that is drawn into `out`. */
  private readonly outgoing: Frame | null;
  private incoming: Frame | null = null;
  private mixer: Mixer | null = null;
  private sources: Source[] = [];
  private readonly overlays: OverlayLayer;

  private constructor(plan: SegmentPlan, deps: ComposerDeps) {
    this.plan = plan;
    this.deps = deps;
    this.shelf = deps.shelf ?? new Shelf();
    this.kernel = deps.kernel;
    this.lent = this.kernel.mark();
    // Wide enough for the widest canvas a still is moved over (see `resample`).
    this.scratch = this.kernel.reserve(plan.width * 16 + 4096);
    this.out = this.kernel.frame(plan.width, plan.height);
    this.outgoing = plan.incoming ? this.kernel.frame(plan.width, plan.height) : null;
    this.overlays = new OverlayLayer(this.kernel, deps.fonts, plan.overlays);
  }

  /** Decodes stills and prepares transitions; clips start when their first frame is asked for. */
  static async open(plan: SegmentPlan, deps: ComposerDeps): Promise<Composer> {
    const composer = new Composer(plan, deps);
    try {
      await composer.openLayers();
      return composer;
    } catch (error) {
      await composer.close();
      throw error;
    }
  }

  /**
   * Draws segment frame `index` and returns its YUV420P bytes. Ask in order.
   * @param out where to, in the kernel's memory; without it, what is returned is valid until the next call
   */
  async frame(index: number, out: Frame = this.out): Promise<Uint8Array> {
    const { plan } = this;
    const base = this.outgoing ?? out;
    this.out = out;
    await this.sources[0]!.draw(plan.base.offset + index, base);
    if (this.incoming && this.mixer) {
      await this.sources[1]!.draw(plan.incoming!.offset + index, this.incoming);
      // Neither end of the window is pure: those frames belong to the neighbouring bodies.
      this.mixer(base, this.incoming, out, (index + 1) / (plan.frames + 1));
    }
    await this.overlays.apply(out, index);
    return this.kernel.view(out.y, out.bytes);
  }

  /** The frame drawn last as packed RGB, for posters and sheets. */
  rgb(): Uint8Array {
    const { out, kernel } = this;
    const bytes = out.width * out.height * 3;
    const at = kernel.reserve(bytes);
    kernel.call.yuvToRgb(out.y, out.u, out.v, out.width, out.height, at);
    return kernel.view(at, bytes).slice();
  }

  async close(): Promise<void> {
    await Promise.all(this.sources.map((source) => source.close()));
    this.sources = [];
    if (!this.deps.shelf) await this.shelf.closeClips();
    this.kernel.release(this.lent);
  }

  private async openLayers(): Promise<void> {
    const { plan, kernel } = this;
    this.sources.push(await this.openLayer(plan.base));
    if (plan.incoming && plan.transition) {
      this.incoming = kernel.frame(plan.width, plan.height);
      this.sources.push(await this.openLayer(plan.incoming));
      this.mixer = openTransition(kernel, plan.transition, plan.width, plan.height, this.scratch);
    }
    await this.shelf.closeClips();
  }

  private async openLayer(layer: Layer): Promise<Source> {
    const { kernel, plan, scratch } = this;
    if (layer.kind === 'clip') {
      const key = JSON.stringify({ ...layer, offset: undefined });
      const reader = this.shelf.takeClip(key, layer.offset) ?? new ClipReader(layer, plan, this.deps);
      return {
        draw: (index, out) =>
          this.deps.near ? reader.readNear(index, out, kernel) : reader.read(index, out, kernel),
        close: () => this.shelf.leaveClip(key, reader),
      };
    }
    const still = await prepareStill(kernel, layer, plan.width, plan.height, this.shelf);
    return {
      draw: async (index, out) => sampleStill(kernel, still, index, layer.sceneFrames, out, scratch),
      close: async () => undefined,
    };
  }
}
