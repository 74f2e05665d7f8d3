/** OpenAPI from the same zod schemas that validate, and a page to read it that needs no internet. */
import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { errorSchema } from '../schema.ts';

/** The page may load nothing but ours and ask nobody but us; Swagger UI writes styles inline. */
const pagePolicy = {
  'default-src': ["'self'"],
  'img-src': ["'self'", 'data:'],
  'style-src': ["'self'", "'unsafe-inline'"],
  'base-uri': ["'self'"],
  'object-src': ["'none'"],
  'frame-ancestors': ["'none'"],
};

const introduction = [
  'Turns a storyboard into a finished, narrated, captioned film.',
  'Work is a job: POST `/api/compose` answers 202 with its id; watch it at `/api/status/ID` or `/api/status/ID/events` until it is `done`, `failed` or `cancelled`, and get the film at its `url`.',
  'The key in `X-API-Key` (**Authorize**) was shown at the first start; `genscene key new NAME` makes another.',
].join('\n\n');

/** In the order of a reader’s questions. */
const tags = [
  { name: 'films', description: 'A storyboard becomes a film' },
  { name: 'speech', description: 'A text becomes a sound file' },
  { name: 'jobs', description: 'How they stand, and what can be done to them' },
  { name: 'files', description: 'What was made' },
  { name: 'assets', description: 'Your own pictures, clips and sounds' },
  { name: 'service', description: 'How the service does' },
];

export async function docs(server: FastifyInstance): Promise<void> {
  await server.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Gen Scene Studio',
        version: '1',
        description: introduction,
      },
      tags,
      components: { securitySchemes: { apiKey: { type: 'apiKey', in: 'header', name: 'X-API-Key' } } },
    },
  });
  await server.register(swaggerUi, {
    routePrefix: '/docs',
    staticCSP: pagePolicy,
    // Its badge would send our document to a server of theirs.
    uiConfig: { docExpansion: 'list', deepLinking: true, validatorUrl: null, layout: 'BaseLayout' },
    theme: { title: 'Gen Scene Studio: the API' },
  });
  server.get('/openapi.json', { schema: { hide: true } }, async () => server.swagger());
}

/** JSON schema of a zod schema as callers write it (`input`) or as we answer (`output`). */
export function jsonSchema(schema: z.ZodType, io: 'input' | 'output' = 'input'): object {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io, unrepresentable: 'any' });
  return rest;
}

const describedError = jsonSchema(errorSchema, 'output');

/** Description of a route for the OpenAPI document. An answer is JSON, or nothing but a status, or of other types. */
export function describeRoute(
  tag: string,
  summary: string,
  parts: {
    body?: z.ZodType;
    /** A body that works as it stands: what the page offers to try. */
    example?: object;
    /** Fields of a multipart body that are files. */
    form?: Record<string, string>;
    query?: z.ZodType;
    params?: z.ZodType;
    headers?: z.ZodType;
    answers?: Record<number, z.ZodType | string | Record<string, string>>;
    open?: boolean;
  } = {},
): object {
  const response = Object.fromEntries(
    Object.entries(parts.answers ?? {}).map(([status, answer]) => [status, describeAnswer(answer)]),
  );
  return {
    schema: {
      tags: [tag],
      summary,
      ...(parts.open ? {} : { security: [{ apiKey: [] }] }),
      ...(parts.body
        ? { body: { ...jsonSchema(parts.body), ...(parts.example ? { examples: [parts.example] } : {}) } }
        : {}),
      ...(parts.form ? { consumes: ['multipart/form-data'], body: formSchema(parts.form) } : {}),
      ...(parts.query ? { querystring: jsonSchema(parts.query) } : {}),
      ...(parts.params ? { params: jsonSchema(parts.params) } : {}),
      ...(parts.headers ? { headers: jsonSchema(parts.headers) } : {}),
      response: { ...response, '4xx': { description: 'What is wrong and what to do', ...describedError } },
    },
  };
}

function describeAnswer(answer: z.ZodType | string | Record<string, string>): object {
  if (typeof answer === 'string') return { description: answer, type: 'null' };
  if (answer instanceof z.ZodType) return { description: 'OK', ...jsonSchema(answer, 'output') };
  const content = Object.keys(answer).map((type) => [type, { schema: { type: 'string' } }]);
  return { description: Object.values(answer).join('; '), content: Object.fromEntries(content) };
}

function formSchema(files: Record<string, string>): object {
  const properties = Object.entries(files).map(([name, description]) => [
    name,
    { type: 'string', format: 'binary', description },
  ]);
  return { type: 'object', properties: Object.fromEntries(properties), required: Object.keys(files) };
}
