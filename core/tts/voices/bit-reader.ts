/** Reads a file that comes in pieces bit by bit, from the highest bit of each byte down. */

/** Asked for the next piece of the file; null at its end. */
export type ReadPiece = () => Uint8Array | null;

/** What is asked for beyond the end is cut short: a RangeError. */
export class BitReader {
  private readonly read: ReadPiece;
  private piece: Uint8Array = new Uint8Array(0);
  private at = 0;
  private value = 0;
  private count = 0;
  /** Bytes asked for beyond the end: a few are looked at ahead, more are missing. */
  private beyond = 0;

  constructor(read: ReadPiece) {
    this.read = read;
  }

  take(bits: number): number {
    const value = this.peek(bits);
    this.drop(bits);
    return value;
  }

  /** At most 24 bits. */
  peek(bits: number): number {
    while (this.count < bits) {
      this.value = (this.value << 8) | this.nextByte();
      this.count += 8;
    }
    return (this.value >>> (this.count - bits)) & ((1 << bits) - 1);
  }

  drop(bits: number): void {
    this.count -= bits;
    if (this.beyond * 8 > this.count) throw new RangeError('is cut short');
  }

  /** 48 bits. */
  magic(): number {
    return this.take(24) * 2 ** 24 + this.take(24);
  }

  alignToByte(): void {
    this.count -= this.count % 8;
  }

  atEnd(): boolean {
    if (this.count > 0 && this.beyond * 8 < this.count) return false;
    if (this.beyond > 0) return true;
    if (this.at < this.piece.length) return false;
    const next = this.read();
    if (!next) return true;
    this.piece = next;
    this.at = 0;
    return next.length === 0;
  }

  private nextByte(): number {
    while (this.at >= this.piece.length) {
      const next = this.beyond === 0 ? this.read() : null;
      if (!next) {
        this.beyond++;
        return 0;
      }
      this.piece = next;
      this.at = 0;
    }
    return this.piece[this.at++]!;
  }
}
