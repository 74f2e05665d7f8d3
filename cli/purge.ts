/** `genscene purge [URL…]`: takes addresses out of Cloudflare's caches. */
import { Command } from 'commander';
import { StudioError } from '../core/errors.ts';
import type { Context } from './context.ts';

const TIMEOUT_MS = 30_000;

export function purgeCommand(context: Context): Command {
  return new Command('purge')
    .description('take addresses out of Cloudflare’s caches (CLOUDFLARE_API_TOKEN with Cache Purge)')
    .argument('[url...]', 'up to 30 addresses')
    .option('--everything', 'the whole zone')
    .action(async (urls: string[], options: { everything?: true }) => {
      const { cloudflare, statusUrl } = context.config().monitoring;
      if (!cloudflare)
        throw new StudioError('invalid_request', 'There is no Cloudflare in the settings.', {
          hint: 'Set CLOUDFLARE_API_TOKEN and CLOUDFLARE_ZONE_ID.',
        });
      const wrong = urls.find((url) => !URL.canParse(url));
      if (wrong !== undefined) throw new StudioError('invalid_request', `"${wrong}" is no address.`);
      const { openCloudflare } = await import('../monitoring/cloudflare.ts');
      const signal = AbortSignal.any([context.signal, AbortSignal.timeout(TIMEOUT_MS)]);
      const account = { ...cloudflare, statusUrl };
      await openCloudflare(account).purge(options.everything ? 'everything' : urls, signal);
      context.terminal.note(options.everything ? 'Purged everything.' : `Purged ${urls.length}.`);
    });
}
