/** What Lucía and Mateo do on Slack, in Spanish: the same powers, said in their language. */
import { wordsOf } from '../../bot/texts/index.ts';
import {
  wordsOf as textOf,
  type SlackDouble,
  type SlackMessage,
} from '../../test/helpers/slack-double/index.ts';
import { until, type Diary } from './diary.ts';
import { slackEntries, slackForm } from './slack-seen.ts';
import type { Conversation } from './seen.ts';
import type { Stage } from './stage.ts';

const { buttons } = wordsOf('es');

const SCRIPT = `# La noche del lago

De noche el lago guarda todas las estrellas.

El mar responde con su propia luz.

Y en la mesa nace la siguiente historia.`;

export async function slackStory(slack: SlackDouble, stage: Stage, diary: Diary): Promise<Conversation> {
  const { workspace, people } = slack;
  const channel = workspace.addChannel('C0000PELI', { name: 'peliculas' }).id;
  const lucia = workspace.addUser('U0000LUCIA', 'es-ES').id;
  const mateo = workspace.addUser('U0000MATEO', 'es-MX').id;
  const names = new Map([
    [lucia, 'Lucía'],
    [mateo, 'Mateo'],
  ]);
  const type = async (user: string, command: string, text = ''): Promise<void> => {
    diary.act(names.get(user)!, `escribe ${command}${text && ` ${text}`}`);
    await people.slash(command, text, { user, channel });
  };
  const press = async (user: string, message: SlackMessage, label: string): Promise<void> => {
    diary.act(names.get(user)!, `pulsa «${label}»`);
    await people.press(message, label, { user });
  };
  const cards = (): SlackMessage[] =>
    workspace.messages.filter(
      (message) => message.user === workspace.bot.userId && message.metadata !== undefined,
    );
  /** What is said to one person after something was done. */
  const privately = async (act: () => Promise<void>): Promise<void> => {
    const before = workspace.ephemerals.length;
    await act();
    await until('a private answer', () => workspace.ephemerals.length > before);
  };
  /** The card that a doing brings about. */
  const newCard = async (act: () => Promise<void>): Promise<SlackMessage> => {
    const before = new Set(cards());
    await act();
    return until('a card', () => cards().find((card) => !before.has(card)));
  };

  await type(lucia, '/video', 'storyboard');
  const view = await until('the form', () => [...workspace.views.values()].at(-1));
  const values = {
    script: SCRIPT,
    files: ['milky-way-lake.jpg', 'glowing-sea.jpg', 'storyboard-desk.jpg'].map((name) =>
      workspace.addFile(name, 'image/jpeg', stage.picture(name)),
    ),
  };
  diary.form('Lucía', slackForm(view, values));
  const draft = await newCard(async () => void (await people.submit(view, values)));
  await until('the draft', () => hasButton(draft, buttons.approve));

  await privately(() => press(mateo, draft, buttons.approve));
  const film = await newCard(() => press(lucia, draft, buttons.approve));
  await until('some progress', () => percentOf(film) >= 30);
  await stage.crash(() => slack.socket.connections() > 0);
  await privately(() => type(mateo, '/queue'));
  await until('the film', () => hasButton(film, buttons.captions));

  await privately(() => press(lucia, film, buttons.captions));
  const square = await newCard(() => press(lucia, film, buttons.square));
  await until('the square film', () => hasButton(square, buttons.captions));

  // No such voice: refused privately, with what was typed.
  await privately(() => type(mateo, '/video', 'voice:Inventada Hola a todos.'));

  const failed = await newCard(() =>
    type(
      mateo,
      '/video',
      `El muelle ha visto cien inviernos. [image: http://${stage.pictureHost.host}/muelle.jpg]`,
    ),
  );
  await until('the failure', () => hasButton(failed, buttons.retry));
  diary.note('Alguien deja la imagen en su sitio.');
  stage.pictureHost.has(stage.picture('lighthouse.jpg'));
  await press(mateo, failed, buttons.retry);
  await until('the second try', () => hasButton(failed, buttons.captions));

  const speech = await newCard(() =>
    type(lucia, '/tts', 'Bienvenidos a bordo. El barco sale en cinco minutos.'),
  );
  await until('the speech', () => textOf(speech).includes('✅'));
  await privately(() => type(lucia, '/voices', 'es'));
  await privately(() => type(lucia, '/stats'));
  await stage.quiet();
  const entries = [...diary.entries, ...slackEntries(slack, names)];
  return {
    platform: 'Slack',
    channel: 'peliculas',
    language: 'Spanish',
    entries: entries.sort((a, b) => a.at - b.at),
  };
}

function hasButton({ blocks }: SlackMessage, label: string): boolean {
  return blocks.some(
    ({ type, elements }) => type === 'actions' && JSON.stringify(elements).includes(`"text":"${label}"`),
  );
}

function percentOf(message: SlackMessage): number {
  return Number(/(\d+) %/.exec(textOf(message))?.[1] ?? 0);
}
