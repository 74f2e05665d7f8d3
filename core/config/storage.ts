/** Settings of the S3-compatible store (R2, MinIO, AWS and others) that STORAGE=s3 keeps files in. */
import { z } from 'zod';
import { httpAddress, optionalText, type Parsed } from './fields.ts';

const yesOrNo = z
  .enum(['true', 'false', '1', '0', 'yes', 'no'])
  .transform((word) => /^(true|1|yes)$/.test(word));

export const storageSettings = {
  S3_ENDPOINT: httpAddress.optional(),
  S3_REGION: z.string().trim().min(1).default('auto'),
  S3_BUCKET: z
    .string()
    .trim()
    .regex(/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/, 'must be the name of a bucket')
    .optional(),
  S3_ACCESS_KEY_ID: optionalText,
  S3_SECRET_ACCESS_KEY: optionalText,
  S3_PREFIX: z
    .string()
    .trim()
    .regex(
      /^[A-Za-z0-9][\w.-]*(\/[A-Za-z0-9][\w.-]*)*\/?$/,
      'must be a path of letters, digits, ".", "_" and "-"',
    )
    .transform((prefix) => prefix.replace(/\/?$/, '/'))
    .prefault('genscene'),
  S3_FORCE_PATH_STYLE: yesOrNo.optional(),
  S3_PUBLIC_BASE_URL: httpAddress.optional(),
  S3_REDIRECT: yesOrNo.default(false),
};

export type S3Config = Readonly<{
  /** Absent: that of AWS for the region. */
  endpoint?: string;
  region: string;
  bucket: string;
  accessKeyId: string;
  secretAccessKey: string;
  /** Before every key, with a slash at its end. */
  prefix: string;
  /** `endpoint/bucket/key` instead of `bucket.endpoint/key`. */
  forcePathStyle: boolean;
  /** Where everybody may read the bucket: films are then linked there. */
  publicBaseUrl?: string;
  /** Whether our links send readers to the store by a signed address instead of passing bytes on. */
  redirect: boolean;
}>;

type Env = Parsed<typeof storageSettings> & { STORAGE: 'local' | 's3'; FILES_ACCESS?: 'public' | 'signed' };

/** What is missing or contradictory once all settings are known, for `superRefine`. */
export function checkStorageSettings(env: Env, context: z.core.$RefinementCtx): void {
  const refuse = (name: keyof typeof storageSettings, message: string): void =>
    void context.issues.push({ code: 'custom', path: [name], message, input: undefined });
  if (env.STORAGE !== 's3') return;
  for (const name of ['S3_BUCKET', 'S3_ACCESS_KEY_ID', 'S3_SECRET_ACCESS_KEY'] as const)
    if (env[name] === undefined) refuse(name, 'is needed for STORAGE=s3');
  if (env.S3_ENDPOINT === undefined && env.S3_REGION === 'auto')
    refuse('S3_ENDPOINT', 'is needed for STORAGE=s3 (or S3_REGION, for AWS)');
  if (env.S3_PUBLIC_BASE_URL !== undefined && env.FILES_ACCESS === 'signed')
    refuse('S3_PUBLIC_BASE_URL', 'makes every film public, but FILES_ACCESS=signed asks for signed links');
}

/** Null unless files are kept in such a store. */
export function s3Config(env: Env): S3Config | null {
  if (env.STORAGE !== 's3' || !env.S3_BUCKET || !env.S3_ACCESS_KEY_ID || !env.S3_SECRET_ACCESS_KEY)
    return null;
  return {
    endpoint: env.S3_ENDPOINT,
    region: env.S3_REGION,
    bucket: env.S3_BUCKET,
    accessKeyId: env.S3_ACCESS_KEY_ID,
    secretAccessKey: env.S3_SECRET_ACCESS_KEY,
    prefix: env.S3_PREFIX,
    // AWS wants the bucket in the host name; the others mostly have one host name only.
    forcePathStyle: env.S3_FORCE_PATH_STYLE ?? env.S3_ENDPOINT !== undefined,
    publicBaseUrl: env.S3_PUBLIC_BASE_URL,
    redirect: env.S3_REDIRECT,
  };
}
