/**
 * The parts of Cloudflare's API that monitoring reads, and purging: fetch and zod. (Its npm package has
 * 17,310 files and no GraphQL.) developers.cloudflare.com/api, developers.cloudflare.com/analytics/graphql-api
 */
import { z } from 'zod';
import { StudioError } from '../core/errors.ts';
import type { Fact } from '../core/ops/types.ts';
import { same } from './texts.ts';

export type CloudflareAccount = {
  apiToken: string;
  zoneId: string;
  accountId?: string | undefined;
  tunnelId?: string | undefined;
  /** Without a slash at its end. */
  apiUrl: string;
  statusUrl: string;
};

export type Token = { id: string; status: string; expiresAt: number | null };
export type Zone = { name: string; status: string; paused: boolean; developmentMode: boolean };
export type DnsRecord = { type: string; content: string; proxied: boolean };
export type Tunnel = { name: string; status: string };
/** Requests by status at the edge and at the origin; 0: the origin was not asked. */
export type Traffic = { requests: number; edge5xx: number; origin5xx: number; originRequests: number };
/** What Cloudflare itself says is wrong with it. */
export type CloudStatus = { summary: string; troubled: string[]; incidents: string[] };

export type Cloudflare = {
  token(signal: AbortSignal): Promise<Token>;
  zone(signal: AbortSignal): Promise<Zone>;
  /** Those that answer for a host: its own, else the wildcard's beside it. */
  records(host: string, signal: AbortSignal): Promise<DnsRecord[]>;
  /** Null without a tunnel in the settings. */
  tunnel(signal: AbortSignal): Promise<Tunnel | null>;
  traffic(from: number, to: number, signal: AbortSignal): Promise<Traffic>;
  status(signal: AbortSignal): Promise<CloudStatus>;
  /** Takes addresses (or everything) out of its caches. At most 30 at a time. @throws {StudioError} invalid_request */
  purge(urls: readonly string[] | 'everything', signal: AbortSignal): Promise<void>;
};

/** Of the free plan: so many addresses in one call. */
const PURGE_AT_ONCE = 30;

const envelopeSchema = z.looseObject({
  success: z.boolean(),
  result: z.unknown(),
  errors: z.array(z.looseObject({ code: z.number().optional(), message: z.string() })).nullish(),
});
const tokenSchema = z.looseObject({
  id: z.string(),
  status: z.string(),
  expires_on: z.string().nullish(),
});
const zoneSchema = z.looseObject({
  name: z.string(),
  status: z.string(),
  paused: z.boolean(),
  // Seconds that are left of it; below 0 since it ended.
  development_mode: z.number().nullish(),
});
const recordsSchema = z.array(
  z.looseObject({ type: z.string(), content: z.string().nullish(), proxied: z.boolean().nullish() }),
);
const tunnelSchema = z.looseObject({ name: z.string(), status: z.string() });
const trafficSchema = z.object({
  data: z
    .object({
      viewer: z.object({
        zones: z.array(
          z.object({
            httpRequestsAdaptiveGroups: z.array(
              z.object({
                count: z.number(),
                dimensions: z.object({ edgeResponseStatus: z.number(), originResponseStatus: z.number() }),
              }),
            ),
          }),
        ),
      }),
    })
    .nullish(),
  // Comes with HTTP 200.
  errors: z.array(z.looseObject({ message: z.string() })).nullish(),
});
const summarySchema = z.looseObject({
  status: z.looseObject({ description: z.string() }),
  components: z.array(z.looseObject({ name: z.string(), status: z.string() })),
  incidents: z.array(z.looseObject({ name: z.string(), status: z.string() })),
});

const TRAFFIC_QUERY = `query Traffic($zone: string!, $from: Time!, $to: Time!) {
  viewer {
    zones(filter: { zoneTag: $zone }) {
      httpRequestsAdaptiveGroups(limit: 500, filter: { datetime_geq: $from, datetime_lt: $to }) {
        count
        dimensions { edgeResponseStatus originResponseStatus }
      }
    }
  }
}`;

