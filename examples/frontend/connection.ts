/** Which service, and with which key: asked for once, tried at once, kept for this tab. */
import { GenScene, GenSceneError, type Voice } from '../../clients/genscene.ts';
import { find } from './dom.ts';
import { byAxios } from './http.ts';
import { showProblem } from './problem.ts';

export type Connected = { client: GenScene; voices: Voice[] };

const dialog = find<HTMLDialogElement>('connect');
const pill = find<HTMLButtonElement>('connection');
const baseUrl = find<HTMLInputElement>('baseUrl');
const apiKey = find<HTMLInputElement>('apiKey');
const button = find<HTMLButtonElement>('connectNow');
const place = find('connectProblem');

/** Calls back with each service that answers and knows the key. */
export function keepConnection(onConnected: (connected: Connected) => void): void {
  baseUrl.value = sessionStorage.getItem('baseUrl') ?? '';
  apiKey.value = sessionStorage.getItem('apiKey') ?? '';
  pill.addEventListener('click', () => dialog.showModal());

  const connect = async (): Promise<void> => {
    const service = { baseUrl: baseUrl.value, apiKey: apiKey.value, fetch: byAxios };
    const client = new GenScene({ ...service, tries: 2 });
    button.disabled = true;
    try {
      const voices = await client.voices();
      sessionStorage.setItem('baseUrl', baseUrl.value);
      sessionStorage.setItem('apiKey', apiKey.value);
      show('connected', new URL(baseUrl.value).host);
      place.replaceChildren();
      dialog.close();
      onConnected({ client: new GenScene(service), voices });
    } catch (error) {
      show('refused', error instanceof GenSceneError && error.status === 401 ? 'Wrong key' : 'Not reached');
      showProblem(place, error);
      if (!dialog.open) dialog.showModal();
    } finally {
      button.disabled = false;
    }
  };

  dialog.querySelector('form')!.addEventListener('submit', (event) => {
    event.preventDefault();
    void connect();
  });
  if (baseUrl.value && apiKey.value) void connect();
  else dialog.showModal();
}

function show(state: 'connected' | 'refused', text: string): void {
  pill.dataset['state'] = state;
  pill.textContent = text;
}
