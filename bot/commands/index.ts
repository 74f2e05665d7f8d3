/** All commands. A new one: a file here, a line below, its words in bot/texts. */
import type { ChatDeps } from '../take-on.ts';
import type { Command } from '../types.ts';
import { help } from './help.ts';
import { opsCommands } from './ops.ts';
import { queue } from './queue.ts';
import { settings } from './settings.ts';
import { stats } from './stats.ts';
import { tts } from './tts.ts';
import { videoList } from './video-list.ts';
import { videoNew, videoStoryboard } from './video-new.ts';
import { videoCancel, videoRerender, videoRetry, videoStatus } from './video-steer.ts';
import { voices } from './voices.ts';

export function createCommands(deps: ChatDeps): readonly Command[] {
  const all = [
    videoNew(deps),
    videoStoryboard(deps),
    videoList(deps),
    videoStatus(deps),
    videoCancel(deps),
    videoRetry(deps),
    videoRerender(deps),
    tts(deps),
    voices(deps),
    queue(deps),
    stats(deps),
    settings(deps),
    ...opsCommands(deps),
    help(deps, () => commands),
  ];
  // Options are read by the command's own schemas before they reach it, so it fits in a list of any.
  const commands = all as unknown as readonly Command[];
  return commands;
}

/** The commands as definitions alone, to be described and not run: nothing is asked of anyone. */
export function commandDefinitions(): readonly Command[] {
  return createCommands({} as ChatDeps);
}
