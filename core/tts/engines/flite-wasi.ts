/**
 * A small WASI (preview 1) for flite: arguments, an in-memory file system and captured output.
 * Node's own WASI crashes the process after some calls of this module (nodejs/node#52402), and
 * this one gives the program nothing but what it is handed: no disk, no clock, no network.
 * Functions and structures: WebAssembly/WASI, phases/snapshot/docs.md.
 */

const success = 0;
const badFile = 8;
const notFound = 44;
const notSeekable = 70;
/** The one folder the program sees: the root of the in-memory file system. */
const rootFd = 3;

type MemoryFile = { data: Uint8Array; length: number };
type OpenFile = { file: MemoryFile; position: number };

export type WasiRun = { exitCode: number; stdout: string; stderr: string; files: Map<string, Uint8Array> };

class Exit extends Error {
  readonly exitCode: number;
  constructor(exitCode: number) {
    super(`exit ${exitCode}`);
    this.exitCode = exitCode;
  }
}

/**
 * Runs a command-line module once, in a fresh instance.
 * @throws {WebAssembly.RuntimeError} if it traps
 */
export function runWasi(
  module: WebAssembly.Module,
  args: readonly string[],
  files: Readonly<Record<string, string>> = {},
): WasiRun {
  const encoder = new TextEncoder();
  const host = new Host(
    args.map((argument) => encoder.encode(`${argument}\0`)),
    new Map(Object.entries(files).map(([name, text]) => [name, fileOf(encoder.encode(text))])),
  );
  const instance = new WebAssembly.Instance(module, { wasi_snapshot_preview1: host.imports() });
  host.memory = instance.exports['memory'] as WebAssembly.Memory;
  let exitCode = 0;
  try {
    (instance.exports['_start'] as () => void)();
  } catch (error) {
    if (!(error instanceof Exit)) throw error;
    exitCode = error.exitCode;
  }
  const written = [...host.files].map(([name, file]) => [name, file.data.subarray(0, file.length)] as const);
  return { exitCode, stdout: host.output(1), stderr: host.output(2), files: new Map(written) };
}

const fileOf = (data: Uint8Array): MemoryFile => ({ data, length: data.length });

class Host {
  memory: WebAssembly.Memory | null = null;
  readonly files: Map<string, MemoryFile>;
  private readonly args: Uint8Array[];
  private readonly open = new Map<number, OpenFile>();
  private readonly streams = new Map<number, Uint8Array[]>([
    [1, []],
    [2, []],
  ]);
  private nextFd = rootFd + 1;

  constructor(args: Uint8Array[], files: Map<string, MemoryFile>) {
    this.args = args;
    this.files = files;
  }

  output(fd: number): string {
    return Buffer.concat(this.streams.get(fd)!).toString('utf8');
  }

  imports(): Record<string, (...values: never[]) => number> {
    return {
      args_sizes_get: (count: number, size: number) => this.argsSizes(count, size),
      args_get: (pointers: number, buffer: number) => this.argsGet(pointers, buffer),
      clock_time_get: (_clock: number, _precision: bigint, time: number) => {
        this.view().setBigUint64(time, 0n, true);
        return success;
      },
      fd_close: (fd: number) => (this.open.delete(fd) ? success : badFile),
      fd_fdstat_get: (fd: number, stat: number) => this.fdstat(fd, stat),
      fd_fdstat_set_flags: () => success,
      fd_prestat_get: (fd: number, prestat: number) => this.prestat(fd, prestat),
      fd_prestat_dir_name: (fd: number, name: number) => this.prestatName(fd, name),
      fd_read: (fd: number, vectors: number, count: number, done: number) =>
        this.read(fd, vectors, count, done),
      fd_seek: (fd: number, offset: bigint, whence: number, position: number) =>
        this.seek(fd, offset, whence, position),
      fd_write: (fd: number, vectors: number, count: number, done: number) =>
        this.write(fd, vectors, count, done),
      path_open: (
        _folder: number,
        _follow: number,
        name: number,
        length: number,
        flags: number,
        _rights: bigint,
        _inherit: bigint,
        _fdFlags: number,
        fd: number,
      ) => this.pathOpen(name, length, flags, fd),
      proc_exit: (code: number) => {
        throw new Exit(code);
      },
    };
  }

  // Memory may grow, and then its old buffer is gone: always look at it anew.
  private view(): DataView {
    return new DataView(this.memory!.buffer);
  }

