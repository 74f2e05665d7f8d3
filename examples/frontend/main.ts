/** The page: a service is connected, a storyboard written, a film made of it, watched and saved. */
import { GenSceneError, type Connection, type GenScene, type Job } from '../../clients/genscene.ts';
import { keepConnection } from './connection.ts';
import { find } from './dom.ts';
import { createFilmStage } from './film.ts';
import { showProblem } from './problem.ts';
import { showRecent } from './recent.ts';
import { createStoryboardEditor } from './storyboard.ts';
import { createVoicePicker } from './voices.ts';

const place = find('problem');
const render = find<HTMLButtonElement>('render');
const stage = createFilmStage();
let connected: GenScene | null = null;
let watching = new AbortController();

const client = (): GenScene => {
  if (connected) return connected;
  throw new Error('Connect to a service first.');
};
const failed = (error: unknown): void => showProblem(place, error);
const voices = createVoicePicker(client, failed);
const editor = createStoryboardEditor(client, voices.chosen, failed);

render.addEventListener('click', () => void makeFilm());
render.disabled = true;
stage.empty();
keepConnection(({ client: now, voices: found }) => {
  connected = now;
  render.disabled = false;
  place.replaceChildren();
  voices.fill(found);
  refreshRecent();
  // A film that was being made when the page was closed goes on without it.
  const id = sessionStorage.getItem('job');
  if (id) void follow(id);
});

async function makeFilm(): Promise<void> {
  render.disabled = true;
  place.replaceChildren();
  editor.markFaults([]);
  try {
    const { id } = await client().compose(editor.storyboard());
    sessionStorage.setItem('job', id);
    void follow(id);
    find('stage').scrollIntoView({ block: 'nearest', behavior: 'smooth' });
  } catch (error) {
    failed(error);
    if (error instanceof GenSceneError) editor.markFaults(error.issues);
  } finally {
    render.disabled = false;
  }
}

/** Shows a job until it is over, or another one is looked at. */
async function follow(id: string): Promise<void> {
  watching.abort();
  watching = new AbortController();
  const { signal } = watching;
  let latest: Job | null = null;
  let connection: Connection = 'live';
  const show = (): void => {
    if (latest) stage.working(latest, connection, () => void client().cancel(id).catch(failed));
  };
  try {
    const changes = client().watch(id, {
      signal,
      onConnection(now) {
        connection = now;
        show();
      },
    });
    for await (const job of changes) {
      latest = job;
      if (job.finishedAt === null) show();
      else showEnd(job);
    }
  } catch (error) {
    if (signal.aborted) return;
    if (error instanceof GenSceneError && error.code === 'not_found') sessionStorage.removeItem('job');
    stage.empty();
    failed(error);
  }
}

function showEnd(job: Job): void {
  stage.over(job, () => {
    client()
      .retry(job.id)
      .then(() => follow(job.id), failed);
  });
  refreshRecent();
}

function refreshRecent(): void {
  showRecent(client(), (job) => {
    sessionStorage.setItem('job', job.id);
    void follow(job.id);
  }).catch(failed);
}
