/** One ffmpeg decoding forward from a frame, read frame by frame with back-pressure. */
import { Writable } from 'node:stream';
import { StudioError } from '../errors.ts';

export class DecodingRun {
  /** Index of the next frame the pipe will give. */
  next: number;
  private current: Buffer;
  private partial: Buffer;
  private filled = 0;
  private received = false;
  private ended = false;
  private failure: unknown = null;
  private resume: (() => void) | null = null;
  private wake: (() => void) | null = null;
  private readonly stopping = new AbortController();
  private readonly finished: Promise<void>;

  constructor(
    first: number,
    decode: (sink: Writable, signal: AbortSignal) => Promise<void>,
    bytes: number,
    signal: AbortSignal,
  ) {
    this.next = first;
    this.current = Buffer.allocUnsafe(bytes);
    this.partial = Buffer.allocUnsafe(bytes);
    const sink = new Writable({
      highWaterMark: 1 << 20,
      // fluent-ffmpeg takes a closed output for a lost one and kills ffmpeg 20 ms later.
      autoDestroy: false,
      emitClose: false,
      write: (chunk: Buffer, _encoding, done) => this.take(chunk, done),
      final: (done) => {
        this.end();
        done();
      },
    });
    this.finished = decode(sink, AbortSignal.any([signal, this.stopping.signal])).catch((error: unknown) => {
      this.failure = error;
      this.end();
    });
  }

  /** The pixels of frame `index`; at the end of the clip its last frame stays. */
  async frame(index: number): Promise<Buffer> {
    while (this.next <= index && !this.ended) await this.advance();
    if (this.received) return this.current;
    if (this.failure) throw this.failure;
    throw new StudioError('media_unusable', 'The clip has no picture at this place.', {
      hint: 'Check start and end of the clip, or convert it with another program.',
    });
  }

  async stop(): Promise<void> {
    this.stopping.abort(new StudioError('cancelled', 'Not needed any more.'));
    this.resume?.();
    await this.finished;
  }

  /** Waits for one whole frame (or the end) and makes it the current one. */
  private async advance(): Promise<void> {
    if (this.filled < this.partial.length && !this.ended) {
      const arrived = new Promise<void>((resolve) => (this.wake = resolve));
      this.resume?.();
      await arrived;
    }
    if (this.filled < this.partial.length) return;
    [this.current, this.partial] = [this.partial, this.current];
    this.filled = 0;
    this.received = true;
    this.next += 1;
    this.resume?.();
  }

  private take(chunk: Buffer, done: () => void): void {
    const copied = Math.min(chunk.length, this.partial.length - this.filled);
    chunk.copy(this.partial, this.filled, 0, copied);
    this.filled += copied;
    if (this.filled < this.partial.length) return done();
    const rest = chunk.subarray(copied);
    this.resume = () => {
      if (this.filled === this.partial.length && !this.stopping.signal.aborted) return;
      this.resume = null;
      if (rest.length > 0 && !this.stopping.signal.aborted) this.take(rest, done);
      else done();
    };
    this.signalArrival();
  }

  private end(): void {
    this.ended = true;
    this.signalArrival();
  }

  private signalArrival(): void {
    const { wake } = this;
    this.wake = null;
    wake?.();
  }
}
