/** Where everything stands on a storyboard sheet: columns, sizes, and the scale that keeps it within limits. */

export type SheetCell = {
  /** Rows from the top, 3 bytes a pixel. */
  picture: { rgb: Uint8Array; width: number; height: number };
  /** Number of the scene, from 1. */
  number: number;
  heading?: string | undefined;
  text?: string | undefined;
  durationS: number;
  /** How the scene comes in, e.g. `fade 0.5 s`. */
  transition?: string | undefined;
};

export type SheetInput = {
  title?: string | undefined;
  cells: readonly SheetCell[];
  /** Length of the film, s; less than the scenes' sum where transitions overlap. */
  durationS: number;
  language?: string | undefined;
};

/** px; also what decoders and chat services take without trouble. */
const longestSide = 4096;
/** Taller sheets are read by scrolling, which a sheet should spare. */
const tallest = 1.35;

/** Places in px. */
export type SheetLayout = {
  columns: number;
  /** px that stand for one "point" of the design, so that all grows and shrinks together. */
  unit: number;
  width: number;
  height: number;
  margin: number;
  gap: number;
  headerHeight: number;
  cellWidth: number;
  pictureHeight: number;
  cellHeight: number;
};

/** Tries every number of columns; takes the one whose sheet is nearest to 4:3 without leaving holes. */
export function layOutSheet(input: SheetInput): SheetLayout {
  const count = Math.max(1, input.cells.length);
  const picture = input.cells[0]?.picture ?? { width: 16, height: 9 };
  const ratio = picture.width / picture.height;
  let best: { layout: SheetLayout; cost: number } | null = null;
  for (let columns = 1; columns <= Math.min(count, 24); columns++) {
    const layout = withColumns(columns, count, ratio);
    const shape = layout.height / layout.width;
    const holes = (columns - (count % columns || columns)) / columns;
    // Pictures below 150 px tell nothing, so large films may become taller than wide.
    const small = Math.max(0, 150 - Math.min(layout.cellWidth, layout.pictureHeight)) / 40;
    const cost = Math.abs(Math.log(shape / 0.72)) + Math.max(0, shape - tallest) * 2 + holes * 0.35 + small;
    if (!best || cost < best.cost) best = { layout, cost };
  }
  return (best as { layout: SheetLayout }).layout;
}

function withColumns(columns: number, count: number, ratio: number): SheetLayout {
  const rows = Math.ceil(count / columns);
  // Pictures of equal area whatever their shape, then everything scaled to the limit if too large.
  const designWidth = Math.round(Math.sqrt(90_000 * ratio));
  const sized = (unit: number): SheetLayout => {
    const cellWidth = Math.max(1, Math.floor(designWidth * unit));
    const pictureHeight = Math.round(cellWidth / ratio);
    const margin = Math.round(36 * unit);
    const gap = Math.round(22 * unit);
    const cellHeight = pictureHeight + Math.round(98 * unit);
    const headerHeight = Math.round(108 * unit);
    const width = margin * 2 + columns * cellWidth + (columns - 1) * gap;
    const height = headerHeight + rows * cellHeight + (rows - 1) * gap + margin;
    return { columns, unit, width, height, margin, gap, headerHeight, cellWidth, pictureHeight, cellHeight };
  };
  const full = sized(1);
  // Parts are rounded one by one, which can add up to a pixel for each.
  return sized(
    Math.min(1, (longestSide - columns * 2 - 8) / full.width, (longestSide - rows * 3 - 8) / full.height),
  );
}
