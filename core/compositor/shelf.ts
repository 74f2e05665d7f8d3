/**
 * What one segment leaves for the next: clips that are read already up to its first frame, and stills that
 * are decoded. Neighbouring segments show the same scenes, so each is opened once a run instead of thrice.
 */
import type { ClipReader } from './clip.ts';

/** Stills kept; a transition shows two. */
const STILLS = 2;

export class Shelf {
  private readonly clips = new Map<string, ClipReader>();
  private readonly stills = new Map<string, Uint8Array>();

  /** A clip that reads on without going back; it is the caller's now. */
  takeClip(key: string, sceneFrame: number): ClipReader | null {
    const reader = this.clips.get(key);
    if (!reader?.isBefore(sceneFrame)) return null;
    this.clips.delete(key);
    return reader;
  }

  /** Leaves a clip for whoever shows it next, in the place of one left before under the same key. */
  async leaveClip(key: string, reader: ClipReader): Promise<void> {
    const before = this.clips.get(key);
    this.clips.set(key, reader);
    await before?.close();
  }

  /** Planes of a decoded canvas, Y, U and V one after another. */
  still(key: string): Uint8Array | undefined {
    return this.stills.get(key);
  }

  keepStill(key: string, planes: Uint8Array): void {
    this.stills.delete(key);
    this.stills.set(key, planes);
    for (const [oldest] of this.stills) {
      if (this.stills.size <= STILLS) return;
      this.stills.delete(oldest);
    }
  }

  /** Ends the clips that nobody took: what comes next does not show them. */
  async closeClips(): Promise<void> {
    const left = [...this.clips.values()];
    this.clips.clear();
    await Promise.all(left.map((reader) => reader.close()));
  }
}
