/** Neural voices of one's own by sherpa-onnx, in child processes. */
import { audible } from '../audio/received.ts';
import type { ChildPool } from '../children/pool.ts';
import type { Engine } from '../engine.ts';
import { languageOrder } from './sherpa-speakers.ts';
import type { SherpaVoices } from './sherpa-voices.ts';

/** `pool` runs children of the engine `sherpa`; it is closed with the engine. */
export function createSherpa(
  pool: ChildPool,
  voices: SherpaVoices,
  threads: number,
  version: string,
): Engine {
  return {
    name: 'sherpa',
    reads: 'words',
    version,
    variant: (voice) => voices.choice(voice).model.fingerprint,
    async synthesize({ text, voice, language, speed, signal, timeoutMs }) {
      const { model, speaker } = voices.choice(voice);
      const order = languageOrder(model.kind, speaker.language === 'mul' ? language : speaker.language);
      const job = {
        text,
        voice,
        speed,
        model: {
          config: { ...model.config, numThreads: threads, provider: 'cpu', debug: false },
          speaker: speaker.id,
          ...(order === null ? {} : { language: order }),
        },
      };
      const { samples, sampleRate } = await pool.run(job, { signal, timeoutMs });
      return {
        ...audible({ samples, sampleRate }, 'sherpa'),
        words: null,
        timing: 'estimated',
        warnings: [],
      };
    },
    close: () => pool.close(),
  };
}
