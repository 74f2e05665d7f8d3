/** OpenAPI from the same zod schemas that validate, and a page to read it that needs no internet. */
import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';

export async function docs(server: FastifyInstance): Promise<void> {
  await server.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Gen Scene Studio',
        version: '1',
        description:
          'Turns a storyboard into a finished, narrated, captioned film. Work is a job: POST answers 202, then watch it.',
      },
      components: { securitySchemes: { apiKey: { type: 'apiKey', in: 'header', name: 'X-API-Key' } } },
    },
  });
  await server.register(swaggerUi, {
    routePrefix: '/docs',
    staticCSP: true,
    uiConfig: { docExpansion: 'list', deepLinking: true },
  });
  server.get('/openapi.json', { schema: { hide: true } }, async () => server.swagger());
}

/** JSON schema of a zod schema as callers write it (`input`) or as we answer (`output`). */
export function jsonSchema(schema: z.ZodType, io: 'input' | 'output' = 'input'): object {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io, unrepresentable: 'any' });
  return rest;
}

const errorSchema = jsonSchema(
  z.object({
    error: z.object({
      code: z.string(),
      message: z.string(),
      hint: z.string().optional(),
      issues: z.array(z.object({ path: z.string(), message: z.string() })).optional(),
    }),
  }),
  'output',
);

/** Description of a route for the OpenAPI document. */
export function describeRoute(
  tag: string,
  summary: string,
  parts: {
    body?: z.ZodType;
    query?: z.ZodType;
    params?: z.ZodType;
    answers?: Record<number, z.ZodType | string>;
    open?: boolean;
  } = {},
): object {
  const response: Record<string, object> = {};
  for (const [status, answer] of Object.entries(parts.answers ?? {})) {
    response[status] =
      typeof answer === 'string'
        ? { description: answer, type: 'string' }
        : { description: 'OK', ...jsonSchema(answer, 'output') };
  }
  response['4xx'] = { description: 'What is wrong and what to do', ...errorSchema };
  return {
    schema: {
      tags: [tag],
      summary,
      ...(parts.open ? {} : { security: [{ apiKey: [] }] }),
      ...(parts.body ? { body: jsonSchema(parts.body) } : {}),
      ...(parts.query ? { querystring: jsonSchema(parts.query) } : {}),
      ...(parts.params ? { params: jsonSchema(parts.params) } : {}),
      response,
    },
  };
}
