/**
 * Speech: picks engine and voice, loads engines when first needed, and falls back if asked to.
 * engines/table.ts is the one place that knows the engines; see CONTRIBUTING to add one.
 */
import { availableParallelism } from 'node:os';
import path from 'node:path';
import type { Config } from '../config.ts';
import { asStudioError, StudioError } from '../errors.ts';
import type { Ffmpeg } from '../ffmpeg.ts';
import type { Exchange } from '../shared-cache.ts';
import { createAligner } from './alignment/aligner.ts';
import { Billing } from './billing.ts';
import { SpeechCache } from './cache.ts';
import { speakTurns } from './dialogue.ts';
import { inspectSherpaModel, voiceNoteFile } from './engines/sherpa-model.ts';
import { voiceName } from './engines/sherpa-voices.ts';
import { engineTable, type EngineSettings } from './engines/table.ts';
import type { Engine, EngineEntry } from './engine.ts';
import { lexiconOfFile } from './lexicon-file.ts';
import { linkSignals } from './linked-signal.ts';
import { chooseVoice, otherChoices, voicesFor, type Choice } from './selection.ts';
import type { SpokenSentenceAudio } from './sentence-audio.ts';
import { SingleFlight } from './single-flight.ts';
import { speakText } from './speak.ts';
import type { EngineName, Speech, SpeechRequest, SpeechResult } from './types.ts';
import { openVoiceStore, type VoiceStore } from './voices/store.ts';

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
  /** Characters one job may send to engines that are paid by the character; 0: no limit. */
  maxBilledCharacters?: number;
  /** What the engines are set up with; without it, those that need nothing. */
  services?: EngineSettings;
  /** How words are said on this machine, by language; a request's own words come first. */
  lexicon?: (language: string) => Readonly<Record<string, string>>;
  /** For services that answer MP3 and the like. @throws {StudioError} missing_tool */
  ffmpeg?: () => Ffmpeg;
  /** Where other hosts keep what they have spoken. */
  exchange?: Exchange | undefined;
  /** First wait before a service is asked again, ms. */
  retryMs?: number;
};

/** The sherpa voices on this machine, to add to and take from. */
export function openVoices({ speech, dataDir }: Pick<Config, 'speech' | 'dataDir'>): VoiceStore {
  return openVoiceStore({
    folder: sherpaFolder({ speech, dataDir }),
    inspect: inspectSherpaModel,
    voiceName,
    noteFile: voiceNoteFile,
  });
}

function sherpaFolder({ speech, dataDir }: Pick<Config, 'speech' | 'dataDir'>): string {
  return path.resolve(speech.sherpaModelsDir ?? path.join(dataDir, 'voices'));
}

/** What the cache of speech is kept below, bytes. */
export const SPEECH_BYTES = 2 * 1024 ** 3;

/** The options that settings decide. Sherpa voices are in `voices` of the data folder unless said otherwise. */
export function speechOptions({
  speech,
  dataDir,
}: Pick<Config, 'speech' | 'dataDir'>): Omit<SpeechOptions, 'cacheDir'> {
  const { engine, fallback, timeoutMs, maxBilledCharacters, lexiconFile, ...services } = speech;
  const lexicon = lexiconOfFile(path.resolve(lexiconFile ?? path.join(dataDir, 'lexicon.yaml')));
  const sherpaModelsDir = sherpaFolder({ speech, dataDir });
  return {
    engine,
    fallback,
    timeoutMs,
    maxBilledCharacters,
    lexicon,
    services: { ...services, sherpaModelsDir },
  };
}

/**
 * Makes the voice of a studio. Nothing is started or written before the first request.
 * `engines` replaces the table, for engines from elsewhere.
 */
export function createSpeech(
  options: SpeechOptions,
  engines: readonly EngineEntry[] = engineTable(options.services ?? {}, options, widthOf(options)),
): Speech {
  const width = widthOf(options);
  const loaded = new Map<EngineName, Promise<Engine>>();
  const cache = new SpeechCache({
    folder: options.cacheDir,
    maxBytes: options.cacheMaxBytes ?? SPEECH_BYTES,
    exchange: options.exchange,
  });
  const billing = new Billing(options.maxBilledCharacters ?? 50_000);
  const closing = new AbortController();

  const choose = (request: Pick<SpeechRequest, 'language' | 'engine' | 'voice'>): Choice =>
    chooseVoice(engines, { ...request, engine: request.engine ?? options.engine });

  const engineOf = ({ name, load }: EngineEntry): Promise<Engine> => {
    const engine = loaded.get(name) ?? load();
    loaded.set(name, engine);
    engine.catch(() => loaded.delete(name));
    return engine;
  };

  const espeak = engines.find((entry) => entry.name === 'espeak' && entry.available());
  const aligner = espeak
    ? createAligner({ engine: () => engineOf(espeak), voiceFor: (language) => espeak.defaultVoice(language) })
    : undefined;
  const source = { cache, flights: new SingleFlight<SpokenSentenceAudio>(), aligner };

  const speakWith = async ({ entry, voice, why }: Choice, request: SpeechRequest): Promise<SpeechResult> => {
    const { signal, unlink } = linkSignals(request.signal, closing.signal);
    const { text, language, speed = 1 } = request;
    try {
      signal.throwIfAborted();
      const engine = await engineOf(entry);
      const spoken = await speakText(source, {
        engine: entry.billed ? billing.counting(engine, request.job ?? request) : engine,
        voice,
        text,
        language,
        speed,
        lexicon: { ...options.lexicon?.(language), ...request.lexicon },
        signal,
        width,
        timeoutMs: options.timeoutMs ?? 120_000,
        onlyKnown: request.onlyKnown,
      });
      return { ...spoken, why, warnings: [...(entry.caution ? [entry.caution] : []), ...spoken.warnings] };
    } catch (error) {
      if (signal.aborted) throw asStudioError(signal.reason, 'cancelled');
      throw asStudioError(error, 'speech_failed');
    } finally {
      unlink();
    }
  };

  const speak = async (request: SpeechRequest): Promise<SpeechResult> => {
    checkSpeed(request.speed);
    const choice = choose(request);
    try {
      return await speakWith(choice, request);
    } catch (error) {
      const failure = asStudioError(error, 'speech_failed');
      if (!(request.fallback ?? options.fallback) || !replaceable.has(failure.code)) throw failure;
      for (const other of otherChoices(engines, choice.entry, request.language)) {
        const result = await speakWith(other, request).catch(() => null);
        if (!result) continue;
        const warning = `${choice.entry.name} failed (${failure.message}), so ${other.entry.name} spoke with the voice ${other.voice}.`;
        return { ...result, warnings: [warning, ...result.warnings] };
      }
      throw failure;
    }
  };

  return {
    speak: ({ turns, ...request }) =>
      turns ? speakTurns(speak, cache, { ...request, turns }) : speak(request),
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
      await aligner?.close();
      const engines = await Promise.allSettled(loaded.values());
      await Promise.all(
        engines.map((engine) => (engine.status === 'fulfilled' ? engine.value.close() : undefined)),
      );
      await cache.settle();
    },
  };
}

/** What another engine can make good. */
const replaceable: ReadonlySet<string> = new Set(['speech_failed', 'timeout', 'too_large']);

function widthOf(options: SpeechOptions): number {
  return options.children ?? Math.min(4, availableParallelism());
}

function checkSpeed(speed = 1): void {
  if (speed >= 0.5 && speed <= 2) return;
  throw new StudioError('invalid_request', `A speed of ${speed} is not possible.`, {
    hint: 'Use a number from 0.5 to 2; 1 is the voice’s own speed.',
  });
}
