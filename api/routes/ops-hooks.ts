/** Where watchers elsewhere report to: Uptime Kuma's webhook, which shows a secret instead of a key. */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { StudioError } from '../../core/errors.ts';
import type { ReportSink } from '../../core/ops/types.ts';
import { describeRoute } from '../plugins/docs.ts';
import { body } from '../plugins/errors.ts';

/** As its notification "Webhook" sends them, with "application/json". */
const reportSchema = z.looseObject({
  heartbeat: z.looseObject({}).nullish(),
  monitor: z.looseObject({}).nullish(),
  msg: z.string().nullish(),
});

export type UptimeKumaHook = {
  secret: string;
  /** Undefined where monitoring does not run in this process. */
  hear: ReportSink | undefined;
};

export function opsHookRoutes(server: FastifyInstance, { secret, hear }: UptimeKumaHook): void {
  const wanted = digest(secret);
  server.post(
    '/hooks/uptime-kuma',
    describeRoute('service', 'What Uptime Kuma reports; Authorization: Bearer and the secret', {
      open: true,
      body: reportSchema,
      answers: { 204: 'Understood' },
    }),
    async (request, reply) => {
      const given = /^Bearer (.+)$/.exec(request.headers.authorization ?? '')?.[1] ?? '';
      if (!timingSafeEqual(digest(given), wanted))
        return reply.code(401).send(
          body('unauthorized', 'The secret of this hook is needed.', {
            hint: 'In Uptime Kuma, add the header {"Authorization": "Bearer <UPTIME_KUMA_WEBHOOK_SECRET>"}.',
          }),
        );
      if (!hear)
        throw new StudioError('not_ready', 'Monitoring does not run in this process.', {
          hint: 'Add monitoring to its SERVICES.',
        });
      const report = reportSchema.safeParse(request.body);
      if (!report.success || !hear(report.data))
        throw new StudioError('invalid_request', 'This is no report of Uptime Kuma.', {
          hint: 'Choose the body "Preset - application/json" there.',
        });
      return reply.code(204).send();
    },
  );
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
