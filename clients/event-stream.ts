/**
 * Server-Sent Events read from a fetched body, since EventSource cannot send a key. As in the HTML
 * standard, 9.2.6, with what a job's stream needs of it: ids, names and data.
 */

export type StreamEvent = { id: string; name: string; data: string };

/** Nothing came for so long that the connection must be taken for dead. */
export class SilentStream extends Error {}

/**
 * Yields events until the stream ends.
 * @param silenceMs longest time without a byte; the service sends a comment every 15 s
 * @throws {SilentStream}, and whatever reading throws
 */
export async function* readEvents(
  body: ReadableStream<Uint8Array>,
  silenceMs: number,
): AsyncGenerator<StreamEvent, void, void> {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  const parser = new EventParser();
  try {
    for (;;) {
      const { done, value } = await within(silenceMs, reader.read());
      if (done) return;
      yield* parser.push(decoder.decode(value, { stream: true }));
    }
  } finally {
    // Closes the connection, if the caller has had enough.
    void reader.cancel().catch(() => undefined);
  }
}

/** Makes events of text that comes in pieces cut anywhere. */
export class EventParser {
  #rest = '';
  #id = '';
  #name = '';
  #data: string[] = [];

  push(text: string): StreamEvent[] {
    const events: StreamEvent[] = [];
    // A CR at the end may be half of a CR LF.
    const lines = (this.#rest + text).split(/\r\n|\n|\r(?!$)/);
    this.#rest = lines.pop()!;
    for (const line of lines) {
      if (line === '') this.#dispatch(events);
      else this.#take(line);
    }
    return events;
  }

  #take(line: string): void {
    const colon = line.indexOf(':');
    if (colon === 0) return; // a comment
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '');
    if (field === 'data') this.#data.push(value);
    else if (field === 'event') this.#name = value;
    else if (field === 'id' && !value.includes('\0')) this.#id = value;
  }

  #dispatch(events: StreamEvent[]): void {
    if (this.#data.length > 0)
      events.push({ id: this.#id, name: this.#name || 'message', data: this.#data.join('\n') });
    this.#name = '';
    this.#data = [];
  }
}

function within<T>(ms: number, work: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new SilentStream('The stream fell silent.')), ms);
    work.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}
