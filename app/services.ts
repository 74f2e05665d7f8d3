/** Which services this process runs. */
import type { Config, ServiceName } from '../core/config.ts';
import { StudioError } from '../core/errors.ts';

/** The default set grows with the services whose tokens are set. */
export function servicesOf(config: Config): readonly ServiceName[] {
  const known: readonly ServiceName[] = ['api', 'worker', 'discord', 'slack', 'monitoring'];
  const bots: ServiceName[] = [];
  if (config.discord.token) bots.push('discord');
  if (config.slack.botToken) bots.push('slack');
  const wanted = config.services ?? ['api', 'worker', 'monitoring', ...bots];
  const unknown = wanted.filter((service) => !known.includes(service));
  if (unknown.length === 0 && wanted.length > 0) return wanted;
  throw new StudioError(
    'invalid_request',
    unknown.length > 0 ? `This version has no service "${unknown.join('", "')}".` : 'SERVICES is empty.',
    {
      hint: `Set SERVICES to some of: ${known.join(', ')}.`,
    },
  );
}
