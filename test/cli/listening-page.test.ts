/** The listening page in a real browser: it plays, its words light up in step, a click goes to one. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { listeningPage } from '../../cli/listening-page.ts';
import { createSpeech } from '../../core/tts/index.ts';
import type { SpeechResult } from '../../core/tts/types.ts';
import { launchBrowser } from '../e2e/browser.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'listening-'));
const text = 'Tom & <Ann> said: “It’s one small step.”\n\nThen </script> nothing more was heard.';
let spoken: SpeechResult;
let browser: Browser;
let page: Page;
const faults: string[] = [];

beforeAll(async () => {
  const speech = createSpeech({ cacheDir: path.join(folder, 'cache') });
  spoken = await speech.speak({ text, language: 'en' });
  await speech.close();
  const file = path.join(folder, 'page.html');
  writeFileSync(file, listeningPage(text, spoken, readFileSync(spoken.path)));
  browser = await launchBrowser();
  page = await browser.newPage();
  page.on('pageerror', (error) => faults.push(error.message));
  page.on(
    'request',
    (request) => /^(file|data):/.test(request.url()) || faults.push(`asked for ${request.url()}`),
  );
  await page.goto(pathToFileURL(file).href);
}, 60_000);
afterAll(async () => {
  await browser?.close();
  rmSync(folder, { recursive: true });
  expect(faults).toEqual([]);
});

describe('the listening page', () => {
  it('shows the script as it was written, markup and all', async () => {
    expect(await page.locator('.script').evaluate((element) => element.textContent)).toBe(text);
    const words = spoken.marks.filter((mark) => mark.kind === 'word');
    expect(await page.locator('.script button').count()).toBe(words.length);
    const seconds = await page.evaluate(
      () =>
        new Promise<number>((resolve) => {
          const audio = document.querySelector('audio')!;
          if (audio.readyState > 0) return resolve(audio.duration);
          audio.addEventListener('loadedmetadata', () => resolve(audio.duration));
        }),
    );
    expect(seconds).toBeCloseTo(spoken.durationMs / 1000, 2);
  });

  it('plays, and lights up the word that is heard', async () => {
    // Twice as fast: the page follows the sound, not a clock.
    await page.evaluate(() => (document.querySelector('audio')!.playbackRate = 2));
    await page.locator('.script button').first().click();
    const lit: string[] = [];
    for (let turn = 0; turn < 400; turn++) {
      const now = await page.evaluate(
        () =>
          new Promise<{ at: number; words: [string, number, number][]; ended: boolean }>((resolve) =>
            requestAnimationFrame(() => {
              const audio = document.querySelector('audio')!;
              const words = [...document.querySelectorAll<HTMLElement>('button.now')];
              resolve({
                // What the page itself last showed: the sound runs on while we ask.
                at: Number(document.querySelector('.clock')!.textContent!.replace(' s', '')),
                words: words.map((word) => [word.textContent!, Number(word.dataset['start']) / 1000, Number(word.dataset['end']) / 1000]), // prettier-ignore
                ended: audio.ended,
              });
            }),
          ),
      );
      expect(now.words.length).toBeLessThanOrEqual(1);
      for (const [word, start, end] of now.words) {
        expect(now.at).toBeGreaterThanOrEqual(start - 0.001);
        expect(now.at).toBeLessThan(end + 0.001);
        if (lit.at(-1) !== word) lit.push(word);
      }
      if (now.ended) break;
      await new Promise((resolve) => setTimeout(resolve, 30));
    }
    const words = spoken.marks.filter((mark) => mark.kind === 'word').map((mark) => text.slice(mark.charStart, mark.charEnd)); // prettier-ignore
    expect(lit.length).toBeGreaterThan(words.length / 2);
    expect(lit).toEqual(words.filter((word) => lit.includes(word)));
    expect(await page.locator('button.said').count()).toBe(words.length);
  }, 40_000);

  it('goes to a word that is clicked', async () => {
    const word = page.locator('.script button', { hasText: 'nothing' });
    await word.click();
    const start = Number(await word.getAttribute('data-start')) / 1000;
    expect(await page.evaluate(() => document.querySelector('audio')!.currentTime)).toBeGreaterThanOrEqual(start - 0.01); // prettier-ignore
    await page.evaluate(() => document.querySelector('audio')!.pause());
  });
});
