/** Colours of overlays: parsing, contrast, and the fallback where two of a brand's colours cannot be told apart. */

export type Rgb = readonly [red: number, green: number, blue: number];

/** Reads #rgb or #rrggbb; each part 0 to 255. */
export function parseColor(color: string): Rgb {
  const digits =
    color.length === 4 ? [...color.slice(1)].map((digit) => digit + digit).join('') : color.slice(1);
  const value = Number.parseInt(digits, 16);
  return [(value >> 16) & 255, (value >> 8) & 255, value & 255];
}

export function withAlpha(color: string, alpha: number): string {
  return `rgba(${parseColor(color).join(',')},${alpha})`;
}

/** Relative luminance, 0 to 1 (WCAG 2.2). */
function luminance(color: string): number {
  const [red, green, blue] = parseColor(color).map(toLinear) as [number, number, number];
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

/** sRGB value 0–255 to linear light 0–1 (IEC 61966-2-1). */
export function toLinear(value: number): number {
  const share = value / 255;
  return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
}

/** Contrast ratio, 1 to 21 (WCAG 2.2). */
function contrast(one: string, other: string): number {
  const [dark, light] = [luminance(one), luminance(other)].sort((a, b) => a - b) as [number, number];
  return (light + 0.05) / (dark + 0.05);
}

/** The wanted colour if it can be read on the ground (3:1, large text of WCAG 2.2), else black or white. */
export function readableOn(ground: string, wanted: string): string {
  if (contrast(ground, wanted) >= 3) return wanted;
  return luminance(ground) > 0.18 ? '#111111' : '#ffffff';
}

/** Black for light text, white for dark text: what outlines and shadows are made of. */
export function edgeFor(color: string): string {
  return luminance(color) > 0.14 ? '#000000' : '#ffffff';
}
