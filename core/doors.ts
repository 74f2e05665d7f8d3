/** What doors may take from the core besides the studio: small contracts without a driver behind them. */
export type { KeyHolder, KeyRing } from './keys.ts';
export type { FileSigner } from './storage/types.ts';
export { listChildren } from './children.ts';
export { decodeStoryboard, MAX_FILE_BYTES, parseStoryboardText } from './storyboard-file.ts';
export { didYouMean } from './nearest-name.ts';
export { pause } from './pause.ts';
