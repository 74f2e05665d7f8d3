/** Good files with bits flipped, bytes cut off, and pieces put elsewhere. */
import fc from 'fast-check';

export type Damage = {
  flips: { at: number; bit: number }[];
  /** Share of the file that is left. */
  cut: number | null;
  /** Bytes copied from one place over another. */
  move: { from: number; to: number; length: number } | null;
};

/** Anywhere, and often in the first kilobyte, where headers are. */
const place = fc.oneof(fc.nat(63), fc.nat(1023), fc.nat(1 << 24), fc.nat(1 << 24));

export const damage: fc.Arbitrary<Damage> = fc.record({
  flips: fc.array(fc.record({ at: place, bit: fc.nat(7) }), { maxLength: 6 }),
  cut: fc.oneof(fc.constant(null), fc.constant(null), fc.double({ min: 0.01, max: 1, noNaN: true })),
  move: fc.oneof(
    fc.constant(null),
    fc.constant(null),
    fc.record({ from: place, to: place, length: fc.integer({ min: 1, max: 64 }) }),
  ),
});

export function damaged(good: Buffer, { flips, cut, move }: Damage): Buffer {
  const bytes = Buffer.from(good);
  for (const { at, bit } of flips) bytes[at % bytes.length]! ^= 1 << bit;
  if (move)
    bytes.copyWithin(
      move.to % bytes.length,
      move.from % bytes.length,
      (move.from % bytes.length) + move.length,
    );
  return cut === null ? bytes : bytes.subarray(0, Math.max(1, Math.floor(bytes.length * cut)));
}
