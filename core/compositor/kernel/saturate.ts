/** A sample as 8 bits hold it. */
export function saturate(value: i32): u8 {
  return u8(value < 0 ? 0 : value > 255 ? 255 : value);
}
