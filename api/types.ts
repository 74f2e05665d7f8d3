/** What the routes share: who asks, and what the server is given. */
import type { FastifyRequest } from 'fastify';
import type { Logger } from 'pino';
import type { Config } from '../core/config.ts';
import type { FileSigner, KeyRing } from '../core/doors.ts';
import type { Ops } from '../core/ops/types.ts';
import type { PublicStatusSource } from '../core/ops/public/types.ts';
import type { Caller, StudioService } from '../core/studio-service.ts';
import type { BodyLimits } from './plugins/body-deadline.ts';
import type { UptimeKumaHook } from './routes/ops-hooks.ts';

export type ServerDeps = {
  studio: StudioService;
  keys: KeyRing;
  /** Verifies links to files. */
  signer: FileSigner;
  config: Config;
  log: Logger;
  /** For the status page; without it there is none. */
  publicStatus?: PublicStatusSource | undefined;
  /** Of the monitoring of this process, for metrics. */
  ops?: Pick<Ops, 'status'> | undefined;
  /** Takes reports of Uptime Kuma, if its webhook has a secret. */
  uptimeKumaHook?: UptimeKumaHook | undefined;
  /** For tests, which should not wait as long as a slow network may. */
  bodyLimits?: Partial<BodyLimits>;
};

declare module 'fastify' {
  interface FastifyRequest {
    /** Set by the auth plugin on every route below /api. */
    caller?: Caller;
    /** Name of the key, for the audit log. */
    keyName?: string;
  }
}

/** The caller of an authenticated route. */
export function callerOf(request: FastifyRequest): Caller {
  if (!request.caller) throw new Error(`The route ${request.url} is not behind the auth plugin.`);
  return request.caller;
}
