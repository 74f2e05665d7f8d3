/** Whether anyone, in this process or another, has changed a database since we last looked. */

type ChangeMark = {
  /** True: what was read since the last call is still what a reader would find. False: perhaps not. */
  isUnchanged(): boolean;
  /** To be called for every write of ours, which SQLite does not count. */
  written(): void;
};

/** Of marks that looked in this turn of the event loop, those of one file. */
const looked = new Map<string, Set<() => void>>();

/**
 * SQLite is asked once in a turn of the event loop, in which nobody can have heard of a later commit:
 * a question costs a tenth of a small answer, and a busy server gives dozens of them in a turn. What
 * others in this process write on connections of their own is told to all marks of the file.
 * @param file named alike by all who open it
 * @param dataVersion SQLite's own count of others' commits, other than before whenever there was one
 * (https://sqlite.org/pragma.html#pragma_data_version)
 */
export function openChangeMark(file: string, dataVersion: () => number): ChangeMark {
  let known: number | null = null;
  let hasLooked = false;
  const forget = (): void => {
    hasLooked = false;
  };
  return {
    isUnchanged() {
      if (hasLooked) return true;
      const before = known;
      known = dataVersion();
      hasLooked = true;
      lookedAt(file, forget);
      return known === before;
    },
    written() {
      known = null;
      for (const forgetIts of looked.get(file) ?? []) forgetIts();
    },
  };
}

function lookedAt(file: string, forget: () => void): void {
  const known = looked.get(file);
  if (known) return void known.add(forget);
  const marks = new Set([forget]);
  looked.set(file, marks);
  setImmediate(() => {
    looked.delete(file);
    for (const forgetIts of marks) forgetIts();
  });
}
