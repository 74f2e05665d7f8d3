/** "Did you mean …?": the known name closest to what somebody typed. */

/**
 * The nearest of `known` names, or null where none is near enough to be worth a suggestion.
 * Case, spaces, "-" and "_" do not count; otherwise about one slip in three letters is forgiven,
 * and so is a name cut short ("dur").
 */
export function nearestName(typed: string, known: readonly string[]): string | null {
  if (typed.length === 0 || typed.length > 64) return null;
  if (known.includes(typed)) return typed;
  const plainTyped = plain(typed);
  const begun = known.filter((name) => plainTyped.length >= 3 && plain(name).startsWith(plainTyped));
  if (begun.length === 1) return begun[0]!;
  let best: { name: string; slips: number } | null = null;
  for (const name of known) {
    const slips = editDistance(plainTyped, plain(name));
    if (slips < (best?.slips ?? Infinity)) best = { name, slips };
  }
  if (best === null) return null;
  const forgiven = Math.max(1, Math.floor(Math.min(plainTyped.length, plain(best.name).length) / 3));
  return best.slips <= forgiven ? best.name : null;
}

/** ` – did you mean "fade"?`, or nothing. */
export function didYouMean(typed: string, known: readonly string[]): string {
  const nearest = nearestName(typed, known);
  return nearest === null || nearest === typed ? '' : `; did you mean "${nearest}"?`;
}

function plain(name: string): string {
  return name.toLowerCase().replaceAll(/[\s_-]/g, '');
}

/**
 * Optimal string alignment distance: insertions, deletions, substitutions and swaps of neighbours
 * each count one (Damerau 1964; Wagner–Fischer's table over the last three rows).
 */
function editDistance(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row++) {
    const current = [row];
    for (let column = 1; column <= b.length; column++) {
      const substitution = last[column - 1]! + (a[row - 1] === b[column - 1] ? 0 : 1);
      let cost = Math.min(substitution, last[column]! + 1, current[column - 1]! + 1);
      const swapped = row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1];
      if (swapped) cost = Math.min(cost, beforeLast[column - 2]! + 1);
      current.push(cost);
    }
    beforeLast = last;
    last = current;
  }
  return last[b.length]!;
}
