/** How the service does, for anyone: a page for people and the same as JSON. Neither needs a key. */
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import type { PublicStatusSource } from '../../core/ops/public/types.ts';
import type { StudioService } from '../../core/studio-service.ts';
import { describeRoute } from '../plugins/docs.ts';
import { parseQuery } from '../query.ts';
import { statusDocument, statusDocumentSchema, type StatusDocument } from '../status-page/document.ts';
import { pagePolicy, statusPage } from '../status-page/page.ts';
import { pageLanguages, preferredLanguage } from '../status-page/words.ts';

/** Caches may keep it so long, s. */
const MAX_AGE_S = 30;
/** However many ask, it is put together this rarely, ms. */
const FRESH_MS = 5000;
/** A queue that does not answer by then is shown as not answering, ms. */
const PATIENCE_MS = 2000;

const querySchema = z.object({ lang: z.enum(pageLanguages).optional().catch(undefined) });

export function statusPageRoutes(
  server: FastifyInstance,
  studio: Pick<StudioService, 'status'>,
  read: PublicStatusSource,
): void {
  let latest: { at: number; document: Promise<StatusDocument> } | null = null;
  const document = (): Promise<StatusDocument> => {
    const now = Date.now();
    if (!latest || now - latest.at > FRESH_MS) latest = { at: now, document: make(now) };
    return latest.document;
  };
  const make = async (now: number): Promise<StatusDocument> => statusDocument(known(), await queue(), now);
  // A page about faults must not fail with what it is about.
  const known: PublicStatusSource = () => {
    try {
      return read();
    } catch (error) {
      server.log.warn({ error: String(error) }, 'the status page cannot read what monitoring knows');
      return null;
    }
  };
  const queue = async () => {
    const late = new Promise<null>((resolve) => setTimeout(resolve, PATIENCE_MS, null).unref());
    return Promise.race([studio.status().then((status) => status.queue, () => null), late]); // prettier-ignore
  };

  server.get(
    '/status.json',
    describeRoute('service', 'How hosts and service do and did', {
      open: true,
      answers: { 200: statusDocumentSchema },
    }),
    async (_request, reply) => {
      // It is public: any page may show it.
      reply.header('access-control-allow-origin', '*').header('cache-control', caching);
      return document();
    },
  );
  server.get(
    '/status',
    describeRoute('service', 'The same as a page', {
      open: true,
      query: querySchema,
      answers: { 200: { 'text/html': 'The page' } },
    }),
    async (request, reply) => {
      const { lang } = parseQuery(querySchema, request.query);
      const language = lang ?? preferredLanguage(request.headers['accept-language']);
      return reply
        .header('cache-control', caching)
        .header('vary', 'Accept-Language')
        .header('content-language', language)
        .header('content-security-policy', pagePolicy)
        .type('text/html; charset=utf-8')
        .send(statusPage(await document(), language));
    },
  );
}

const caching = `public, max-age=${MAX_AGE_S}`;
