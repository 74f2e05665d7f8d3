/** Finds the words of speech whose engine does not tell them: speaks the same with espeak and aligns both. */
import { asStudioError, StudioError } from '../../errors.ts';
import { cutToSound } from '../audio/cut-to-sound.ts';
import type { Engine, SentenceRequest, SpokenWord } from '../engine.ts';
import { mapText, originOf } from '../text/mapped-text.ts';
import { writeOut } from '../text/written-out.ts';
import type { Reference, Sound } from './align-words.ts';
import { openAligningThread } from './aligning-thread.ts';

export type Aligner = {
  /**
   * When each word of a sentence is heard in `sound`, which is cut to what sounds.
   * @throws {StudioError} speech_failed if nothing can speak the reference, timeout, cancelled
   */
  findWords(sentence: SentenceRequest, sound: Sound): Promise<SpokenWord[]>;
  /** Ends the thread. Idempotent. */
  close(): Promise<void>;
};

/** Who speaks the reference: an engine that tells its words, and its voice for a language. */
export type ReferenceSpeaker = {
  engine(): Promise<Engine>;
  voiceFor(language: string): string | null;
};

/** The reference is spoken this quickly anywhere; what hangs must not hold up a film, ms. */
const mostMs = 30_000;

export function createAligner(speaker: ReferenceSpeaker): Aligner {
  const thread = openAligningThread();
  return {
    async findWords(sentence, sound) {
      const reference = await speakReference(speaker, sentence);
      return thread.align(reference, sound, sentence.signal, mostMs);
    },
    close: () => thread.close(),
  };
}

async function speakReference(speaker: ReferenceSpeaker, sentence: SentenceRequest): Promise<Reference> {
  const { language, signal } = sentence;
  const voice = speaker.voiceFor(language);
  if (voice === null)
    throw new StudioError('speech_failed', `no voice for ${language} is here to compare it with`);
  try {
    const engine = await speaker.engine();
    const timeoutMs = Math.min(mostMs, sentence.timeoutMs);
    // A service says "05/12/2024" as a date: only in words does the reference say as much.
    const written = writeOut(mapText(sentence.text), language, 'words');
    const { samples, sampleRate, words } = cutToSound(
      await engine.synthesize({
        text: written.text,
        voice,
        language,
        speed: sentence.speed,
        signal,
        timeoutMs,
      }),
    );
    if (!words || words.length === 0) throw new StudioError('speech_failed', 'espeak found no word in it');
    const placed = words.map((word) => {
      const [charStart, charEnd] = originOf(written, word.charStart, word.charEnd);
      return { ...word, charStart, charEnd };
    });
    return { samples, sampleRate, words: placed };
  } catch (error) {
    if (signal.aborted) throw asStudioError(signal.reason, 'cancelled');
    throw asStudioError(error, 'speech_failed');
  }
}
