/** Settings of the REST service: where it listens, what it is called from outside, who may call it. */
import { z } from 'zod';
import { httpAddress, list, optionalText, wholeNumber, type Parsed } from './fields.ts';

export const serverSettings = {
  PORT: wholeNumber(0, 65535).default(8000),
  HOST: z.string().default('0.0.0.0'),
  API_KEYS: optionalText,
  PUBLIC_BASE_URL: httpAddress.optional(),
  FILES_BASE_URL: httpAddress.optional(),
  FILES_ACCESS: z.enum(['public', 'signed']).default('public'),
  CORS_ORIGINS: list.prefault('https://*.lovable.app,https://*.lovableproject.com'),
  TRUSTED_PROXIES: list.prefault(''),
  RATE_LIMIT_PER_MINUTE: wholeNumber(1, 1_000_000).default(600),
};

export type ServerConfig = Readonly<{
  port: number;
  host: string;
  apiKeys?: string;
  publicBaseUrl?: string;
  filesBaseUrl?: string;
  filesAccess: 'public' | 'signed';
  corsOrigins: readonly string[];
  trustedProxies: readonly string[];
  rateLimitPerMinute: number;
}>;

export function serverConfig(env: Parsed<typeof serverSettings>): ServerConfig {
  return {
    port: env.PORT,
    host: env.HOST,
    apiKeys: env.API_KEYS,
    publicBaseUrl: env.PUBLIC_BASE_URL,
    filesBaseUrl: env.FILES_BASE_URL,
    filesAccess: env.FILES_ACCESS,
    corsOrigins: env.CORS_ORIGINS,
    trustedProxies: env.TRUSTED_PROXIES,
    rateLimitPerMinute: env.RATE_LIMIT_PER_MINUTE,
  };
}
