/** Marks of states: what a change is compared by, and what makes equal rows two. */
import { randomBytes } from 'node:crypto';

const thisProcess = randomBytes(9).toString('base64url');
let marks = 0;

/** Never the same twice, in any process: 72 bits of this one and a count. */
export function newMark(): string {
  marks += 1;
  return `${thisProcess}${marks.toString(36)}`;
}
