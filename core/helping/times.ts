/** How often workers that render one film together hear of each other. */

export type HelpTimes = {
  /** How often an idle worker looks for films, ms. */
  lookMs: number;
  /** How often who offers and who helps tell where they are, ms. */
  beatMs: number;
  /** How long a segment stays in the hands of a worker that says nothing, ms. */
  leaseMs: number;
  /** How long a film stays on the board if its worker says nothing, ms. */
  offerMs: number;
};

export const helpTimes: HelpTimes = { lookMs: 1000, beatMs: 500, leaseMs: 6000, offerMs: 30_000 };
