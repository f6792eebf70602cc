/** Debian's Chromium for tests of the page. */

import { setTimeout } from 'node:timers/promises';
import { type Browser, chromium } from 'playwright-core';
import { skipWithout } from '../../helpers/required-peer.ts';

/** Why tests with a browser cannot run here, or false. */
export const withoutBrowser: string | false = skipWithout('chromium');

export async function startBrowser(): Promise<Browser> {
  // As root, Chromium runs without its sandbox only; it sees nothing but our own pages here.
  const isRoot = process.getuid?.() === 0;
  return chromium.launch({
    executablePath: '/usr/bin/chromium',
    args: isRoot ? ['--no-sandbox'] : [],
  });
}

/** Asks the page until it is so; the time limit of the test ends it otherwise. */
export async function waitUntilPage(isSo: () => Promise<boolean>): Promise<void> {
  while (!(await isSo())) await setTimeout(20);
}
