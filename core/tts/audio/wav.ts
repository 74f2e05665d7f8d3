/** Mono 16-bit PCM WAV, the only sound format between speech and the film. */

/** Bytes before the samples in a file this module writes. */
export const headerBytes = 44;

/** A complete WAV file. Format: RIFF/WAVE, Microsoft/IBM Multimedia Programming Interface 1.0 (1991). */
export function encodeWav(samples: Int16Array, sampleRate: number): Buffer {
  const file = Buffer.alloc(headerBytes + samples.length * 2);
  file.write('RIFF', 0, 'latin1');
  file.writeUInt32LE(file.length - 8, 4);
  file.write('WAVEfmt ', 8, 'latin1');
  file.writeUInt32LE(16, 16);
  file.writeUInt16LE(1, 20); // PCM
  file.writeUInt16LE(1, 22); // channels
  file.writeUInt32LE(sampleRate, 24);
  file.writeUInt32LE(sampleRate * 2, 28); // bytes a second
  file.writeUInt16LE(2, 32); // bytes a frame
  file.writeUInt16LE(16, 34); // bits a sample
  file.write('data', 36, 'latin1');
  file.writeUInt32LE(samples.length * 2, 40);
  for (let index = 0; index < samples.length; index++)
    file.writeInt16LE(samples[index]!, headerBytes + index * 2);
  return file;
}

/**
 * The samples of a mono 16-bit WAV, whatever chunks come before them. A data size that is missing,
 * zero or beyond the file (streamed files carry a placeholder) means "until the end".
 * @throws {RangeError} if it is not mono 16-bit PCM
 */
export function decodeWav(file: Buffer): { samples: Int16Array; sampleRate: number } {
  if (
    file.length < 12 ||
    file.toString('latin1', 0, 4) !== 'RIFF' ||
    file.toString('latin1', 8, 12) !== 'WAVE'
  )
    throw new RangeError('not a WAV file');
  let sampleRate = 0;
  for (let at = 12; at + 8 <= file.length;) {
    const kind = file.toString('latin1', at, at + 4);
    const size = file.readUInt32LE(at + 4);
    const body = at + 8;
    if (kind === 'fmt ' && body + 16 <= file.length) {
      if (
        file.readUInt16LE(body) !== 1 ||
        file.readUInt16LE(body + 2) !== 1 ||
        file.readUInt16LE(body + 14) !== 16
      )
        throw new RangeError('not mono 16-bit PCM');
      sampleRate = file.readUInt32LE(body + 4);
    }
    if (kind === 'data') {
      if (sampleRate === 0) break;
      const end = size === 0 || body + size > file.length ? file.length : body + size;
      const samples = new Int16Array((end - body) >> 1);
      for (let index = 0; index < samples.length; index++)
        samples[index] = file.readInt16LE(body + index * 2);
      return { samples, sampleRate };
    }
    at = body + size + (size & 1);
  }
  throw new RangeError('a WAV file without format or samples');
}
