/**
 * The same looks as one hand-written ffmpeg command: zoompan over an enlarged picture (the usual way
 * to smooth motion), xfade, burned captions, side-chain ducking, loudness in one pass. Its speech is made
 * beforehand, which ours is not.
 */
import path from 'node:path';
import { FADE_S, type Workload } from './workload.ts';

/** Width that pictures are enlarged to, px, so that whole-pixel steps of zoompan are a quarter pixel of the film. */
const OVERSAMPLED = 7680;

/** @param narration sound of all scenes at their places; `captions` an SRT of the same film */
export function singleGraph(
  work: Workload,
  given: { narration: string; captions: string; out: string },
): string[] {
  const inputs = work.scenes.flatMap(({ file }) => ['-i', file]);
  const pictures = work.scenes.map(
    (scene, index) => `[${index}:v]${scene.kind === 'photo' ? moved(scene) : played(scene)}[s${index}]`,
  );
  let offset = 0;
  const fades = work.scenes.slice(1).map((_, index) => {
    offset += work.scenes[index]!.seconds - FADE_S;
    const before = index === 0 ? '[s0]' : `[x${index - 1}]`;
    return `${before}[s${index + 1}]xfade=transition=fade:duration=${FADE_S}:offset=${offset.toFixed(3)}[x${index}]`;
  });
  const voice = work.scenes.length;
  const style = 'Fontname=Noto Sans,Fontsize=16,Bold=1,Outline=2,MarginV=24';
  const graph = [
    ...pictures,
    ...fades,
    `[x${work.scenes.length - 2}]subtitles=${path.basename(given.captions)}:force_style='${style}'[picture]`,
    `[${voice}:a]aformat=sample_rates=48000:channel_layouts=stereo,asplit[voice][key]`,
    `[${voice + 1}:a]volume=0.4[music]`,
    `[music][key]sidechaincompress=threshold=0.03:ratio=8:attack=20:release=400[ducked]`,
    `[voice][ducked]amix=inputs=2:duration=longest:normalize=0,loudnorm=I=-14:TP=-1.5,aresample=48000[sound]`,
  ].join(';');
  return [
    ...['-v', 'error', '-y', ...inputs, '-i', given.narration, '-i', work.music],
    ...['-filter_complex', graph, '-map', '[picture]', '-map', '[sound]', '-t', String(work.seconds)],
    ...['-c:v', 'libx264', '-preset', 'veryfast', '-crf', '23', '-pix_fmt', 'yuv420p', '-c:a', 'aac'],
    ...['-movflags', '+faststart', given.out],
  ];
}

function moved({ seconds, effect }: Workload['scenes'][number]): string {
  const frames = Math.round(seconds * 30);
  const eased = `(0.5-0.5*cos(PI*on/${frames - 1}))`;
  const zoom = effect === 'zoomIn' ? `1+0.12*${eased}` : effect === 'zoomOut' ? `1.12-0.12*${eased}` : '1.12';
  const across = effect === 'panRight' ? eased : effect === 'panLeft' ? `(1-${eased})` : '0.5';
  return [
    `scale=${OVERSAMPLED}:-2:flags=bicubic,crop=${OVERSAMPLED}:${(OVERSAMPLED * 9) / 16}`,
    `zoompan=z='${zoom}':x='(iw-iw/zoom)*${across}':y='(ih-ih/zoom)/2':d=${frames}:s=1920x1080:fps=30`,
    'format=yuv420p,setsar=1,settb=1/30',
  ].join(',');
}

function played({ seconds }: Workload['scenes'][number]): string {
  return `trim=duration=${seconds},setpts=PTS-STARTPTS,scale=1920:1080,fps=30,format=yuv420p,setsar=1,settb=1/30`;
}
