/** Before all tests: the program that they start. */
export { makeProgram as default } from './program.ts';
