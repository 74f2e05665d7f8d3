/** What one job may send to engines that are paid by the character. What the cache has costs nothing. */
import { StudioError } from '../errors.ts';
import type { Engine } from './engine.ts';

export class Billing {
  private readonly limit: number;
  /** A job is whatever object its requests share. */
  private readonly spent = new WeakMap<object, number>();

  /** @param limit characters one job may send; 0: as many as it likes */
  constructor(limit: number) {
    this.limit = limit;
  }

  /** The engine, counting what it is given. */
  counting(engine: Engine, job: object): Engine {
    return {
      ...engine,
      synthesize: (sentence) => {
        this.charge(engine, job, sentence.text.length);
        return engine.synthesize(sentence);
      },
    };
  }

  /** @throws {StudioError} too_large */
  private charge(engine: Engine, job: object, characters: number): void {
    const total = (this.spent.get(job) ?? 0) + characters;
    if (this.limit > 0 && total > this.limit)
      throw new StudioError(
        'too_large',
        `This job would send ${total.toLocaleString('en')} characters or more to ${engine.name}; ${this.limit.toLocaleString('en')} are allowed.`,
        { hint: 'Raise TTS_MAX_BILLED_CHARACTERS, or choose a local engine.' },
      );
    this.spent.set(job, total);
  }
}
