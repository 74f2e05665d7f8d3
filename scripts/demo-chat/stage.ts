/** What both stories play on: the service, which can be killed, pictures, and a web server that forgets one. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { until, type Diary } from './diary.ts';
import type { PictureHost } from './picture-host.ts';
import type { Service } from './service.ts';

export type Stage = {
  pictureHost: PictureHost;
  /** One of the example pictures. */
  picture(name: string): Buffer;
  /** kill -9, and the service started again; `isBack` says when the platform sees the bot. */
  crash(isBack: () => boolean): Promise<void>;
  /** Time for what comes last: closing posts, files that follow. */
  quiet(): Promise<void>;
};

const assets = path.resolve(import.meta.dirname, '../../examples/assets');
const QUIET_MS = 2500;

export function createStage(
  { service, pictureHost }: { service: Service; pictureHost: PictureHost },
  diary: Diary,
  words: { killed: string; back: string },
): Stage {
  return {
    pictureHost,
    picture: (name) => readFileSync(path.join(assets, name)),
    async crash(isBack) {
      diary.note(words.killed);
      await service.kill();
      await service.start();
      await until('the bot to come back', isBack);
      diary.note(words.back);
    },
    quiet: () => sleep(QUIET_MS),
  };
}
