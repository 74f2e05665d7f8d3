/** Server-Sent Events in pieces cut anywhere. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { EventParser, readEvents, SilentStream } from '../../clients/event-stream.ts';

test.each([
  ['data: a\n\n', [{ id: '', name: 'message', data: 'a' }]],
  ['id: 1\nevent: progress\ndata: {"a":1}\n\n', [{ id: '1', name: 'progress', data: '{"a":1}' }]],
  // The id stays, the name does not.
  [
    'id: 1\nevent: x\ndata: a\n\ndata: b\n\n',
    [
      { id: '1', name: 'x', data: 'a' },
      { id: '1', name: 'message', data: 'b' },
    ],
  ],
  ['data: a\ndata: b\n\n', [{ id: '', name: 'message', data: 'a\nb' }]],
  ['data:a\r\n\r\ndata:b\r\rdata:c\n\n', ['a', 'b', 'c'].map((data) => ({ id: '', name: 'message', data }))],
  [': still here\n\nretry: 2000\n\nevent: x\n\n', []],
  ['data\n\n', [{ id: '', name: 'message', data: '' }]],
  ['nonsense: x\ndata: a\n\n', [{ id: '', name: 'message', data: 'a' }]],
  // What is not finished is nothing.
  ['data: a\n', []],
])('%j', (text, expected) => {
  expect(new EventParser().push(text)).toEqual(expected);
});

test('cut anywhere, the events are the same', () => {
  const line = fc.constantFrom(
    'data: a',
    'data: b: c',
    'id: 7',
    'event: done',
    ': comment',
    '',
    '',
    'data',
    'retry: 5',
  );
  const end = fc.constantFrom('\n', '\r\n');
  fc.assert(
    fc.property(fc.array(fc.tuple(line, end)), fc.array(fc.nat(300)), (lines, cuts) => {
      const text = lines.map(([content, ending]) => content + ending).join('');
      const places = [0, ...cuts.filter((cut) => cut < text.length).sort((a, b) => a - b), text.length];
      const parser = new EventParser();
      const pieces = places.slice(1).flatMap((place, index) => parser.push(text.slice(places[index], place)));
      expect(pieces).toEqual(new EventParser().push(text));
    }),
    { numRuns: 500 },
  );
});

test('characters cut in two arrive whole, and a silent stream is given up', async () => {
  const bytes = new TextEncoder().encode('data: naïve 🎬\n\n');
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      for (const byte of bytes) controller.enqueue(Uint8Array.of(byte));
    },
  });
  const events: string[] = [];
  await expect(async () => {
    for await (const { data } of readEvents(body, 50)) events.push(data);
  }).rejects.toThrow(SilentStream);
  expect(events).toEqual(['naïve 🎬']);
});
