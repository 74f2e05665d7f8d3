/** The same small films, asked for by REST or in the channels, spread evenly over a time. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { StoryboardInput } from '../../clients/genscene.ts';
import type { Platforms } from './platforms.ts';
import type { Service } from './service.ts';

/** Times to acknowledge, ms; a press that was never acknowledged has none. */
export type Asked = { acks: { discord: number[]; slack: number[] } };

/** A second that no other film of the bench has, so that nothing comes from a cache. */
function film(round: number, index: number): StoryboardInput {
  const color = `#${((round * 1_000_003 + index * 7919) % 0xffffff).toString(16).padStart(6, '0')}`;
  return {
    title: `Film ${round}-${index}`,
    scenes: [{ duration: 1, media: { type: 'gradient', colors: [color, '#102030'] }, effect: 'zoomIn' }],
    output: { resolution: 'preview', quality: 'draft', fps: 24 },
    captions: { mode: 'off' },
  };
}

export async function askByRest(
  { client }: Service,
  count: number,
  overMs: number,
  round: number,
): Promise<Asked> {
  await evenly(count, overMs, async (index) => void (await client.compose(film(round, index))));
  return { acks: { discord: [], slack: [] } };
}

/** `count` on each platform, taking turns. */
export async function askByChat(
  platforms: Platforms,
  count: number,
  overMs: number,
  round: number,
): Promise<Asked> {
  const { discord, discordChannels, slack, slackChannels, slackUser } = platforms;
  const acks: Asked['acks'] = { discord: [], slack: [] };
  await evenly(count * 2, overMs, async (turn) => {
    const index = Math.floor(turn / 2);
    const json = JSON.stringify(film(round, turn));
    if (turn % 2 === 0) {
      const file = { filename: 'film.json', contentType: 'application/json', bytes: Buffer.from(json) };
      const act = discord
        .person()
        .slash(discordChannels[index % discordChannels.length]!, 'video new', { file });
      await act.acked.then(
        () => acks.discord.push(act.interaction.ackMs!),
        () => undefined,
      );
    } else {
      const channel = slackChannels[index % slackChannels.length]!;
      const { acked, ackMs } = await slack.people.slash('/video', json, { user: slackUser(), channel });
      if (acked) acks.slack.push(ackMs);
    }
  });
  return { acks };
}

async function evenly(count: number, overMs: number, ask: (index: number) => Promise<void>): Promise<void> {
  const begun = performance.now();
  const asked: Promise<void>[] = [];
  for (let index = 0; index < count; index++) {
    await sleep(Math.max(0, begun + (index / count) * overMs - performance.now()));
    asked.push(ask(index));
  }
  await Promise.all(asked);
}
