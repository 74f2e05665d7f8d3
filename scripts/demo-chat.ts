/**
 * `npm run demo:chat`: a tour of the bots without an account anywhere. Starts a loopback Discord and a
 * loopback Slack, runs the real service against them, plays what people do on both, prints what they see,
 * and draws it as a page (out/demo-chat/index.html) with screenshots beside it where Chromium is here.
 */
import { createWriteStream } from 'node:fs';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { startDiscordDouble, BOT_TOKEN, APPLICATION_ID } from '../test/helpers/discord-double.ts';
import { openSlackDouble } from '../test/helpers/slack-double/index.ts';
import { keepDiary, until } from './demo-chat/diary.ts';
import { discordStory } from './demo-chat/discord-story.ts';
import { drawPage } from './demo-chat/page.ts';
import { startPictureHost } from './demo-chat/picture-host.ts';
import { screenshots } from './demo-chat/screenshots.ts';
import { createService } from './demo-chat/service.ts';
import { slackStory } from './demo-chat/slack-story.ts';
import { createStage } from './demo-chat/stage.ts';
import { transcript } from './demo-chat/transcript.ts';

const FILES = 'https://films.example.org';
const outDir = path.resolve('out/demo-chat');

const begun = Date.now();
const say = (line: string): void => void process.stderr.write(`  ${line.replaceAll('\n', ' ⏎ ')}\n`);
await rm(outDir, { recursive: true, force: true });
await mkdir(outDir, { recursive: true });
const dataDir = await mkdtemp(path.join(tmpdir(), 'genscene-demo-'));
const discord = await startDiscordDouble();
const slack = await openSlackDouble();
const pictureHost = await startPictureHost();
const service = createService(
  {
    DATA_DIR: dataDir,
    SERVICES: 'worker,discord,slack',
    FILES_BASE_URL: FILES,
    MEDIA_ALLOW_HOSTS: pictureHost.host,
    DISCORD_TOKEN: BOT_TOKEN,
    DISCORD_APPLICATION_ID: APPLICATION_ID,
    DISCORD_API_BASE_URL: discord.apiBaseUrl,
    DISCORD_CDN_BASE_URL: discord.cdnBaseUrl,
    SLACK_BOT_TOKEN: slack.botToken,
    SLACK_APP_TOKEN: slack.appToken,
    SLACK_API_URL: slack.apiUrl,
    SLACK_ATTACHMENT_HOSTS: new URL(slack.apiUrl).host,
    CHAT_LOCALE: 'en',
  },
  path.join(outDir, 'service.log'),
);
try {
  say('Starting the service …');
  await service.start();
  await until('both bots to connect', () => discord.state.commandPuts > 0 && slack.socket.connections() > 0);
  const inEnglish = keepDiary(say);
  const onDiscord = await discordStory(
    discord,
    createStage({ service, pictureHost }, inEnglish, {
      killed: 'The service is killed with -9 in the middle of the film.',
      back: 'It is back; the film goes on in the same message.',
    }),
    inEnglish,
  );
  pictureHost.has(null);
  const inSpanish = keepDiary(say);
  const onSlack = await slackStory(
    slack,
    createStage({ service, pictureHost }, inSpanish, {
      killed: 'El servicio muere con kill -9 a mitad del vídeo.',
      back: 'Ha vuelto; el vídeo sigue en el mismo mensaje.',
    }),
    inSpanish,
  );
  const text = [onDiscord, onSlack].map(transcript).join('\n\n');
  process.stdout.write(`\n${text}\n`);
  createWriteStream(path.join(outDir, 'transcript.txt')).end(text);
  const page = await drawPage([onDiscord, onSlack], {
    outDir,
    filesUrl: FILES,
    filesDir: path.join(dataDir, 'files'),
  });
  say(`Page: ${path.relative('.', page)}`);
  for (const shot of await screenshots(page, outDir)) say(`Screenshot: ${path.relative('.', shot)}`);
  say(`Done in ${Math.round((Date.now() - begun) / 1000)} s.`);
} finally {
  await service.stop();
  await Promise.all([discord.stop(), slack.close(), pictureHost.stop()]);
  await rm(dataDir, { recursive: true, force: true });
}
