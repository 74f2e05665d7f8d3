/** A web server whose picture is not there at first: what makes a film fail, and a retry help. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export type PictureHost = {
  /** With port, for MEDIA_ALLOW_HOSTS. */
  host: string;
  /** Takes or brings back its pictures. */
  has(picture: Buffer | null): void;
  stop(): Promise<void>;
};

export async function startPictureHost(): Promise<PictureHost> {
  let picture: Buffer | null = null;
  const server = createServer((_request, response) => {
    if (!picture) return void response.writeHead(404).end();
    response.writeHead(200, { 'content-type': 'image/jpeg', 'content-length': picture.length }).end(picture);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    host: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    has: (now) => void (picture = now),
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
