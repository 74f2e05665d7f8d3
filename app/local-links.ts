/** Says in the log that films are told of by links which nobody else can open. */
import { filesAddress, type Config } from '../core/config.ts';
import type { Logger } from '../core/log.ts';

/** @returns what warns of it, at its first call only; nothing where settings name an address */
export function localLinksWarning(config: Config, log: Logger): (teller: 'bots' | 'webhooks') => void {
  let isTold = filesAddress(config) !== null;
  return (teller) => {
    if (isTold) return;
    isTold = true;
    log.warn(
      { teller },
      `Links to films name localhost in what ${teller} tell: set PUBLIC_BASE_URL or FILES_BASE_URL`,
    );
  };
}
