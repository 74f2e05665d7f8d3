/** How all sides of the bench add their jobs: so many under way at a time. */
const ADDS_AT_ONCE = 32;

/** Resolves once all are added. */
export async function addAll(count: number, add: () => Promise<unknown>): Promise<void> {
  let left = count;
  const adder = async (): Promise<void> => {
    while (left-- > 0) await add();
  };
  await Promise.all(Array.from({ length: ADDS_AT_ONCE }, adder));
}
