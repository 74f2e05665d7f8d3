/** Who may do what in chat: by roles (Discord) or user groups (Slack), and by who asked for a film. */
import type { Config } from '../core/config.ts';
import type { JobDetails } from '../core/studio-service.ts';
import type { Asker } from './types.ts';

export type Permissions = {
  mayUse(asker: Asker): boolean;
  isOperator(asker: Asker): boolean;
  /** Whether someone may look at a job here: nothing leaves its workspace. */
  maySee(asker: Asker, job: Pick<JobDetails, 'origin'>): boolean;
  /** Cancel, retry, edit: who asked for it, and operators. */
  maySteer(asker: Asker, job: Pick<JobDetails, 'origin'>): boolean;
};

export function createPermissions(config: Pick<Config, 'discord' | 'slack'>): Permissions {
  const hasOne = (asker: Asker, roles: readonly string[]): boolean =>
    roles.some((role) => asker.user.roles.includes(role));

  function isOperator(asker: Asker): boolean {
    return asker.user.isAdmin || hasOne(asker, config[asker.platform].opsRoles);
  }

  function mayUse(asker: Asker): boolean {
    const { allowedRoles } = config[asker.platform];
    return allowedRoles.length === 0 || isOperator(asker) || hasOne(asker, allowedRoles);
  }

  function isOwn(asker: Asker, { origin }: Pick<JobDetails, 'origin'>): boolean {
    return (
      origin.platform === asker.platform &&
      origin.user === asker.user.id &&
      // Discord's user ids are the same everywhere, Slack's belong to a workspace.
      (asker.platform === 'discord' || (origin.team ?? null) === asker.place.team)
    );
  }

  function isOfThisTeam(asker: Asker, { origin }: Pick<JobDetails, 'origin'>): boolean {
    return (
      origin.platform === asker.platform &&
      asker.place.team !== null &&
      (origin.team ?? null) === asker.place.team
    );
  }

  return {
    mayUse,
    isOperator,
    maySee: (asker, job) => isOwn(asker, job) || isOfThisTeam(asker, job),
    maySteer: (asker, job) => isOwn(asker, job) || (isOperator(asker) && isOfThisTeam(asker, job)),
  };
}

/** Owner of a person's jobs, as core keeps it. */
export function ownerOf(asker: Asker): string {
  if (asker.platform === 'discord') return `discord:${asker.user.id}`;
  return `slack:${asker.place.team ?? ''}:${asker.user.id}`;
}
