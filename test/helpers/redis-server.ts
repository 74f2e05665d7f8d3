/** A redis-server of its own for a test: a spare loopback port, a temporary folder, killed and started at will. */
import { spawn, type ChildProcess } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createClient } from 'redis';

/** Below those of Linux, macOS and Windows for connections. */
const FIRST_PORT = 12_000;
const PORTS = 20_000;

export type RedisServer = {
  readonly url: string;
  readonly port: number;
  /** Starts it again after `kill`; resolves when it answers. */
  start(): Promise<void>;
  /** Sends a signal; with SIGKILL or SIGTERM it resolves when the process is gone. */
  kill(signal: NodeJS.Signals): Promise<void>;
  /** One command, answered with its reply. */
  command(...words: string[]): Promise<unknown>;
  /** Ends it and removes its folder. Idempotent. */
  dispose(): Promise<void>;
};

export type RedisServerOptions = {
  /** Settings as in redis.conf, e.g. { appendfsync: 'everysec' }. */
  settings?: Record<string, string>;
  /** False: only a port is chosen, `start` starts it. */
  running?: boolean;
};

export async function startRedisServer(options: RedisServerOptions = {}): Promise<RedisServer> {
  const folder = await mkdtemp(path.join(tmpdir(), 'genscene-redis-'));
  const port = await freePort();
  const url = `redis://127.0.0.1:${port}`;
  const settings = { appendonly: 'yes', appendfsync: 'always', save: '', ...options.settings };
  const args = Object.entries({ ...settings, port: String(port), bind: '127.0.0.1', dir: folder });
  let child: ChildProcess | null = null;

  const server: RedisServer = {
    url,
    port,
    async start() {
      child = spawn(
        'redis-server',
        args.flatMap(([name, value]) => [`--${name}`, value]),
        { stdio: 'ignore' },
      );
      const gone = once(child, 'exit').then(() => Promise.reject(new Error('redis-server ended')));
      gone.catch(() => {});
      while (!(await isAnswering(port))) await Promise.race([sleep(10), gone]);
    },
    async kill(signal) {
      if (!child || child.exitCode !== null || child.signalCode !== null) return;
      const exited = once(child, 'exit');
      child.kill(signal);
      if (signal === 'SIGKILL' || signal === 'SIGTERM') await exited;
    },
    async command(...words) {
      const client = createClient({ url, socket: { reconnectStrategy: false } });
      client.on('error', () => {});
      await client.connect();
      try {
        return await client.sendCommand(words);
      } finally {
        client.destroy();
      }
    },
    async dispose() {
      await server.kill('SIGKILL');
      await rm(folder, { recursive: true, force: true });
    },
  };
  if (options.running !== false) await server.start();
  return server;
}

/** Whether it takes commands, or would from who knows its password: not only listening, but past the reading of its file. */
function isAnswering(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => socket.write('PING\r\n'));
    const end = (answer: boolean): void => {
      socket.destroy();
      resolve(answer);
    };
    socket.on('data', (data) => end(/^(\+PONG|-NOAUTH)/.test(data.toString())));
    socket.on('error', () => end(false));
    socket.setTimeout(1000, () => end(false));
  });
}

/**
 * A loopback port nobody listens at now. None of those that connections are given for themselves: one of them could
 * be taken between two starts, even by who tries to connect to it.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(FIRST_PORT, FIRST_PORT + PORTS);
    const server = createServer().listen(port, '127.0.0.1');
    try {
      await once(server, 'listening');
    } catch {
      continue;
    }
    server.close();
    await once(server, 'close');
    return port;
  }
}
