/** The REST door: builds the Fastify server from its plugins and routes. Nothing listens here. */
import cors from '@fastify/cors';
import multipart from '@fastify/multipart';
import { randomUUID } from 'node:crypto';
import fastify, { LogController, type FastifyBaseLogger, type FastifyInstance } from 'fastify';
import { auth } from './plugins/auth.ts';
import { bodyDeadline } from './plugins/body-deadline.ts';
import { clientAddress, trustedProxies } from './plugins/client-address.ts';
import { corsOptions } from './plugins/cors.ts';
import { docs } from './plugins/docs.ts';
import { errors, refuseAddress, refuseConnection } from './plugins/errors.ts';
import { jsonBodies } from './plugins/json-bodies.ts';
import { logRequests, requestLogger } from './plugins/logging.ts';
import { rateLimits } from './plugins/rate-limits.ts';
import { securityHeaders } from './plugins/security-headers.ts';
import { assetRoutes } from './routes/assets.ts';
import { composeRoutes } from './routes/compose.ts';
import { fileRoutes } from './routes/files.ts';
import { healthRoutes } from './routes/health.ts';
import { jobRoutes } from './routes/jobs.ts';
import { metricsRoutes } from './routes/metrics.ts';
import { opsHookRoutes } from './routes/ops-hooks.ts';
import { statusPageRoutes } from './routes/status-page.ts';
import { statusRoutes } from './routes/status.ts';
import { ttsRoutes } from './routes/tts.ts';
import { usageRoutes } from './routes/usage.ts';
import { voiceRoutes } from './routes/voices.ts';
import type { ServerDeps } from './types.ts';

/** Bytes: 300 scenes of a minute's narration each, in any script. */
const BODY_LIMIT = 1024 * 1024 * 1.5;
/** A connection on which nothing moves for so long is closed, ms: a reader that stands still holds a file open. */
const IDLE_MS = 120_000;
/** JSON bodies arrive within this, refused ones may go on for this, ms. */
const BODY_MS = 10_000;
/** Uploads may take long, ms; headers and JSON bodies may not (see body-deadline). */
const UPLOAD_TIMEOUT_MS = 30 * 60_000;

/** Builds the server; the caller listens, and closes it. */
export async function buildServer(deps: ServerDeps): Promise<FastifyInstance> {
  const { studio, config } = deps;
  const server = fastify({
    bodyLimit: BODY_LIMIT,
    requestTimeout: UPLOAD_TIMEOUT_MS,
    connectionTimeout: IDLE_MS,
    http: { headersTimeout: 9000, connectionsCheckingInterval: 1000, requireHostHeader: false },
    keepAliveTimeout: 72_000,
    // Streams are being ended by the studio; who closes the server ends what is left after a moment.
    forceCloseConnections: 'idle',
    // Fastify's own refusal while closing has a shape of its own; the studio refuses work in ours.
    return503OnClosing: false,
    trustProxy: trustedProxies(config.server.trustedProxies),
    requestIdHeader: false,
    genReqId: (request) => requestId(request.headers),
    routerOptions: { maxParamLength: 200, ignoreTrailingSlash: true },
    frameworkErrors: refuseAddress,
    clientErrorHandler: refuseConnection,
    logController: new LogController({ disableRequestLogging: true }),
    // One for all: a child for each request costs more than most requests. Lines name the request themselves.
    childLoggerFactory: (logger) => logger,
    loggerInstance: requestLogger(deps.log) as FastifyBaseLogger,
  });
  // Storyboards are checked by the core's own zod schemas, which say more than a JSON schema could.
  server.setValidatorCompiler(() => () => true);
  server.setSerializerCompiler(() => (data) => JSON.stringify(data));

  errors(server);
  jsonBodies(server);
  logRequests(server);
  clientAddress(server, config.server.trustedProxies);
  server.addHook('onRequest', (request, reply, done) => {
    reply.header('x-request-id', request.id);
    done();
  });
  // An answer that says nothing of caching must not be cached: an unmarked 404 would be, at the edge.
  server.addHook('onSend', (_request, reply, payload, done) => {
    if (!reply.hasHeader('cache-control')) reply.header('cache-control', 'no-store');
    done(null, payload);
  });
  await server.register(cors, corsOptions(config.server.corsOrigins));
  await securityHeaders(server);
  const limitKey = rateLimits(server, config.server.rateLimitPerMinute);
  bodyDeadline(server, { deadlineMs: BODY_MS, lingerMs: BODY_MS, ...deps.bodyLimits });
  await server.register(multipart, {
    limits: {
      files: 1,
      fields: 5,
      parts: 6,
      fieldSize: 1024,
      headerPairs: 50,
      fileSize: Number.MAX_SAFE_INTEGER,
    },
  });
  await docs(server);

  healthRoutes(server, studio);
  metricsRoutes(server, studio, deps.ops);
  if (deps.publicStatus) statusPageRoutes(server, studio, deps.publicStatus);
  if (deps.uptimeKumaHook) opsHookRoutes(server, deps.uptimeKumaHook);
  fileRoutes(server, deps);
  await server.register(async (api) => {
    auth(api, deps.keys, limitKey);
    composeRoutes(api, studio, config);
    ttsRoutes(api, studio, config);
    statusRoutes(api, studio, config);
    jobRoutes(api, studio, config);
    voiceRoutes(api, studio);
    assetRoutes(api, studio, config);
    usageRoutes(api, studio);
  });
  return server;
}

/** The caller's own id when it looks like one, else Cloudflare's, else a new one. */
function requestId(headers: NodeJS.Dict<string | string[]>): string {
  for (const name of ['x-request-id', 'cf-ray']) {
    const value = headers[name];
    if (typeof value === 'string' && /^[A-Za-z0-9_-]{8,64}$/.test(value)) return value;
  }
  return randomUUID();
}
