/**
 * An S3 server of its own for a test: s3rver in a temporary folder on a spare loopback port, behind a
 * door that adds what it lacks and real stores have: signatures (v4) are checked, `If-None-Match: *` is
 * kept, objects appear whole, and uploads in parts can be taken back. Faults can be ordered.
 */
import { createHash, createHmac } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import S3rver from 's3rver';

export type S3Server = {
  readonly endpoint: string;
  /** Settings as in the environment. */
  readonly env: Record<string, string>;
  /** Requests so far: `PUT /bucket/key?query`. */
  readonly requests: string[];
  /** Called with each request; may answer in the server's place by returning true. */
  fault: ((request: IncomingMessage, response: ServerResponse) => boolean) | null;
  /** Uploads in parts that nobody ended. */
  unfinished(): Promise<string[]>;
  /** Idempotent. */
  close(): Promise<void>;
};

const bucket = 'films';
/** s3rver knows no other. */
const accessKeyId = 'S3RVER';

export async function startS3Server(secret = 'S3RVER'): Promise<S3Server> {
  const folder = await mkdtemp(path.join(tmpdir(), 'genscene-s3-'));
  const engine = new S3rver({
    directory: folder,
    silent: true,
    vhostBuckets: false,
    configureBuckets: [{ name: bucket, configs: [] }],
  });
  await engine.configureBuckets();
  const serve = engine.callback();
  const line = createLine();
  const parts = new Set<Promise<void>>();
  const uploads = path.join(folder, bucket, '._S3rver_uploads');

  const http = createServer((request, response) => {
    server.requests.push(`${request.method} ${request.url}`);
    if (server.fault?.(request, response)) return;
    const refusal = signatureFault(request, secret);
    if (refusal) return refuse(response, 403, refusal);
    const query = new URL(request.url!, 'http://s').searchParams;
    const isPart = query.has('partNumber');
    if (isPart) {
      const over = once(response, 'close').then(() => void parts.delete(over));
      parts.add(over);
    }
    if (request.method === 'DELETE' && query.has('uploadId')) {
      // s3rver would make the folder anew for a part that is under way.
      void Promise.all(parts)
        .then(() => rm(path.join(uploads, query.get('uploadId')!), { recursive: true, force: true }))
        .then(() => response.writeHead(204).end());
      return;
    }
    // One write after the other: s3rver answers before its file is closed, and would let two write at once.
    const isWrite = request.method !== 'GET' && request.method !== 'HEAD';
    if (!isWrite || isPart) return serve(request, response);
    void line(async () => {
      if (request.headers['if-none-match'] === '*') {
        delete request.headers['if-none-match'];
        if (await exists(folder, request.url!)) {
          request.resume();
          return refuse(response, 412, 'PreconditionFailed');
        }
      }
      const over = once(response, 'close');
      serve(request, response);
      await over;
    });
  });
  http.listen(0, '127.0.0.1');
  await once(http, 'listening');
  const endpoint = `http://127.0.0.1:${(http.address() as AddressInfo).port}`;

  const server: S3Server = {
    endpoint,
    env: {
      STORAGE: 's3',
      S3_ENDPOINT: endpoint,
      S3_REGION: 'us-east-1',
      S3_BUCKET: bucket,
      S3_ACCESS_KEY_ID: accessKeyId,
      S3_SECRET_ACCESS_KEY: secret,
    },
    requests: [],
    fault: null,
    unfinished: () => readdir(uploads).catch((): string[] => []),
    async close() {
      http.closeAllConnections();
      if (http.listening) await new Promise((resolve) => http.close(resolve));
      await rm(folder, { recursive: true, force: true });
    },
  };
  return server;
}

function refuse(response: ServerResponse, status: number, code: string): void {
  // Real stores say whose key it was: nothing of that may reach our logs.
  const body = `<?xml version="1.0"?><Error><Code>${code}</Code><Message>Refused ${accessKeyId}</Message><AWSAccessKeyId>${accessKeyId}</AWSAccessKeyId></Error>`; // prettier-ignore
  response.writeHead(status, { 'content-type': 'application/xml', 'content-length': body.length }).end(body);
}

async function exists(folder: string, url: string): Promise<boolean> {
  const key = decodeURIComponent(new URL(url, 'http://s').pathname);
  const names = await readdir(path.join(folder, path.dirname(key))).catch((): string[] => []);
  return names.includes(`${path.basename(key)}._S3rver_object`);
}

/** Runs what it is given one after the other. */
function createLine(): (work: () => Promise<void>) => Promise<void> {
  let last: Promise<void> = Promise.resolve();
  return (work) => (last = last.then(work, work));
}

/** AWS Signature Version 4, in the header or the query. @returns the code of the refusal, or null */
function signatureFault(request: IncomingMessage, secret: string): string | null {
  const url = new URL(request.url!, 'http://s');
  const inQuery = url.searchParams.get('X-Amz-Signature');
  const header = /Credential=([^,]+), ?SignedHeaders=([^,]+), ?Signature=(\w+)/.exec(request.headers.authorization ?? ''); // prettier-ignore
  const [credential, signedHeaders, signature] = inQuery
    ? [url.searchParams.get('X-Amz-Credential')!, url.searchParams.get('X-Amz-SignedHeaders')!, inQuery]
    : (header?.slice(1) ?? []);
  if (!credential || !signedHeaders) return 'AccessDenied';
  const [keyId, date, region, service] = credential.split('/') as [string, string, string, string];
  if (keyId !== accessKeyId) return 'InvalidAccessKeyId';
  const query = [...url.searchParams]
    .filter(([name]) => name !== 'X-Amz-Signature')
    .map(([name, value]) => `${escape(name)}=${escape(value)}`)
    .sort()
    .join('&');
  const at = inQuery ? url.searchParams.get('X-Amz-Date')! : String(request.headers['x-amz-date']);
  const payload = inQuery ? 'UNSIGNED-PAYLOAD' : String(request.headers['x-amz-content-sha256']);
  const headers = signedHeaders.split(';').map((name) => `${name}:${String(request.headers[name]).trim()}\n`);
  const canonical = [request.method, url.pathname, query, headers.join(''), signedHeaders, payload].join(
    '\n',
  );
  const scope = `${date}/${region}/${service}/aws4_request`;
  const toSign = ['AWS4-HMAC-SHA256', at, scope, createHash('sha256').update(canonical).digest('hex')];
  const key = [date, region, service, 'aws4_request'].reduce<Buffer | string>(
    (last, part) => createHmac('sha256', last).update(part).digest(),
    `AWS4${secret}`,
  );
  const right = createHmac('sha256', key).update(toSign.join('\n')).digest('hex');
  return right === signature ? null : 'SignatureDoesNotMatch';
}

/** As RFC 3986 has it. */
function escape(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, (letter) => `%${letter.charCodeAt(0).toString(16).toUpperCase()}`); // prettier-ignore
}
