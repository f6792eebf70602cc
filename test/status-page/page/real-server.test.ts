/** The page in a browser at the server that the collector has: login, live views, actions. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pages } from '../../../src/status-page/page/pages.ts';
import { fewRows, ListFeed, startPage } from '../running-page.ts';
import { startBrowser, withoutBrowser } from './browser.ts';

test('with a token one gets in, sees hosts, and has one fetched', async (t) => {
  if (withoutBrowser) return t.skip(withoutBrowser);
  const feed = new ListFeed(fewRows);
  const { origin, token } = await startPage(t, [feed], { hasActions: true });
  const browser = await startBrowser();
  t.after(() => browser.close());
  const page = await browser.newPage();
  const complaints: string[] = [];
  page.on('response', (answer) => {
    if (answer.status() === 404) complaints.push(answer.url());
  });
  page.on('pageerror', ({ message }) => complaints.push(message));
  page.on('console', (said) => {
    if (/Content Security/.test(said.text())) complaints.push(said.text());
  });
  await page.goto(`${origin}/?state=faulty`);
  await page.locator('#token').fill('guess');
  await page.getByRole('button', { name: 'Log in' }).click();
  await page.locator('[role=alert]', { hasText: 'nobody has this token' }).waitFor();
  await page.locator('#token').fill(token);
  await page.getByRole('button', { name: 'Log in' }).click();
  await page.waitForURL(`${origin}/?state=faulty`);
  await page.locator('html[data-connection=live]').waitFor();
  assert.deepEqual(await page.locator('.hosts tbody th').allTextContents(), ['web02']);
  assert.match(await page.locator('.hosts .fault').innerText(), /<b>no<\/b>/);
  await page.getByRole('link', { name: 'web02' }).click();
  await page.getByRole('button', { name: 'Fetch now' }).click();
  await page.locator('#notice', { hasText: 'The host is being asked now.' }).waitFor();
  assert.deepEqual(feed.fetched, ['web02']);
  feed.rows = fewRows.slice(0, 1);
  await page.getByRole('link', { name: 'Operations' }).click();
  await page.waitForURL(`${origin}/operations`);
  await page.getByRole('link', { name: 'Fleet', exact: true }).click();
  await page.locator('h1', { hasText: /^1 host$/ }).waitFor();
  await page.getByRole('button', { name: 'Log out' }).click();
  await page.waitForURL(/\/login/);
  assert.deepEqual(complaints, []);
});

test('script, style and shell are at most 60 kB on the wire', async (t) => {
  const page = await startPage(t, [new ListFeed([])]);
  const headers = { cookie: await page.logIn(), 'accept-encoding': 'gzip' };
  const paths = ['/', ...pages.assets.map(({ name }) => `/assets/${name}`)];
  const answers = await Promise.all(paths.map((path) => page.ask(path, { headers })));
  const sizes = answers.map((answer) => Number(answer.headers['content-length']));
  assert.deepEqual(
    answers.map(({ status }) => status),
    paths.map(() => 200),
  );
  const sum = sizes.reduce((all, size) => all + size, 0);
  assert.ok(sum <= 60_000, `it is ${sum}: ${sizes.join(', ')}`);
  t.diagnostic(`${sum} bytes: ${sizes.join(', ')}`);
});
