/** How close a film is to the frames it was made of: SSIM and PSNR of luma and chroma together, by ffmpeg. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

export type Quality = { /** 0 to 1 */ ssim: number; /** dB */ ssimDb: number; /** dB */ psnr: number };

/** @param raw YUV420P frames of the same size and rate */
export async function qualityOf(
  film: string,
  raw: { file: string; width: number; height: number; fps: number },
): Promise<Quality> {
  const { stderr } = await promisify(execFile)(
    'ffmpeg',
    [
      ...['-hide_banner', '-nostats', '-i', film],
      ...['-f', 'rawvideo', '-pix_fmt', 'yuv420p', '-s', `${raw.width}x${raw.height}`],
      ...['-framerate', String(raw.fps), '-i', raw.file],
      ...[
        '-lavfi',
        '[0:v]settb=AVTB,setpts=N,split[a][b];[1:v]settb=AVTB,setpts=N,split[c][d];[a][c]ssim;[b][d]psnr',
        '-f',
        'null',
        '-',
      ],
    ],
    { maxBuffer: 1e8 },
  );
  const ssim = Number(/SSIM .*All:([\d.]+)/.exec(stderr)?.[1]);
  const psnr = Number(/PSNR .*average:([\d.]+)/.exec(stderr)?.[1]);
  if (!(ssim > 0) || !(psnr > 0)) throw new Error(`No figures of quality:\n${stderr.slice(-1000)}`);
  return { ssim, ssimDb: -10 * Math.log10(1 - ssim), psnr };
}
