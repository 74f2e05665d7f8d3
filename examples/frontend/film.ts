/** The film's place on the page: how it comes along, then the player and what can be saved of it. */
import type { Connection, Job } from '../../clients/genscene.ts';
import { find, make } from './dom.ts';

const stages = ['queued', 'fetching', 'voicing', 'rendering', 'saving'] as const;
const stageNames = {
  queued: 'Queue',
  fetching: 'Media',
  voicing: 'Voices',
  rendering: 'Pictures',
  saving: 'Saving',
};
const connectionTexts: Record<Connection, string> = {
  live: '',
  polling: 'Asking every few seconds',
  offline: 'Connection lost; trying again. The film goes on.',
};

export type FilmStage = {
  empty(): void;
  working(job: Job, connection: Connection, cancel: () => void): void;
  over(job: Job, again: () => void): void;
};

export function createFilmStage(): FilmStage {
  const place = find('stage');
  let shown = '';

  return {
    empty() {
      place.replaceChildren(make('div', { class: 'empty' }, 'Your film will play here.'));
    },
    working(job, connection, cancel) {
      // Built once for a job and filled in from then on: the bar moves, and buttons keep their focus.
      if (shown !== `working ${job.id}`) {
        shown = `working ${job.id}`;
        place.replaceChildren(workingPanel(cancel));
      }
      fill(place, job, connection);
    },
    over(job, again) {
      shown = `over ${job.id}`;
      place.replaceChildren(...(job.status === 'done' ? player(job) : [ending(job, again)]));
    },
  };
}

function workingPanel(cancel: () => void): HTMLElement {
  return make(
    'div',
    { class: 'working' },
    make(
      'div',
      { class: 'big' },
      make('strong', { 'data-part': 'percent' }),
      make('span', { 'data-part': 'stage', 'aria-live': 'polite' }),
      make('span', { class: 'muted eta', 'data-part': 'eta' }),
    ),
    make('progress', { max: 100, value: 0 }),
    make(
      'ol',
      { class: 'steps' },
      ...stages.map((stage) => make('li', { 'data-stage': stage }, stageNames[stage])),
    ),
    make(
      'div',
      { class: 'foot' },
      make('span', { class: 'muted line', 'data-part': 'line', 'aria-live': 'polite' }),
      make('button', { type: 'button', onclick: cancel }, 'Cancel'),
    ),
  );
}

function fill(place: HTMLElement, job: Job, connection: Connection): void {
  const part = (name: string): HTMLElement => place.querySelector<HTMLElement>(`[data-part="${name}"]`)!;
  part('percent').textContent = `${Math.floor(job.progress)} %`;
  part('stage').textContent =
    job.status === 'queued'
      ? job.queuePosition === null || job.queuePosition === 1
        ? 'next in the queue'
        : `number ${job.queuePosition} in the queue`
      : job.scene === null
        ? ''
        : `scene ${job.scene} of ${job.scenesTotal}`;
  part('eta').textContent = job.etaSeconds === null ? '' : `${spanOf(job.etaSeconds)} left`;
  place.querySelector('progress')!.value = job.progress;
  const now = stages.indexOf(job.status as (typeof stages)[number]);
  for (const [index, step] of [...place.querySelectorAll<HTMLElement>('.steps li')].entries())
    step.dataset['state'] = index < now ? 'done' : index === now ? 'now' : 'later';
  part('line').textContent = connectionTexts[connection];
  part('line').dataset['connection'] = connection;
}

function player(job: Job): HTMLElement[] {
  const video = make('video', {
    controls: true,
    playsinline: true,
    preload: 'metadata',
    // Captions of another origin are shown only to a player that asks as this page.
    crossorigin: 'anonymous',
    src: job.url ?? undefined,
    poster: job.posterUrl ?? undefined,
  });
  if (job.captions?.vtt)
    video.append(
      make('track', { kind: 'captions', label: 'Captions', srclang: 'en', src: job.captions.vtt }),
    );
  const files: [string, string | null | undefined][] = [
    ['Film', job.url],
    ['Captions .srt', job.captions?.srt],
    ['Captions .vtt', job.captions?.vtt],
    ['Poster', job.posterUrl],
  ];
  const facts = [
    job.width && job.height ? `${job.width} × ${job.height}` : null,
    job.duration === null ? null : spanOf(job.duration),
    job.size === null ? null : `${(job.size / 1e6).toFixed(1)} MB`,
  ];
  return [
    video,
    make(
      'div',
      { class: 'after' },
      make('h3', {}, job.title ?? 'Untitled film'),
      make('p', { class: 'muted' }, facts.filter((fact) => fact !== null).join('  ·  ')),
      make(
        'div',
        { class: 'downloads' },
        ...files.map(([name, url]) => url && make('a', { href: asDownload(url), download: true }, name)),
      ),
    ),
  ];
}

function ending(job: Job, again: () => void): HTMLElement {
  const isCancelled = job.status === 'cancelled';
  const scene = job.error?.scene ? ` (scene ${job.error.scene})` : '';
  return make(
    'div',
    { class: 'after' },
    make(
      'div',
      { class: 'problem' },
      make('strong', {}, isCancelled ? 'Cancelled.' : `The film could not be made${scene}.`),
      job.error && make('span', {}, job.error.message),
      job.error?.hint && make('span', { class: 'muted' }, job.error.hint),
    ),
    make('button', { type: 'button', onclick: again }, 'Try again'),
  );
}

/** Signed addresses have a query of their own. */
function asDownload(address: string): string {
  const url = new URL(address);
  url.searchParams.set('download', '1');
  return url.href;
}

function spanOf(seconds: number): string {
  const whole = Math.round(seconds);
  return whole < 60 ? `${whole} s` : `${Math.floor(whole / 60)} min ${whole % 60} s`;
}
