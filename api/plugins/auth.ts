/** Who asks: X-API-Key, checked against digests. A key in the query is ignored, not accepted. */
import type { FastifyInstance } from 'fastify';
import type { KeyRing } from '../../core/doors.ts';
import { body } from './errors.ts';

export function auth(api: FastifyInstance, keys: KeyRing): void {
  api.decorateRequest('caller', undefined);
  api.decorateRequest('keyName', undefined);
  api.addHook('onRequest', async (request, reply) => {
    const given = request.headers['x-api-key'];
    const holder = keys.check(typeof given === 'string' ? given : undefined);
    // One answer for no key and a wrong key: it tells nobody how close they were.
    if (!holder)
      return reply
        .code(401)
        .send(
          body('unauthorized', 'A valid API key is needed.', { hint: 'Send it in the X-API-Key header.' }),
        );
    request.keyName = holder.name;
    request.caller = {
      owner: `key:${holder.name}`,
      sees: holder.admin ? 'all' : 'own',
      origin: { platform: 'api', keyName: holder.name, address: request.ip },
    };
  });
}
