/**
 * Speech services on loopback: one that answers HTTP as a test says, and one that speaks the messages
 * of Azure and Edge over a web socket. Both write down what they were asked.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { WebSocketServer, type WebSocket } from 'ws';
import { encodeWav } from '../../../core/tts/audio/wav.ts';

export type Asked = { path: string; headers: IncomingMessage['headers']; body: Record<string, unknown> };
export type Service = { url: string; asked: Asked[]; close: () => Promise<void> };
type Answer = (response: ServerResponse, asked: Asked, count: number) => void;

/** Every call is answered by `answer`, which gets what was asked and how many calls there were. */
export async function startService(answer: Answer): Promise<Service> {
  const asked: Asked[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const body = JSON.parse(Buffer.concat(chunks).toString('utf8') || '{}') as Asked['body'];
      const call = { path: request.url ?? '', headers: request.headers, body };
      asked.push(call);
      answer(response, call, asked.length);
    });
  });
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    close: () =>
      new Promise((resolve) => {
        for (const socket of sockets) socket.destroy();
        server.close(() => resolve());
      }),
  };
}

/** A tone of 0.3 s for each word, with silence before and after, as a service would pad it. */
export function spokenWav(text: string, rate = 24_000): Buffer {
  return encodeWav(spokenSamples(text, rate), rate);
}

export function spokenSamples(text: string, rate = 24_000): Int16Array {
  const seconds = wordsIn(text).length * wordS;
  const samples = new Int16Array(Math.round((seconds + 2 * paddingS) * rate));
  for (let at = Math.round(paddingS * rate); at < Math.round((paddingS + seconds) * rate); at++)
    samples[at] = 8000 * Math.sin((2 * Math.PI * 300 * at) / rate);
  return samples;
}

export const wordS = 0.3;
export const paddingS = 0.25;
export const wordsIn = (text: string): string[] => text.match(/[\p{L}\p{N}'’&<>-]+/gu) ?? [];

export type SocketService = {
  url: string;
  /** The SSML of each request. */
  ssml: string[];
  headers: IncomingMessage['headers'][];
  paths: string[];
  close: () => Promise<void>;
};
export type SocketFault = 'refuse' | 'hang' | 'hang up' | 'no audio' | 'throttle once' | 'bad metadata';

const ticks = 1e7;

/**
 * Messages as the Speech service sends them: turn.start, response, audio.metadata and audio, turn.end.
 * @param sound what the audio messages hold together
 */
export async function startSocketService(
  sound: (text: string) => Buffer,
  fault: SocketFault | null = null,
): Promise<SocketService> {
  const [ssml, headers, paths]: [string[], IncomingMessage['headers'][], string[]] = [[], [], []];
  const http = createServer((_, response) => response.writeHead(404).end());
  const server = new WebSocketServer({ noServer: true });
  http.on('upgrade', (request, socket, head) => {
    headers.push(request.headers);
    paths.push(request.url ?? '');
    if (fault === 'refuse') return void socket.end('HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n');
    if (fault === 'throttle once' && paths.length === 1)
      return void socket.end('HTTP/1.1 429 Too Many Requests\r\nContent-Length: 0\r\n\r\n');
    server.handleUpgrade(request, socket, head, (client) => serve(client));
  });
  const serve = (client: WebSocket): void => {
    client.on('message', (data) => {
      const message = (data as Buffer).toString('utf8');
      const [head = '', body = ''] = message.split('\r\n\r\n');
      if (!/Path:\s*ssml/i.test(head)) return;
      ssml.push(body);
      if (fault === 'hang') return;
      if (fault === 'hang up') return client.close(1011, 'internal error');
      const id = /X-RequestId:\s*(\w+)/i.exec(head)![1]!;
      const text = /<prosody[^>]*>(.*)<\/prosody>/s.exec(body)![1]!;
      const json = (path: string, value: unknown): void =>
        client.send(`X-RequestId:${id}\r\nContent-Type:application/json\r\nPath:${path}\r\n\r\n${JSON.stringify(value)}`); // prettier-ignore
      json('turn.start', { context: { serviceTag: 'test' } });
      json('response', { context: { serviceTag: 'test' }, audio: { type: 'inline', streamId: 'stream1' } });
      if (fault === 'bad metadata')
        client.send(
          `X-RequestId:${id}\r\nContent-Type:application/json\r\nPath:audio.metadata\r\n\r\n<html>`,
        );
      else json('audio.metadata', { Metadata: boundaries(text) });
      const audio = fault === 'no audio' ? Buffer.alloc(0) : sound(text);
      for (let at = 0; at < audio.length; at += 4096) client.send(binary(id, audio.subarray(at, at + 4096)));
      json('turn.end', {});
    });
  };
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  return {
    url: `ws://127.0.0.1:${(http.address() as AddressInfo).port}/speak/v1`,
    ssml,
    headers,
    paths,
    close: () =>
      new Promise((resolve) => {
        for (const client of server.clients) client.terminate();
        http.closeAllConnections();
        http.close(() => resolve());
      }),
  };
}

/** The service repeats words as they stand in the markup: `&amp;` and all. */
function boundaries(markup: string): object[] {
  const words = markup.match(/(?:&\w+;|[\p{L}\p{N}'’-])+/gu) ?? [];
  return words.map((word, index) => ({
    Type: 'WordBoundary',
    Data: {
      Offset: (paddingS + index * wordS) * ticks,
      Duration: (wordS - 0.05) * ticks,
      text: { Text: word, Length: word.length, BoundaryType: 'WordBoundary' },
    },
  }));
}

function binary(id: string, audio: Buffer): Buffer {
  const head = Buffer.from(
    `X-RequestId:${id}\r\nContent-Type:audio/x-wav\r\nX-StreamId:stream1\r\nPath:audio\r\n`,
  );
  const length = Buffer.alloc(2);
  length.writeUInt16BE(head.length);
  return Buffer.concat([length, head, audio]);
}
