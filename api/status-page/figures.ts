/** Pure: uptime bars and latency curves as SVG, and the numbers beside them. */
import type { PublicPart } from '../../core/ops/public/types.ts';
import { pageWords, type PageLanguage } from './words.ts';

type Day = PublicPart['days'][number];
type Level = 'all' | 'most' | 'some' | 'few' | 'none';

/** Of a day's place, and of the bar in it. */
const STEP = 10;
const BAR = 7;
const HEIGHT = 30;
/** The worse a day, the shorter its bar: colours alone are not told apart by everyone. */
const HEIGHTS: Record<Level, number> = { all: HEIGHT, most: 25, some: 19, few: 13, none: HEIGHT };
const CURVE = { width: 96, height: 20, margin: 2 };

/** One bar a day; which colour, and exactly how much, its title says. */
export function barsOf(days: readonly Day[], name: string, language: PageLanguage): string {
  const words = pageWords[language];
  const bars = days.map((day, index) => {
    const samples = day.good + day.bad;
    const said =
      samples === 0
        ? words.dayEmpty(day.day)
        : words.day(day.day, sayShare(day.good / samples, language), samples.toLocaleString(language));
    const level = levelOf(day);
    const height = HEIGHTS[level];
    return `<rect class="${level}" x="${index * STEP}" y="${HEIGHT - height}" width="${BAR}" height="${height}" rx="2"><title>${escape(said)}</title></rect>`;
  });
  const width = days.length * STEP - (STEP - BAR);
  return `<svg class="bars" viewBox="0 0 ${width} ${HEIGHT}" preserveAspectRatio="none" role="img" aria-label="${escape(words.bars(name, days.length))}">${bars.join('')}</svg>`;
}

export function keyOf(level: Level): string {
  return `<svg viewBox="0 0 9 9" aria-hidden="true"><rect class="${level}" width="9" height="9" rx="2"/></svg>`;
}

/** Empty where there are no two points to join. */
export function curveOf(points: readonly { at: number; ms: number }[], name: string): string {
  const first = points[0];
  const last = points.at(-1);
  if (!first || !last || first.at === last.at) return '';
  const most = Math.max(...points.map(({ ms }) => ms), 1);
  const { width, height, margin } = CURVE;
  const path = points.map(({ at, ms }) => {
    const x = ((at - first.at) / (last.at - first.at)) * width;
    const y = height - margin - (ms / most) * (height - 2 * margin);
    return `${x.toFixed(1)},${y.toFixed(1)}`;
  });
  return `<svg class="curve" viewBox="0 0 ${width} ${height}" role="img" aria-label="${escape(name)}"><polyline points="${path.join(' ')}"/></svg>`;
}

/** Never rounded up to 100 %: that means not one bad result. */
export function sayShare(share: number, language: PageLanguage): string {
  const percent = share === 1 ? 100 : Math.floor(share * 10_000) / 100;
  const digits = share === 1 ? 0 : 2;
  return `${percent.toLocaleString(language, { minimumFractionDigits: digits, maximumFractionDigits: digits })} %`;
}

export function escape(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;');
}

function levelOf({ good, bad }: Day): Level {
  const samples = good + bad;
  if (samples === 0) return 'none';
  const share = good / samples;
  return share === 1 ? 'all' : share >= 0.99 ? 'most' : share >= 0.95 ? 'some' : 'few';
}
