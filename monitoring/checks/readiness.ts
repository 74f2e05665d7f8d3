/** Speech and ffmpeg as the service itself tries them; `tts` speaks a word, `ffmpeg` says its version. */
import type { OpsTexts } from '../../core/ops/types.ts';
import type { StudioService } from '../../core/studio-service.ts';
import { same } from '../texts.ts';
import type { Check } from '../types.ts';

type Settings = { studio: Pick<StudioService, 'ready'>; intervalMs: number };

const parts = {
  tts: {
    check: 'speech',
    fine: { en: 'Speech works', es: 'La voz funciona' },
    broken: { en: 'Speech does not work', es: 'La voz no funciona' },
  },
  ffmpeg: {
    check: 'ffmpeg',
    fine: { en: 'ffmpeg works', es: 'ffmpeg funciona' },
    broken: {
      en: 'ffmpeg does not work: no film can be made',
      es: 'ffmpeg no funciona: no se puede hacer ningún vídeo',
    },
  },
} as const satisfies Record<string, { check: string; fine: OpsTexts; broken: OpsTexts }>;

export function readinessCheck(kind: keyof typeof parts, { studio, intervalMs }: Settings): Check {
  const { check, fine, broken } = parts[kind];
  return {
    id: `${kind}:local`,
    kind,
    intervalMs,
    timeoutMs: Math.min(20_000, intervalMs * 0.8),
    party: 'own',
    async run() {
      const { checks } = await studio.ready();
      const found = checks.find(({ name }) => name === check);
      const isUnderWay = found?.detail === 'is being tried';
      const ok = (found?.ok ?? false) || isUnderWay;
      return {
        ok,
        verdict: ok ? 'ok' : 'not_working',
        summary: ok ? fine : broken,
        cure: ok ? null : { en: 'Run “genscene doctor” there: it says what is missing.', es: 'Ejecuta «genscene doctor» allí: dice qué falta.' }, // prettier-ignore
        facts: [{ name: { en: 'Found', es: 'Hallado' }, value: same(found?.detail ?? '–') }],
        latencyMs: null,
      };
    },
  };
}
