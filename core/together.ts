/** Running things side by side so that, when one fails, the others are stopped and waited for. */

/** Like Promise.all, but the first failure aborts `abort`, and is thrown only once all have ended. */
export async function allOrStop<Results extends unknown[]>(
  abort: AbortController,
  tasks: { [Index in keyof Results]: Promise<Results[Index]> },
): Promise<Results> {
  let failure: { error: unknown } | null = null;
  for (const task of tasks) {
    task.catch((error: unknown) => {
      failure ??= { error };
      abort.abort(error);
    });
  }
  await Promise.allSettled(tasks);
  if (failure) throw (failure as { error: unknown }).error;
  return Promise.all(tasks);
}

/** Runs a task for each item under one signal; see allOrStop. */
export async function eachOrStop<Item>(
  signal: AbortSignal,
  items: readonly Item[],
  task: (item: Item, signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const abort = new AbortController();
  const together = AbortSignal.any([signal, abort.signal]);
  await allOrStop(
    abort,
    items.map((item) => task(item, together)),
  );
}
