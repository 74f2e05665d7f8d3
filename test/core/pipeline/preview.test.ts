/** The small copy of a film for upload limits, of films that do not want to be small. */
import { stat } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import { makePreview } from '../../../core/pipeline/preview.ts';
import { runFfmpeg, testFfmpeg, testFolder } from '../../helpers/samples.ts';

/** Noise: the worst an encoder can be given. */
async function noisyFilm(size: string, seconds: number): Promise<string> {
  const file = path.join(await testFolder(), 'film.mp4');
  const noise = `nullsrc=s=${size}:r=30:d=${seconds},geq=lum='random(1)*255':cb=128:cr=128`;
  const sound = `anoisesrc=d=${seconds}:a=0.3`;
  await runFfmpeg(
    ...['-f', 'lavfi', '-i', noise, '-f', 'lavfi', '-i', sound],
    ...['-c:v', 'libx264', '-preset', 'ultrafast', '-crf', '10', '-c:a', 'aac', '-shortest', file],
  );
  return file;
}

test.each([
  ['wide', '640x480', 480, 360],
  ['tall', '480x640', 360, 480],
])(
  'a %s film of noise fits the limit, with picture and sound over its whole length',
  async (_, size, width, height) => {
    const film = await noisyFilm(size, 3);
    const out = `${film}.preview.mp4`;
    const [w, h] = size.split('x').map(Number) as [number, number];
    const maxBytes = 200_000;
    expect((await stat(film)).size).toBeGreaterThan(maxBytes * 4);
    const bytes = await makePreview(
      { film, out, duration: 3, width: w, height: h, maxBytes },
      testFfmpeg(),
      new AbortController().signal,
    );
    expect(bytes).toBe((await stat(out)).size);
    expect(bytes).toBeLessThanOrEqual(maxBytes);
    const { streams, format } = await testFfmpeg().probe(out);
    expect(streams.find((stream) => stream.codec_type === 'video')).toMatchObject({ width, height });
    expect(streams.some((stream) => stream.codec_type === 'audio')).toBe(true);
    expect(Number(format.duration)).toBeCloseTo(3, 0);
  },
);

test('a cancelled preview leaves no encoder behind', async () => {
  const film = await noisyFilm('320x240', 2);
  const input = { film, out: `${film}.p.mp4`, duration: 2, width: 320, height: 240, maxBytes: 1e6 };
  const stop = new AbortController();
  const making = makePreview(input, testFfmpeg(), stop.signal);
  stop.abort();
  await expect(making).rejects.toMatchObject({ code: 'cancelled' });
});
