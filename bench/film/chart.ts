/** The bench as a picture: time of processors, a bar a variant, with the limit as a line. */
import { createCanvas, GlobalFonts } from '@napi-rs/canvas';
import { createRequire } from 'node:module';
import type { Row } from './table.ts';

const WIDTH = 1100;
const ROW = 58;
const LABELS = 380;

/** @returns PNG */
export async function drawChart(all: Row[]): Promise<Buffer> {
  const rows = all.flatMap(({ name, cost }) => (cost ? [{ name, cpu: cost.cpu }] : []));
  const require = createRequire(import.meta.url);
  GlobalFonts.registerFromPath(
    require.resolve('@expo-google-fonts/noto-sans/500Medium/NotoSans_500Medium.ttf'),
    'Bench',
  );
  const height = ROW * rows.length + 90;
  const canvas = createCanvas(WIDTH * 2, height * 2);
  const draw = canvas.getContext('2d');
  draw.scale(2, 2);
  draw.fillStyle = '#ffffff';
  draw.fillRect(0, 0, WIDTH, height);
  draw.textBaseline = 'middle';
  const most = Math.max(...rows.map(({ cpu }) => cpu));
  const scale = (WIDTH - LABELS - 170) / most;
  draw.fillStyle = '#14213d';
  draw.font = '20px Bench';
  draw.fillText('CPU seconds for the same 1080p film', 24, 34);
  const limit = LABELS + rows[0]!.cpu * scale;
  draw.strokeStyle = '#c1121f';
  draw.setLineDash([5, 5]);
  draw.beginPath();
  draw.moveTo(limit, 56);
  draw.lineTo(limit, height - 20);
  draw.stroke();
  rows.forEach(({ name, cpu }, index) => {
    const y = 70 + index * ROW;
    draw.fillStyle = name.startsWith('ours') ? '#2a6f97' : '#a9b4c2';
    draw.fillRect(LABELS, y, Math.max(2, cpu * scale), ROW - 22);
    draw.fillStyle = '#14213d';
    draw.font = '16px Bench';
    draw.fillText(name.replace(', nothing else', ''), 24, y + (ROW - 22) / 2);
    const seconds = `${cpu.toFixed(1)} s`;
    const end = LABELS + cpu * scale + 10;
    // The line passes behind it.
    draw.fillStyle = '#ffffff';
    draw.fillRect(end - 6, y, draw.measureText(seconds).width + 12, ROW - 22);
    draw.fillStyle = '#14213d';
    draw.fillText(seconds, end, y + (ROW - 22) / 2);
  });
  return canvas.encode('png');
}
