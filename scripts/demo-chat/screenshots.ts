/** Pictures of the page, one a platform, by Chromium where there is one. */
import { existsSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { chromium } from 'playwright-core';

const BROWSERS = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];
const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** @returns the files; none without a browser */
export async function screenshots(page: string, outDir: string): Promise<string[]> {
  const executablePath = BROWSERS.find((file) => existsSync(file));
  if (!executablePath) return [];
  const browser = await chromium.launch({ executablePath, args: FLAGS });
  try {
    const tab = await browser.newPage({ viewport: { width: 900, height: 900 } });
    await tab.goto(pathToFileURL(page).href, { waitUntil: 'load' });
    const files: string[] = [];
    for (const platform of ['discord', 'slack']) {
      const file = path.join(outDir, `${platform}.png`);
      await tab.locator(`#${platform}`).screenshot({ path: file });
      files.push(file);
    }
    return files;
  } finally {
    await browser.close();
  }
}