export function openCloudflare(account: CloudflareAccount): Cloudflare {
  const { apiUrl, statusUrl, zoneId, accountId, tunnelId } = account;

  async function ask<S extends z.ZodType>(
    schema: S,
    path: string,
    signal: AbortSignal,
    body?: object,
  ): Promise<z.infer<S>> {
    const { status, json } = await send(`${apiUrl}${path}`, signal, body);
    const envelope = envelopeSchema.safeParse(json);
    if (!envelope.success) throw notUnderstood(path, status);
    const { success, result, errors } = envelope.data;
    if (!success) throw refused(path, status, errors?.map(({ message }) => message).join('; '));
    const parsed = schema.safeParse(result);
    if (!parsed.success) throw notUnderstood(path, status, parsed.error);
    return parsed.data;
  }

  async function send(url: string, signal: AbortSignal, body?: object) {
    const headers = { authorization: `Bearer ${account.apiToken}`, 'content-type': 'application/json' };
    // What is redirected would take the token along.
    const answer = await fetch(url, {
      ...(body ? { method: 'POST', body: JSON.stringify(body) } : {}),
      headers,
      redirect: 'error',
      signal,
    });
    const json: unknown = await answer.json().catch(() => null);
    return { status: answer.status, json };
  }

  return {
    async token(signal) {
      // A token belongs to a person or to the account; only its own address knows it.
      const ofUser = ask(tokenSchema, '/user/tokens/verify', signal);
      const found = await (accountId
        ? ofUser.catch(() => ask(tokenSchema, `/accounts/${accountId}/tokens/verify`, signal))
        : ofUser);
      const { id, status, expires_on: expires } = found;
      return { id, status, expiresAt: expires ? Date.parse(expires) : null };
    },
    async zone(signal) {
      const { name, status, paused, development_mode: left } = await ask(zoneSchema, `/zones/${zoneId}`, signal); // prettier-ignore
      return { name, status, paused, developmentMode: (left ?? 0) > 0 };
    },
    async records(host, signal) {
      const wildcard = host.replace(/^[^.]+/, '*');
      for (const name of [host, wildcard]) {
        const path = `/zones/${zoneId}/dns_records?name=${encodeURIComponent(name)}&per_page=100`;
        const found = (await ask(recordsSchema, path, signal)).filter(({ type }) => ['A', 'AAAA', 'CNAME'].includes(type)); // prettier-ignore
        if (found.length > 0)
          return found.map(({ type, content, proxied }) => ({ type, content: content ?? '', proxied: proxied ?? false })); // prettier-ignore
      }
      return [];
    },
    async tunnel(signal) {
      if (!tunnelId || !accountId) return null;
      const { name, status } = await ask(tunnelSchema, `/accounts/${accountId}/cfd_tunnel/${tunnelId}`, signal); // prettier-ignore
      return { name, status };
    },
    async traffic(from, to, signal) {
      const variables = { zone: zoneId, from: new Date(from).toISOString(), to: new Date(to).toISOString() };
      const { status, json } = await send(`${apiUrl}/graphql`, signal, { query: TRAFFIC_QUERY, variables });
      const parsed = trafficSchema.safeParse(json);
      if (!parsed.success) throw notUnderstood('/graphql', status, parsed.error);
      const { data, errors } = parsed.data;
      if (errors?.length) throw refused('/graphql', status, errors.map(({ message }) => message).join('; '));
      const groups = data?.viewer.zones[0]?.httpRequestsAdaptiveGroups ?? [];
      const sum = (counts: (group: (typeof groups)[number]['dimensions']) => boolean): number =>
        groups.reduce((total, { count, dimensions }) => total + (counts(dimensions) ? count : 0), 0);
      return {
        requests: sum(() => true),
        edge5xx: sum(({ edgeResponseStatus }) => edgeResponseStatus >= 500),
        originRequests: sum(({ originResponseStatus }) => originResponseStatus > 0),
        origin5xx: sum(({ originResponseStatus }) => originResponseStatus >= 500),
      };
    },
    status: (signal) => readCloudStatus(statusUrl, signal),
    async purge(urls, signal) {
      const path = `/zones/${zoneId}/purge_cache`;
      if (urls === 'everything')
        return void (await ask(z.unknown(), path, signal, { purge_everything: true }));
      if (urls.length === 0 || urls.length > PURGE_AT_ONCE)
        throw new StudioError('invalid_request', `Name 1 to ${PURGE_AT_ONCE} addresses to purge.`);
      await ask(z.unknown(), path, signal, { files: urls });
    },
  };
}

/** What its status page says, which needs no token. @param statusUrl without a slash at its end */
export async function readCloudStatus(statusUrl: string, signal: AbortSignal): Promise<CloudStatus> {
  const path = '/api/v2/summary.json';
  const answer = await fetch(`${statusUrl}${path}`, { signal });
  const parsed = summarySchema.safeParse(await answer.json().catch(() => null));
  if (!parsed.success) throw notUnderstood(path, answer.status, parsed.error);
  const { status, components, incidents } = parsed.data;
  const troubled = components.filter(
    ({ name, status: state }) => /outage|degraded/.test(state) && !isDataCentre(name),
  );
  return {
    summary: status.description,
    troubled: troubled.map(({ name }) => name),
    incidents: incidents.filter((each) => each.status !== 'resolved').map(({ name }) => name),
  };
}

/** As a row of what was found. */
export function cloudStatusFact({ summary, troubled, incidents }: CloudStatus): Fact {
  const troubles = [...new Set([...incidents, ...troubled])].slice(0, 4);
  return {
    name: same('cloudflarestatus.com'),
    value: same([summary, ...troubles].join(' · ').slice(0, 300)),
  };
}

/** There are hundreds, and some are always being worked on. */
function isDataCentre(name: string): boolean {
  return /\([A-Z]{3}\)\s*$/.test(name);
}

function refused(path: string, status: number, reason = ''): StudioError {
  return new StudioError(
    'not_ready',
    `Cloudflare refused ${pathOf(path)} (${status}): ${reason || 'no reason given'}`,
    {
      hint: 'The token needs Zone:Read, DNS:Read, Analytics:Read (and Cache Purge, Cloudflare Tunnel:Read) for this zone.',
      retryable: status >= 500 || status === 429,
    },
  );
}

function notUnderstood(path: string, status: number, cause?: unknown): StudioError {
  return new StudioError(
    'not_ready',
    `Cloudflare answered ${status} to ${pathOf(path)}, which is not understood`,
    {
      retryable: true,
      cause,
    },
  );
}

/** Ids of zones and accounts are nobody's business in a chat. */
function pathOf(path: string): string {
  return path.replace(/\?.*$/, '').replaceAll(/\/[0-9a-f-]{20,}/gi, '/…');
}
