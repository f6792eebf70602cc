/**
 * How the page looks: to people with eyes, ears and keyboards, in light and dark, on narrow screens
 * and on paper. With COURIER_WRITE_PICTURES the pictures of docs/status-page are taken anew.
 */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import type { Browser, Page } from 'playwright-core';
import { startBrowser, withoutBrowser } from './browser.ts';
import { PageServer } from './page-server.ts';
import { documentOf } from './story-documents.ts';

const server = new PageServer(documentOf);
let browser: Browser;
const axe = readFileSync(new URL(import.meta.resolve('axe-core/axe.min.js')), 'utf8');

const views = {
  ...{ fleet: '', groups: '?group=route', host: 'host/win-file-01', operations: 'operations' },
  ...{ nothing: '?q=nothing', login: 'login?next=/wrong', missing: 'host/nobody' },
} as const;

/** What was seen of a view. */
interface Look {
  readonly serious: readonly string[];
  readonly unreadableInDark: readonly string[];
  readonly sticksOut: unknown;
  readonly pressableOnPaper: number;
  readonly groundOfPaper: unknown;
}

const looks: Record<string, Look> = {};

before(async () => {
  if (withoutBrowser) return;
  await server.start();
  browser = await startBrowser();
  const context = await browser.newContext({ reducedMotion: 'reduce', colorScheme: 'light' });
  const page = await context.newPage();
  for (const [name, view] of Object.entries(views)) {
    await open(page, view);
    looks[name] = await look(page);
  }
  await context.close();
});

after(async () => {
  if (withoutBrowser) return;
  await browser.close();
  await server.stop();
});

async function open(page: Page, view: string): Promise<void> {
  await page.goto(`${server.url}${view}`);
  const isLive = !view.startsWith('login') && view !== views.missing;
  if (isLive) await page.locator('html[data-connection=live]').waitFor();
}

/** A view in all its forms, loaded once. */
async function look(page: Page): Promise<Look> {
  // Brought in past the policy of the page, which would not have it.
  await page.evaluate(axe);
  const serious = await examine(page, {});
  await page.emulateMedia({ colorScheme: 'dark' });
  const contrast = { runOnly: { type: 'rule', values: ['color-contrast', 'link-in-text-block'] } };
  const unreadableInDark = await examine(page, contrast);
  await page.emulateMedia({ media: 'print' });
  const pressableOnPaper = await page.locator('button:visible, input:visible').count();
  const groundOfPaper = await page.evaluate('getComputedStyle(document.body).backgroundColor');
  await page.emulateMedia({ media: 'screen', colorScheme: 'light' });
  const { width, height } = page.viewportSize() ?? { width: 1280, height: 720 };
  await page.setViewportSize({ width: 360, height: 740 });
  const sticksOut = await page.evaluate(whatSticksOut);
  await page.setViewportSize({ width, height });
  return { serious, unreadableInDark, sticksOut, pressableOnPaper, groundOfPaper };
}

/** What axe-core finds, each with where. */
async function examine(page: Page, options: object): Promise<readonly string[]> {
  const { violations } = await page.evaluate<{ violations: readonly Violation[] }>(
    `axe.run(document, ${JSON.stringify(options)})`,
  );
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(', ')}`);
}

interface Violation {
  readonly id: string;
  readonly impact: string;
  readonly nodes: readonly { readonly html: string }[];
}

/** Elements that end right of the screen, once plots have had a frame to fit into it. */
const whatSticksOut = `
  new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve))).then(() =>
    [...document.querySelectorAll('body *')]
      .filter((element) => element.getBoundingClientRect().right > innerWidth + 1)
      .map((element) => element.outerHTML.slice(0, 120)))`;

/** What each of the views named has of something. */
function ofAll<Name extends keyof Look>(
  name: Name,
): Readonly<Record<string, Look[Name] | undefined>> {
  return Object.fromEntries(Object.keys(views).map((view) => [view, looks[view]?.[name]]));
}

const eachIs = <Value>(value: Value) =>
  Object.fromEntries(Object.keys(views).map((view) => [view, value]));

test('no view has a serious fault of accessibility', { skip: withoutBrowser }, () => {
  assert.deepEqual(ofAll('serious'), eachIs([]));
});

test('words can be read in dark colours, too', { skip: withoutBrowser }, () => {
  assert.deepEqual(ofAll('unreadableInDark'), eachIs([]));
});

test('on the screen of a phone nothing sticks out', { skip: withoutBrowser }, () => {
  assert.deepEqual(ofAll('sticksOut'), eachIs([]));
});

test('on paper it is dark on white, and nothing can be pressed', { skip: withoutBrowser }, () => {
  assert.deepEqual(ofAll('groundOfPaper'), eachIs('rgb(255, 255, 255)'));
  // The form of the login is all there is on its page.
  assert.deepEqual(ofAll('pressableOnPaper'), { ...eachIs(0), login: 2 });
});

test('light and dark are as the system has them, until somebody chooses', async (t) => {
  if (withoutBrowser) return t.skip(withoutBrowser);
  const context = await browser.newContext({ colorScheme: 'dark' });
  const page = await context.newPage();
  const ground = () => page.evaluate('getComputedStyle(document.body).backgroundColor');
  await page.goto(server.url);
  const dark = await ground();
  await page.getByRole('button', { name: 'Show in light colours' }).click();
  const light = await ground();
  assert.notEqual(light, dark);
  await page.goto(`${server.url}login`);
  assert.equal(await ground(), light);
  await page.getByRole('button', { name: 'Show in dark colours' }).click();
  assert.equal(await ground(), dark);
  assert.equal(await page.evaluate('document.documentElement.dataset.theme'), undefined);
  await context.close();
});

test('the pictures of the documentation', async (t) => {
  if (!process.env['COURIER_WRITE_PICTURES']) return t.skip('COURIER_WRITE_PICTURES is not set');
  for (const colorScheme of ['light', 'dark'] as const) {
    const viewport = { width: 1180, height: 740 };
    const context = await browser.newContext({ colorScheme, viewport, reducedMotion: 'reduce' });
    const page = await context.newPage();
    for (const name of ['fleet', 'host', 'operations'] as const) {
      await open(page, views[name]);
      if (name !== 'fleet') await page.locator('.plot[data-live] canvas').first().waitFor();
      await page.screenshot({ path: `docs/status-page/${name}-${colorScheme}.png` });
    }
    await context.close();
  }
});
