/** Debian's Chromium for tests of the page. */

import { existsSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import { type Browser, chromium } from 'playwright-core';

const path = '/usr/bin/chromium';

/** Why tests with a browser cannot run here, or false. */
export const withoutBrowser: string | false = existsSync(path)
  ? false
  : 'chromium is not installed';

export async function startBrowser(): Promise<Browser> {
  // As root, Chromium runs without its sandbox only; it sees nothing but our own pages here.
  const isRoot = process.getuid?.() === 0;
  return chromium.launch({ executablePath: path, args: isRoot ? ['--no-sandbox'] : [] });
}

/** Asks the page until it is so; the time limit of the test ends it otherwise. */
export async function waitUntilPage(isSo: () => Promise<boolean>): Promise<void> {
  while (!(await isSo())) await setTimeout(20);
}
