/** Festival, where it is installed: voices of other kinds than ours, and the true times of their words. */
import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { decodeWav } from '../../core/tts/audio/wav.ts';
import type { SpokenWord, Synthesis } from '../../core/tts/engine.ts';

const run = promisify(execFile);
const voicesFolder = '/usr/share/festival/voices';

/** Names of the installed voices that speak English. */
export async function festivalVoices(): Promise<string[]> {
  const folders = await Promise.all(
    ['english', 'us'].map((name) => readdir(path.join(voicesFolder, name)).catch(() => [])),
  );
  return folders.flat();
}

/** One sentence with its words; null if Festival took it for other words than we do. */
export async function speakWithFestival(voice: string, text: string): Promise<Synthesis | null> {
  const folder = await mkdtemp(path.join(tmpdir(), 'genscene-festival-'));
  const wav = path.join(folder, 'speech.wav');
  const script = path.join(folder, 'speak.scm');
  await writeFile(
    script,
    `(voice_${voice})
(set! utt (utt.synth (Utterance Text ${JSON.stringify(text)})))
(utt.save.wave utt "${wav}" 'riff)
(mapcar (lambda (w)
  (format t "%s %f %f\\n" (item.name w) (item.feat w "word_start") (item.feat w "word_end")))
  (utt.relation.items utt 'Word))\n`,
  );
  try {
    const { stdout } = await run('festival', ['-b', script], { timeout: 60_000 });
    const times = Array.from(stdout.matchAll(/^(\S+) ([\d.]+) ([\d.]+)$/gm), (match) => ({
      name: match[1]!,
      startS: Number(match[2]),
      endS: Number(match[3]),
    })).filter(({ name }) => /\w/.test(name));
    const words = placed(text, times);
    return words && { ...decodeWav(await readFile(wav)), words, timing: 'engine', warnings: [] };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function placed(text: string, times: { startS: number; endS: number }[]): SpokenWord[] | null {
  const tokens = Array.from(text.matchAll(/\S+/g));
  if (tokens.length !== times.length) return null;
  return tokens.map((token, index) => {
    const { startS, endS } = times[index]!;
    return { charStart: token.index, charEnd: token.index + token[0].length, startS, endS };
  });
}
