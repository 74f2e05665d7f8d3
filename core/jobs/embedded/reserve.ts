/**
 * A file that only takes up room. On a full disk it is given up, so that jobs which were accepted
 * can still be written as done or failed; it is filled again when there is space.
 */
import { randomBytes } from 'node:crypto';
import { closeSync, fsyncSync, openSync, rmSync, statfsSync, statSync, writeSync } from 'node:fs';
import path from 'node:path';

const CHUNK_BYTES = 64 * 1024;

export class DiskReserve {
  readonly #file: string;
  readonly #bytes: number;
  readonly #minFreeBytes: number;

  /** @param minFreeBytes free space below which new work is refused and the reserve is not refilled */
  constructor(file: string, bytes: number, minFreeBytes: number) {
    this.#file = file;
    this.#bytes = bytes;
    this.#minFreeBytes = minFreeBytes;
  }

  /** Bytes an ordinary user may still write on that disk. */
  freeBytes(): number {
    const disk = statfsSync(path.dirname(this.#file));
    return disk.bavail * disk.bsize;
  }

  isLow(): boolean {
    return this.freeBytes() < this.#minFreeBytes;
  }

  isHeld(): boolean {
    return (statSync(this.#file, { throwIfNoEntry: false })?.size ?? 0) >= this.#bytes;
  }

  /** Takes the room if there is enough of it; false if not. Random bytes, so that no file system packs them. */
  fill(): boolean {
    if (this.#bytes === 0 || this.isHeld()) return true;
    try {
      if (this.freeBytes() < this.#bytes + this.#minFreeBytes) return false;
      const handle = openSync(this.#file, 'w', 0o600);
      try {
        const chunk = randomBytes(CHUNK_BYTES);
        for (let written = 0; written < this.#bytes; written += CHUNK_BYTES) {
          writeSync(handle, chunk, 0, Math.min(CHUNK_BYTES, this.#bytes - written));
        }
        fsyncSync(handle);
      } finally {
        closeSync(handle);
      }
      return true;
    } catch {
      this.release();
      return false;
    }
  }

  /** Gives the room back; false if there was none. */
  release(): boolean {
    const held = (statSync(this.#file, { throwIfNoEntry: false })?.size ?? 0) > 0;
    rmSync(this.#file, { force: true });
    return held;
  }
}
