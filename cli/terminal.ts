/**
 * Where commands write: results on stdout, everything about the way there on stderr. Colours and the
 * live line appear only where a person looks at a terminal.
 */
import { stripVTControlCharacters, styleText } from 'node:util';

type Stream = NodeJS.WritableStream & { isTTY?: boolean; columns?: number };
type Style = Parameters<typeof styleText>[0];

export class Terminal {
  /** What the program exits with if no error is thrown. */
  exitCode = 0;
  readonly #out: Stream;
  readonly #err: Stream;
  readonly #environment: Record<string, string | undefined>;
  /** Whether stderr shows a line that is still changing. */
  #live = false;

  constructor(out: Stream, err: Stream, environment: Record<string, string | undefined>) {
    this.#out = out;
    this.#err = err;
    this.#environment = environment;
    // `genscene voices | head` closes early: that is no error.
    for (const stream of [out, err]) stream.on('error', (error: NodeJS.ErrnoException) => { if (error.code !== 'EPIPE') throw error; }); // prettier-ignore
  }

  /** Whether progress may be drawn over itself. */
  get isLive(): boolean {
    return this.#err.isTTY === true && this.#environment['TERM'] !== 'dumb';
  }

  /** Columns of the terminal progress is drawn on. */
  get columns(): number {
    // Some pseudo-terminals say 0.
    return this.#err.columns || 80;
  }

  /** A line of the result. */
  print(line = ''): void {
    this.write(`${line}\n`);
  }

  write(text: string): void {
    this.endLive();
    this.#out.write(text);
  }

  /** A line about the way there: progress, warnings, errors. */
  note(line: string): void {
    this.endLive();
    this.#err.write(`${line}\n`);
  }

  /** Draws a line over the one drawn before; cut to the width, since a wrapped line cannot be redrawn. */
  drawLive(line: string): void {
    const room = Math.max(10, this.columns - 1);
    const tooLong = stripVTControlCharacters(line).length > room;
    this.#err.write(`\r\u001b[2K${tooLong ? stripVTControlCharacters(line).slice(0, room) : line}`);
    this.#live = true;
  }

  /** Takes the live line away, so that what follows starts on a clean line. */
  endLive(): void {
    if (this.#live) this.#err.write('\r\u001b[2K');
    this.#live = false;
  }

  /** Text for stdout in a colour, if colours are wanted there. */
  paint(style: Style, text: string): string {
    return this.#colours(this.#out) ? styleText(style, text) : text;
  }

  /** Text for stderr in a colour, if colours are wanted there. */
  paintNote(style: Style, text: string): string {
    return this.#colours(this.#err) ? styleText(style, text) : text;
  }

  /** https://no-color.org and https://force-color.org: NO_COLOR wins whenever it is not empty. */
  #colours(stream: Stream): boolean {
    if (this.#environment['NO_COLOR']) return false;
    if (this.#environment['FORCE_COLOR']) return true;
    return stream.isTTY === true && this.#environment['TERM'] !== 'dumb';
  }
}
