/** A spoken text as the file people asked for. Its loudness is left as the voice gave it. */
import { copyFile } from 'node:fs/promises';
import path from 'node:path';
import type { Ffmpeg } from '../ffmpeg.ts';
import type { TtsRequest } from '../schema/speech.ts';

type SpeechFormat = TtsRequest['format'];

/** Mono speech: MP3 at LAME's V2 and Opus at 64 kbit/s are both beyond what ears tell apart here. */
const encoders: Record<Exclude<SpeechFormat, 'wav'>, string[]> = {
  mp3: ['-c:a', 'libmp3lame', '-q:a', '2', '-f', 'mp3'],
  ogg: ['-c:a', 'libopus', '-b:a', '64k', '-application', 'voip', '-f', 'ogg'],
};

const TIMEOUT_MS = 5 * 60_000;

/**
 * Encodes a WAV of ours; `wav` is copied, since the original belongs to the speech cache.
 * @throws {StudioError} cancelled, timeout, no_space, render_failed
 */
export async function encodeSpeech(
  wav: string,
  output: { path: string; format: SpeechFormat },
  ffmpeg: Ffmpeg,
  signal: AbortSignal,
): Promise<void> {
  if (output.format === 'wav') return copyFile(wav, output.path);
  await ffmpeg.run({
    purpose: 'encoding speech',
    inputs: [{ source: `file:${path.resolve(wav)}`, options: ['-protocol_whitelist', 'file', '-f', 'wav'] }],
    outputs: [
      { target: output.path, options: ['-map', '0:a:0', ...encoders[output.format], '-map_metadata', '-1'] },
    ],
    timeoutMs: TIMEOUT_MS,
    signal,
  });
}
