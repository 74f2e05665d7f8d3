/** Whether anyone, in this process or another, has changed a database since we last looked. */

type ChangeMark = {
  /** True: what was read since the last call is still what a reader would find. False: perhaps not. */
  isUnchanged(): boolean;
  /** To be called for every write of ours, which SQLite does not count. */
  written(): void;
};

/**
 * @param dataVersion SQLite's own count of others' commits, other than before whenever there was one
 * (https://sqlite.org/pragma.html#pragma_data_version)
 */
export function openChangeMark(dataVersion: () => number): ChangeMark {
  let known: number | null = null;
  return {
    isUnchanged() {
      const before = known;
      known = dataVersion();
      return known === before;
    },
    written() {
      known = null;
    },
  };
}
