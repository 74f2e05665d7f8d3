/** The project's mark: a frame of film with hills in it, and a sun that is also a play button. */
import { createCanvas } from '@napi-rs/canvas';
import sharp from 'sharp';

const size = 512;

export async function saveLogo(file: string): Promise<void> {
  const canvas = createCanvas(size, size);
  const c = canvas.getContext('2d');
  // A second card peeps out behind: a storyboard has more than one.
  c.save();
  c.translate(size / 2, size / 2);
  c.rotate(0.17);
  c.fillStyle = '#ffb703';
  c.beginPath();
  c.roundRect(-208, -176, 416, 352, 62);
  c.fill();
  c.restore();

  c.beginPath();
  c.roundRect(50, 90, 412, 332, 57);
  c.save();
  c.clip();
  const sky = c.createLinearGradient(0, 84, 0, 428);
  sky.addColorStop(0, '#1f3a5f');
  sky.addColorStop(0.55, '#7b5c8e');
  sky.addColorStop(1, '#f59a7a');
  c.fillStyle = sky;
  c.fillRect(44, 84, 424, 344);
  c.fillStyle = '#fff1cf';
  c.beginPath();
  c.arc(256, 246, 92, 0, Math.PI * 2);
  c.fill();
  c.fillStyle = '#e8674f';
  c.strokeStyle = '#e8674f';
  c.lineWidth = 16;
  c.lineJoin = 'round';
  c.beginPath();
  c.moveTo(234, 206);
  c.lineTo(234, 286);
  c.lineTo(300, 246);
  c.closePath();
  c.fill();
  c.stroke();
  for (const [color, start, first, second, end] of [
    ['#4a5387', 352, 290, 392, 330],
    ['#233259', 392, 410, 322, 372],
  ] as const) {
    c.fillStyle = color;
    c.beginPath();
    c.moveTo(44, start);
    c.bezierCurveTo(150, first, 300, second, 468, end);
    c.lineTo(468, 440);
    c.lineTo(44, 440);
    c.fill();
  }
  c.restore();
  c.strokeStyle = '#ffffff';
  c.lineWidth = 18;
  c.beginPath();
  c.roundRect(53, 93, 406, 326, 54);
  c.stroke();
  await sharp(canvas.toBuffer('image/png')).png({ palette: true, colours: 128, effort: 10 }).toFile(file);
}
