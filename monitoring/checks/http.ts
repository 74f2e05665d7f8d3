/** Any address, with the status and the words it should answer. */
import { probe, type Resolve } from '../probe.ts';
import { same } from '../texts.ts';
import type { Check } from '../types.ts';

export type HttpSettings = {
  url: string;
  /** Null: anything below 400. */
  status: number | null;
  /** Words the body must contain. */
  body: string | null;
  intervalMs: number;
  resolve?: Resolve | undefined;
  dependsOn?: readonly string[];
};

export function httpCheck(settings: HttpSettings): Check {
  const url = new URL(settings.url);
  const timeoutMs = Math.min(15_000, settings.intervalMs * 0.8);
  const name = `${url.host}${url.pathname === '/' ? '' : url.pathname}`;
  return {
    id: `http:${name}`,
    kind: 'http',
    intervalMs: settings.intervalMs,
    timeoutMs,
    party: 'third',
    dependsOn: settings.dependsOn ?? [],
    async run(signal) {
      const answer = await probe(url, { timeoutMs: timeoutMs - 100, signal, resolve: settings.resolve });
      const { status, body, code, ms } = answer;
      const facts = [
        { name: { en: 'Answer', es: 'Respuesta' }, value: same(`${status ?? code} · ${Math.round(ms)} ms`) },
      ];
      if (status === null)
        return {
          ok: false,
          verdict: 'no_answer',
          summary: { en: `${name} does not answer (${code})`, es: `${name} no responde (${code})` },
          cure: {
            en: 'Look whether the service behind it runs and its name resolves.',
            es: 'Mira si el servicio detrás funciona y su nombre resuelve.',
          },
          facts,
          latencyMs: null,
        };
      const isExpected = settings.status === null ? status < 400 : status === settings.status;
      const saysIt = settings.body === null || body.includes(settings.body);
      const ok = isExpected && saysIt;
      const wrong = isExpected
        ? { en: 'without the expected words', es: 'sin las palabras esperadas' }
        : {
            en: `not ${settings.status ?? 'below 400'}`,
            es: `no ${settings.status ?? 'por debajo de 400'}`,
          };
      return {
        ok,
        verdict: ok ? 'ok' : isExpected ? 'wrong_body' : 'wrong_status',
        summary: ok
          ? { en: `${name} answers`, es: `${name} responde` }
          : { en: `${name} answers ${status}, ${wrong.en}`, es: `${name} responde ${status}, ${wrong.es}` },
        cure: ok
          ? null
          : {
              en: 'Read the log of the service behind it.',
              es: 'Lee el registro del servicio que hay detrás.',
            },
        facts,
        latencyMs: ok ? ms : null,
      };
    },
  };
}
