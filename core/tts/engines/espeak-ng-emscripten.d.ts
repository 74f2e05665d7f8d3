/** The part of espeak-ng's Emscripten module that we call; the package has no types of its own. */
declare module '@echogarden/espeak-ng-emscripten' {
  export type EspeakEvent = {
    type:
      | 'word'
      | 'sentence'
      | 'phoneme'
      | 'end'
      | 'mark'
      | 'play'
      | 'samplerate'
      | 'msg_terminated'
      | 'list_terminated';
    /** Code points from the start of the text, counted from 1. */
    text_position: number;
    /** Code points. */
    word_length: number;
    /** ms. */
    audio_position: number;
    /** For a phoneme its IPA, empty for a pause. */
    id: string | number | undefined;
  };
  export type EspeakWorker = {
    set_voice(name: string, language: string, gender: number, age: number, variant: number): number;
    /** Words a minute. */
    set_rate(rate: number): void;
    get_samplerate(): number;
    list_voices(): { name: string; identifier: string; languages: { priority: number; name: string }[] }[];
    /** Blocks; return true from the callback to stop. */
    synthesize(text: string, onChunk: (samples: Int16Array | null, events: EspeakEvent[]) => boolean): void;
  };
  export default function create(): Promise<{ eSpeakNGWorker: new () => EspeakWorker }>;
}
