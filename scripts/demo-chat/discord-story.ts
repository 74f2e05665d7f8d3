/** What Ada and Grace do on Discord, in English: from a modal to films, through a refusal, a kill and a fault. */
import { wordsOf } from '../../bot/texts/index.ts';
import type {
  Act,
  DiscordDouble,
  DoubleMessage,
  Person,
  PersonFile,
} from '../../test/helpers/discord-double.ts';
import { discordEntries, discordForm } from './discord-seen.ts';
import { until, type Diary } from './diary.ts';
import type { Conversation } from './seen.ts';
import type { Stage } from './stage.ts';

const { buttons } = wordsOf('en');

const SCRIPT = `# Harbour morning

Before sunrise the lighthouse is the only one awake.

Then the sky opens over the mountains, one colour at a time.

And the city behind the harbour begins another day.`;

export async function discordStory(
  discord: DiscordDouble,
  stage: Stage,
  diary: Diary,
): Promise<Conversation> {
  const channel = discord.channel({ name: 'films' });
  const ada = discord.person({ name: 'Ada' });
  const grace = discord.person({ name: 'Grace' });
  const names = new Map([
    [ada.id, 'Ada'],
    [grace.id, 'Grace'],
  ]);
  const press = async (who: Person, message: DoubleMessage, label: string): Promise<Act> => {
    diary.act(names.get(who.id)!, `presses “${label}”`);
    const pressed = who.press(message, label);
    await pressed.acked;
    return pressed;
  };
  const type = async (who: Person, line: string, values: Record<string, unknown> = {}): Promise<Act> => {
    const typed = Object.entries(values).map(([name, value]) => `${name}: ${String(value)}`);
    diary.act(names.get(who.id)!, ['types', `/${line}`, ...typed].join(' '));
    const act = who.slash(channel, line, values);
    await act.acked;
    return act;
  };
  const privately = (act: Act): Promise<DoubleMessage> =>
    until('a private answer', () => act.replies().find((reply) => grace.isPrivate(reply) && isSaid(reply)));

  // A storyboard first, from a form with three pictures.
  const asked = await type(ada, 'video storyboard');
  const values = {
    script: SCRIPT,
    files: ['lighthouse.jpg', 'dawn-mountains.jpg', 'city-blue-hour.jpg'].map((name): PersonFile => ({
      filename: name,
      contentType: 'image/jpeg',
      bytes: stage.picture(name),
    })),
  };
  diary.form('Ada', discordForm(asked.modal()!, values));
  const sent = ada.submit(asked, values);
  await sent.acked;
  const draft = await until('the draft', () => withButton(sent.answer(), buttons.approve));

  // Only who asked may approve it.
  await privately(await press(grace, draft, buttons.approve));
  const approved = await press(ada, draft, buttons.approve);
  const film = await until('the card of the film', () =>
    approved.replies().find((reply) => reply.body.embeds.length > 0),
  );

  // Killed while it renders; the same message goes on.
  await until('some progress', () => /Rendering/.test(textOf(film)) && percentOf(film) >= 30);
  await stage.crash(() => discord.gateway.connected());
  await privately(await type(grace, 'queue'));
  const made = await until('the film', () => withButton(film, buttons.captions));

  await privately(await press(ada, made, buttons.captions));
  const upright = await press(ada, made, buttons.vertical);
  await until('the upright film', () => withButton(upright.replies()[0], buttons.square));

  // A picture that is not there: the film fails, says why, and is tried again.
  const failing = await type(grace, 'video new', {
    script: `# The old pier\n\nThe pier has seen a hundred winters.\n[image: http://${stage.pictureHost.host}/pier.jpg]`,
  });
  const failed = await until('the failure', () => withButton(failing.answer(), buttons.retry));
  diary.note('Someone puts the picture where the address says.');
  stage.pictureHost.has(stage.picture('glowing-sea.jpg'));
  await press(grace, failed, buttons.retry);
  await until('the second try', () => withButton(failed, buttons.captions));

  const spoken = await type(ada, 'tts', { text: 'Welcome aboard. The ferry leaves in five minutes.' });
  await until('the speech', () => (spoken.answer()?.attachments.length ?? 0) > 0);
  // Asked for by mistake, and cancelled: the button asks first.
  const mistaken = await type(grace, 'video new', { script: 'One.\n\nTwo.\n\nThree.\n\nFour.' });
  const unwanted = await until('its card', () => withButton(mistaken.answer(), buttons.cancel));
  const question = await press(grace, unwanted, buttons.cancel);
  const sure = await until('the question', () => question.answer());
  await privately(await press(grace, sure, buttons.yes));
  await until('the end of it', () => withButton(unwanted, buttons.retry));

  await privately(await type(ada, 'voices', { language: 'en' }));
  await privately(await type(ada, 'stats'));
  await stage.quiet();
  const entries = [...diary.entries, ...discordEntries(discord, channel, names)];
  return {
    platform: 'Discord',
    channel: 'films',
    language: 'English',
    entries: entries.sort((a, b) => a.at - b.at),
  };
}

function isSaid({ body }: DoubleMessage): boolean {
  return body.embeds.length > 0 || body.content !== '';
}

function withButton(message: DoubleMessage | null | undefined, label: string): DoubleMessage | null {
  return message && JSON.stringify(message.body.components).includes(`"label":"${label}"`) ? message : null;
}

function textOf(message: DoubleMessage): string {
  return JSON.stringify(message.body);
}

function percentOf(message: DoubleMessage): number {
  return Number(/(\d+) %/.exec(textOf(message))?.[1] ?? 0);
}