  private bytes(): Uint8Array {
    return new Uint8Array(this.memory!.buffer);
  }

  private argsSizes(count: number, size: number): number {
    this.view().setUint32(count, this.args.length, true);
    this.view().setUint32(
      size,
      this.args.reduce((sum, argument) => sum + argument.length, 0),
      true,
    );
    return success;
  }

  private argsGet(pointers: number, buffer: number): number {
    let at = buffer;
    this.args.forEach((argument, index) => {
      this.view().setUint32(pointers + index * 4, at, true);
      this.bytes().set(argument, at);
      at += argument.length;
    });
    return success;
  }

  private fdstat(fd: number, stat: number): number {
    if (fd > rootFd && !this.open.has(fd)) return badFile;
    const [characterDevice, folder, regularFile] = [2, 3, 4];
    const view = this.view();
    view.setUint8(stat, fd < rootFd ? characterDevice! : fd === rootFd ? folder! : regularFile!);
    view.setUint16(stat + 2, 0, true);
    view.setBigUint64(stat + 8, 0xffff_ffff_ffff_ffffn, true);
    view.setBigUint64(stat + 16, 0xffff_ffff_ffff_ffffn, true);
    return success;
  }

  private prestat(fd: number, prestat: number): number {
    if (fd !== rootFd) return badFile;
    this.view().setUint8(prestat, 0);
    this.view().setUint32(prestat + 4, 1, true); // length of its name, "/"
    return success;
  }

  private prestatName(fd: number, name: number): number {
    if (fd !== rootFd) return badFile;
    this.bytes()[name] = 0x2f;
    return success;
  }

  private pathOpen(name: number, length: number, flags: number, fd: number): number {
    const [create, truncate] = [1, 8];
    const path = Buffer.from(this.bytes().slice(name, name + length)).toString('utf8');
    let file = this.files.get(path);
    if (!file) {
      if (!(flags & create!)) return notFound;
      file = fileOf(new Uint8Array(1 << 16));
      file.length = 0;
      this.files.set(path, file);
    }
    if (flags & truncate!) file.length = 0;
    this.open.set(this.nextFd, { file, position: 0 });
    this.view().setUint32(fd, this.nextFd++, true);
    return success;
  }

  private read(fd: number, vectors: number, count: number, done: number): number {
    const opened = this.open.get(fd);
    if (!opened && fd !== 0) return badFile;
    let total = 0;
    for (const [at, length] of this.vectors(vectors, count)) {
      if (!opened) break; // standard input is empty
      const piece = opened.file.data.subarray(
        opened.position,
        Math.min(opened.position + length, opened.file.length),
      );
      this.bytes().set(piece, at);
      opened.position += piece.length;
      total += piece.length;
      if (piece.length < length) break;
    }
    this.view().setUint32(done, total, true);
    return success;
  }

  private write(fd: number, vectors: number, count: number, done: number): number {
    const stream = this.streams.get(fd);
    const opened = this.open.get(fd);
    if (!stream && !opened) return badFile;
    let total = 0;
    for (const [at, length] of this.vectors(vectors, count)) {
      const piece = this.bytes().slice(at, at + length);
      if (stream) stream.push(piece);
      else append(opened!, piece);
      total += length;
    }
    this.view().setUint32(done, total, true);
    return success;
  }

  private seek(fd: number, offset: bigint, whence: number, position: number): number {
    const opened = this.open.get(fd);
    if (!opened) return notSeekable;
    const from = [0, opened.position, opened.file.length][whence] ?? 0;
    opened.position = Math.max(0, from + Number(offset));
    this.view().setBigUint64(position, BigInt(opened.position), true);
    return success;
  }

  private vectors(at: number, count: number): [number, number][] {
    const view = this.view();
    return Array.from({ length: count }, (_, index) => [
      view.getUint32(at + index * 8, true),
      view.getUint32(at + index * 8 + 4, true),
    ]);
  }
}

function append(opened: OpenFile, piece: Uint8Array): void {
  const { file, position } = opened;
  const end = position + piece.length;
  if (end > file.data.length) {
    const larger = new Uint8Array(Math.max(end, file.data.length * 2));
    larger.set(file.data.subarray(0, file.length));
    file.data = larger;
  }
  file.data.set(piece, position);
  opened.position = end;
  file.length = Math.max(file.length, end);
}
