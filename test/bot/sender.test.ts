/** Who held an announcement, and whether that process still lives. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, onTestFinished, test } from 'vitest';
import { hasEnded, newSender } from '../../bot/sender.ts';
import { programFile } from '../helpers/program.ts';

const module = programFile('bot/sender.ts');

test('a process knows that it lives, that a killed one does not, and nothing of other hosts', async () => {
  const own = newSender('discord');
  expect(hasEnded(own)).toBe(false);
  expect(newSender('discord')).not.toBe(own);
  const code = `import { newSender } from ${JSON.stringify(module)}; console.log(newSender('slack')); setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', code], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  const [line] = (await once(child.stdout, 'data')) as [Buffer];
  const sender = String(line).trim();
  expect(sender).toMatch(/^slack:[^:]+:\d+:t\d+:[0-9a-f-]{36}$/);
  expect(hasEnded(sender)).toBe(false);
  child.kill('SIGKILL');
  await once(child, 'exit');
  expect(hasEnded(sender)).toBe(true);
  const [platform, , ...rest] = sender.split(':');
  expect(hasEnded([platform, 'another-host', ...rest].join(':'))).toBe(false);
});

test('a number that was given to another process since is not mistaken for the old one', () => {
  const [platform, host, pid, , id] = newSender('discord').split(':');
  expect(hasEnded([platform, host, pid, 't1', id].join(':'))).toBe(true);
  expect(hasEnded([platform, host, String(process.ppid), 't1', id].join(':'))).toBe(true);
});

test.each(['', 'discord:8f2c', 'discord:h:0:t1:x', 'discord:h:-1:t1:x', 'a:b:c:d:e'])(
  'what is no sender of ours is left to its lease: %s',
  (sender) => expect(hasEnded(sender)).toBe(false),
);
