/** Who asks: X-API-Key, checked against digests. A key in the query is ignored, not accepted. */
import type { FastifyInstance } from 'fastify';
import type { KeyRing } from '../../core/doors.ts';
import { body } from './errors.ts';
import type { KeyLimit } from './rate-limits.ts';

export function auth(api: FastifyInstance, keys: KeyRing, limitKey: KeyLimit): void {
  api.decorateRequest('caller', undefined);
  api.decorateRequest('keyName', undefined);
  api.addHook('onRequest', (request, reply, done) => {
    const given = request.headers['x-api-key'];
    const holder = keys.check(typeof given === 'string' ? given : undefined);
    // One answer for no key and a wrong key: it tells nobody how close they were.
    if (!holder) {
      void reply
        .code(401)
        .header('www-authenticate', 'ApiKey realm="Gen Scene Studio"')
        .send(
          body('unauthorized', 'A valid API key is needed.', { hint: 'Send it in the X-API-Key header.' }),
        );
      return;
    }
    request.keyName = holder.name;
    request.caller = {
      owner: `key:${holder.name}`,
      sees: holder.admin ? 'all' : 'own',
      mostPriority: holder.mostPriority,
      origin: { platform: 'api', keyName: holder.name, address: request.ip, requestId: request.id },
    };
    if (!limitKey(holder.name, reply)) done();
  });
}
