/** A loopback Uptime Kuma that speaks socket.io as 1.23 or 2.x does, with their traps. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Server, type Socket } from 'socket.io';

type Monitor = Record<string, unknown> & { id: number; name: string; type: string };
type Ack = (answer: unknown) => void;

export type KumaDouble = {
  url: string;
  monitors: Map<number, Monitor>;
  tags: { id: number; name: string; color: string }[];
  works: Map<number, { id: number; title: string; monitors: number[]; dateRange: string[] }>;
  /** Names of events, in their order. */
  heard: string[];
  pushes: string[];
  /** Sent to all who are logged in. */
  beat(monitorID: number, status: number, more?: object): void;
  /** Drops all connections, as a restart does. */
  drop(): void;
  close(): Promise<void>;
};

export type KumaDoubleOptions = {
  version?: string;
  /** Of the one account; null: logins are switched off. */
  password?: string | null;
  /** Accepted as second factor. */
  secondFactor?: (token: string) => boolean;
  /** Never answers these. */
  mute?: readonly string[];
  /** Sends `info` only after so long, and hears nothing before, ms. */
  infoAfterMs?: number;
  /** Too many logins within the minute, by whomever. */
  crowded?: boolean;
  monitors?: Monitor[];
};

export async function openKumaDouble({
  version = '2.5.3',
  password = 'kuma-password',
  secondFactor,
  mute = [],
  infoAfterMs = 30,
  crowded = false,
  monitors = [],
}: KumaDoubleOptions = {}): Promise<KumaDouble> {
  const isOne = version.startsWith('1.');
  const pushes: string[] = [];
  let lastCode: string | null = null;
  const server = createServer((request, response) => {
    // 1.x takes nothing but GET here.
    const isPush = request.url?.startsWith('/api/push/') && (!isOne || request.method === 'GET');
    if (isPush) pushes.push(request.url!);
    response.writeHead(isPush ? 200 : 404).end();
  });
  const io = new Server(server, { serveClient: false });
  const jwt = `jwt-of-${Math.random()}`;
  const double: KumaDouble = {
    url: '',
    monitors: new Map(monitors.map((monitor) => [monitor.id, monitor])),
    tags: [],
    works: new Map(),
    heard: [],
    pushes,
    beat: (monitorID, status, more = {}) =>
      void io
        .to('user')
        .emit('heartbeat', { monitorID, status, msg: '', ping: 12, important: true, ...more }),
    drop() {
      for (const socket of io.sockets.sockets.values()) socket.conn.close();
    },
    close: () => new Promise((resolve) => void io.close(() => resolve())),
  };
  const lists = () => Object.fromEntries(double.monitors);

  function loggedIn(socket: Socket): void {
    void socket.join('user');
    socket.data['user'] = 1;
    const sendRest = (): void => {
      socket.emit('info', { version, latestVersion: version });
      for (const id of double.monitors.keys()) socket.emit('heartbeatList', id, [row(id)], true);
    };
    // 1.x: the list comes when it comes.
    if (isOne) setTimeout(() => socket.emit('monitorList', lists()), 40);
    else socket.emit('monitorList', lists());
    sendRest();
  }

  io.on('connection', (socket) => {
    const on = (event: string, handler: (ack: Ack, ...values: never[]) => void, needsLogin = true): void =>
      void socket.on(event, (...values: unknown[]) => {
        double.heard.push(event);
        const ack = values.pop() as Ack;
        if (mute.includes(event)) return;
        if (needsLogin && !socket.data['user']) return ack({ ok: false, msg: 'You are not logged in.' });
        handler(ack, ...(values as never[]));
      });
    setTimeout(() => {
      socket.emit('info', { version: undefined, latestVersion: undefined });
      // Whatever comes before info finds nobody who listens.
      listen();
      if (password === null) {
        loggedIn(socket);
        socket.emit('autoLogin');
      } else if (!isOne) socket.emit('loginRequired');
    }, infoAfterMs);

    function listen(): void {
      on(
        'loginByToken',
        (ack, token: string) => {
          if (token !== jwt) return ack({ ok: false, msg: isOne ? 'Invalid token.' : 'authInvalidToken' });
          loggedIn(socket);
          ack({ ok: true });
        },
        false,
      );
      on(
        'login',
        (ack, data: { username: string; password: string; token: string }) => {
          if (crowded) return ack({ ok: false, msg: 'Too frequently, try again later.' });
          if (data.username !== 'ops' || data.password !== password)
            return ack({ ok: false, msg: isOne ? 'Incorrect username or password.' : 'authIncorrectCreds' });
          if (secondFactor && !data.token) return ack({ tokenRequired: true });
          // Each code once.
          if (secondFactor && (data.token === lastCode || !secondFactor(data.token)))
            return ack({ ok: false, msg: isOne ? 'Invalid Token!' : 'authInvalidToken' });
          lastCode = data.token;
          loggedIn(socket);
          ack({ ok: true, token: jwt });
        },
        false,
      );
      on('getMonitorList', (ack) => {
        io.to('user').emit('monitorList', lists());
        ack({ ok: true });
      });
      on('getMonitor', (ack, id: number) => ack({ ok: true, monitor: { ...double.monitors.get(id) } }));
      on('getTags', (ack) => ack({ ok: true, tags: double.tags }));
      on('addTag', (ack, tag: { name: string; color: string }) => {
        const made = { ...tag, id: double.tags.length + 1 };
        double.tags.push(made);
        ack({ ok: true, tag: made });
      });
      on('add', (ack, monitor: Record<string, unknown>) => {
        if (!isOne && (!Array.isArray(monitor['conditions']) || !Array.isArray(monitor['rabbitmqNodes'])))
          return ack({ ok: false, msg: 'NOT NULL constraint failed: monitor.conditions' });
        if (isOne && 'conditions' in monitor)
          return ack({ ok: false, msg: 'table monitor has no column named conditions' });
        if ((monitor['interval'] as number) < 20)
          return ack({ ok: false, msg: 'Interval cannot be less than 20 seconds' });
        const id = Math.max(0, ...double.monitors.keys()) + 1;
        double.monitors.set(id, { ...(monitor as Monitor), id, tags: [] });
        ack({ ok: true, msg: 'Added Successfully.', monitorID: id });
      });
      on('editMonitor', (ack, monitor: Monitor) => {
        if (!Array.isArray(monitor['accepted_statuscodes']))
          return ack({ ok: false, msg: "Cannot read properties of undefined (reading 'every')" });
        double.monitors.set(monitor.id, monitor);
        ack({ ok: true, monitorID: monitor.id });
      });
      on('addMonitorTag', (ack, tagId: number, id: number, value: string) => {
        const monitor = double.monitors.get(id)!;
        const { name, color } = double.tags.find((tag) => tag.id === tagId)!;
        monitor['tags'] = [...((monitor['tags'] as object[]) ?? []), { tag_id: tagId, name, color, value }];
        ack({ ok: true });
      });
      on('addMaintenance', (ack, work: { title: string; dateRange: string[] }) => {
        const id = double.works.size + 1;
        double.works.set(id, { ...work, id, monitors: [] });
        io.to('user').emit('maintenanceList', Object.fromEntries(double.works));
        ack({ ok: true, maintenanceID: id });
      });
      on('addMonitorMaintenance', (ack, id: number, list: { id: number }[]) => {
        double.works.get(id)!.monitors = list.map((each) => each.id);
        ack({ ok: true });
      });
      on('deleteMaintenance', (ack, id: number) => {
        double.works.delete(id);
        ack({ ok: true });
      });
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  double.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return double;
}

/** A raw row: columns, not the names of the live event. */
function row(id: number): object {
  return { id: 900 + id, monitor_id: id, status: 1, msg: '200 - OK', time: '2026-01-01 00:00:00', ping: 33, important: 0, duration: 60 }; // prettier-ignore
}
