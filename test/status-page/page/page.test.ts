/** The page in a browser: every view, its filters, changes as they come, and what goes wrong. */

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import type { HostState } from '../../../src/status-page/model.ts';
import { waitUntil } from '../../helpers/wait-until.ts';
import { startBrowser, waitUntilPage, withoutBrowser } from './browser.ts';
import { PageServer } from './page-server.ts';
import { storyFleet, storyNowMs, storyRows } from './story.ts';
import { documentOf } from './story-documents.ts';
import { storyHost } from './story-host.ts';

let browser: Browser;
let context: BrowserContext;
let page: Page;
const server = new PageServer(documentOf);
/** What the browser complains about; nothing of it may be. */
const complaints: string[] = [];

/** A test that needs a browser. */
function inBrowser(name: string, run: () => Promise<void>): void {
  test(name, { skip: withoutBrowser }, run);
}

before(async () => {
  if (withoutBrowser) return;
  await server.start();
  browser = await startBrowser();
  context = await browser.newContext();
  page = await newPage(context);
});

after(async () => {
  if (withoutBrowser) return;
  await browser.close();
  await server.stop();
  assert.deepEqual(complaints, []);
});

async function newPage(of: BrowserContext): Promise<Page> {
  const opened = await of.newPage();
  opened.on('pageerror', ({ message }) => complaints.push(message));
  opened.on('console', (said) => {
    if (/Content Security|violat/i.test(said.text())) complaints.push(said.text());
  });
  return opened;
}

async function open(view: string, on = page): Promise<void> {
  await on.goto(`${server.url}${view}`);
  await on.locator('html[data-connection=live]').waitFor();
}

const hostsShown = () => page.locator('.hosts tbody th[scope=row]').allTextContents();
const textOf = (selector: string) => page.locator(selector).first().innerText();
const isAt = (view: string) => page.waitForURL(`${server.url}${view}`);

inBrowser('the fleet shows its totals, and its hosts with the worst first', async () => {
  await open('');
  assert.equal(await textOf('h1'), '2,412 hosts');
  const totals = await page.locator('.total').allInnerTexts();
  assert.deepEqual(
    totals.map((text) => text.replaceAll('\n', ' ')),
    ['2,361 fresh', '14 in grace', '23 faulty', '9 silent', '5 never seen'],
  );
  assert.deepEqual(
    await hostsShown(),
    storyRows.map(({ host }) => host),
  );
  assert.equal(await page.title(), '32 without output · cmk-courier');
  const row = await textOf('.hosts tbody tr');
  // It counts.
  assert.equal(
    row.replace(/47m\d\ds/, 'AGE'),
    'faulty\tdb-prod-02\tAGE\t38ms\t23.0 kB\t\ndatabases\nssh://db-prod-02\nREFUSED×11 logging in as cmk: permission denied (publickey)',
  );
});

inBrowser('each number of the bar shows only its hosts, and all again', async () => {
  await open('');
  for (const [name, state] of [
    ['fresh', 'fresh'],
    ['in grace', 'grace'],
    ['faulty', 'faulty'],
    ['silent', 'silent'],
    ['never seen', 'never'],
  ]) {
    await page.locator('.total', { hasText: name ?? '' }).click();
    await isAt(`?state=${state}`);
    await page.locator(`.total[aria-current=true]`, { hasText: name ?? '' }).waitFor();
    const expected = storyRows.filter((row) => row.state === state).map(({ host }) => host);
    await shows(expected);
  }
  await page.locator('.total', { hasText: 'never seen' }).click();
  await isAt('');
  await page.getByText('Only without output').click();
  await isAt('?state=faulty,silent,never');
  const lacking: readonly HostState[] = ['faulty', 'silent', 'never'];
  await shows(storyRows.filter(({ state }) => lacking.includes(state)).map(({ host }) => host));
  await page.goBack();
  await isAt('');
  await shows(storyRows.map(({ host }) => host));
  await page.goForward();
  await isAt('?state=faulty,silent,never');
});

async function shows(hosts: readonly string[]): Promise<void> {
  await waitUntilPage(async () => (await hostsShown()).join() === hosts.join());
}

inBrowser('a search finds while it is typed, and keeps what is typed', async () => {
  await open('?group=route');
  await page.keyboard.press('/');
  await page.keyboard.type('oslo');
  await isAt('?group=route&q=oslo');
  await shows(['branch-oslo-fw', 'branch-oslo-nas']);
  assert.equal(await page.locator('#search').inputValue(), 'oslo');
  assert.equal(await page.evaluate('document.activeElement?.id'), 'search');
  await page.keyboard.press('Escape');
  await page.locator('#search').fill('nothing-like-it');
  await page.locator('.empty').waitFor();
  await page.getByText('Show all hosts').click();
  await isAt('?group=route');
});

inBrowser(
  'hosts are grouped by route, source, fault and folder, and sorted by columns',
  async () => {
    await open('');
    for (const group of ['source', 'fault', 'folder', 'route']) {
      await page.locator('.choice a', { hasText: group }).click();
      await isAt(`?group=${group}`);
      await page.locator(`.choice a[aria-current=true]`, { hasText: group }).waitFor();
    }
    await page.locator('.group', { hasText: 'branches' }).click();
    await isAt('?group=route&within=branches');
    await shows(['branch-oslo-fw', 'branch-oslo-nas', 'win-file-01']);
    await page.locator('.hosts thead a', { hasText: 'Age' }).click();
    await isAt('?group=route&within=branches&sort=-age');
    await page.locator('th.in-age[aria-sort=descending]').waitFor();
    await page.locator('.hosts thead a', { hasText: 'Age' }).click();
    await page.locator('th.in-age[aria-sort=ascending]').waitFor();
    await page.getByText('Show all groups').click();
    await isAt('?group=route&sort=age');
  },
);

inBrowser('ages count up, and no column moves', async () => {
  await open('');
  const place = () => page.locator('.hosts tbody td.in-took').first().boundingBox();
  const [before, first] = [await place(), await textOf('td.in-age')];
  await waitUntilPage(async () => (await textOf('td.in-age')) !== first);
  assert.match(await textOf('td.in-age'), /^47m\d\ds$/);
  assert.deepEqual(await place(), before);
});

inBrowser('changes come as they happen: other rows, other totals, hosts that go', async () => {
  await open('');
  const [worst] = storyRows;
  assert.ok(worst);
  server.send('/', 'delta', {
    nowMs: storyNowMs + 1000,
    set: { hostCount: 2411, totals: { fresh: 2362, grace: 14, faulty: 21, silent: 9, never: 5 } },
    rows: [{ ...worst, state: 'fresh', fault: undefined, producedAtMs: storyNowMs }],
    order: ['web-17', 'db-prod-02'],
  });
  await shows(['web-17', 'db-prod-02']);
  assert.equal(await textOf('h1'), '2,411 hosts');
  assert.equal(await page.title(), '30 without output · cmk-courier');
  assert.match(await page.locator('.hosts tr.is-fresh').innerText(), /^fresh\tdb-prod-02\t\d+s/);
});

inBrowser(
  'a server that is gone is told, and when it is there again the page goes on',
  async () => {
    await open('');
    await server.stop();
    const line = page.locator('#connection');
    await line.waitFor();
    assert.match(
      await line.innerText(),
      /^The server has not answered since .+\. What is shown is from then\.\d+s$/,
    );
    assert.equal((await hostsShown()).length, storyRows.length);
    server.documents = () => ({ ...storyFleet(), hostCount: 7 });
    await server.start();
    await line.waitFor({ state: 'hidden' });
    await page.locator('h1', { hasText: '7 hosts' }).waitFor();
    server.documents = documentOf;
  },
);

inBrowser(
  'a host shows its sources, plots, sections and report, and links lead there and back',
  async () => {
    await open('');
    await page.getByRole('link', { name: 'win-file-01' }).click();
    await isAt('host/win-file-01');
    await page.locator('h1', { hasText: 'win-file-01' }).waitFor();
    const [line] = await page.locator('.verdict .line').allInnerTexts();
    assert.equal(
      line,
      'cmk-courier: tcp: win-file-01: 10.20.3.14:6556: no answer within 10s (TIMEOUT)',
    );
    assert.equal(await page.locator('.sources tbody').count(), 3);
    await page.locator('.plots .plot[data-live] canvas').nth(1).waitFor();
    const { sections } = storyHost();
    assert.deepEqual(
      await page.locator('.sections li code').allTextContents(),
      sections.map(({ name }) => name),
    );
    assert.match(await textOf('.doctor pre'), /Likely: the agent runs/);
    await page.locator('.plots .canvas').first().hover();
    await page.locator('.canvas[data-point]').waitFor();
    await page.goBack();
    await shows(storyRows.map(({ host }) => host));
  },
);

inBrowser('a button asks without a new page, and tells what became of it', async () => {
  await open('host/win-file-01');
  server.answer = { status: 202, body: { message: 'It is asked now.' } };
  await page.getByRole('button', { name: 'Fetch now' }).click();
  await page.locator('#notice', { hasText: 'It is asked now.' }).waitFor();
  server.answer = { status: 429, body: { message: 'Too often; wait 10s.' } };
  await page.getByRole('button', { name: 'Run the doctor' }).click();
  await page.locator('#notice.is-problem', { hasText: 'Too often; wait 10s.' }).waitFor();
  assert.deepEqual(server.actions.splice(0), [
    '/api/host/win-file-01/fetch',
    '/api/host/win-file-01/doctor',
  ]);
  const doctor = { state: 'running', startedAtMs: storyNowMs, by: 'anna', report: '' };
  server.send('/host/win-file-01', 'delta', { nowMs: storyNowMs, set: { doctor } });
  await page.locator('.doctor progress').waitFor();
  assert.equal(await page.getByRole('button', { name: 'Doctor at work…' }).isDisabled(), true);
  server.send('/host/win-file-01', 'delta', { nowMs: storyNowMs, set: { doctor: null } });
  await page.locator('.doctor').waitFor({ state: 'detached' });
});

inBrowser('operations show numbers, their days and their tables', async () => {
  await open('operations');
  const [first] = await page.locator('.figure').allInnerTexts();
  assert.equal(first, 'Cycles\n\n40 /s\n\n24 h\n20 /s – 41 /s');
  assert.deepEqual(await page.locator('.listing h3').allInnerTexts(), [
    'Sources that are followed\n2',
    'Peers that are left alone for now\n2',
    'Refusals by reason\n3',
    'Broker, counted since the start',
    'Relays\n2',
    'Certificates of hosts\n4',
    'Roll-out of 2.4.0p5\n3',
  ]);
  await page.locator('.figure .plot[data-live] canvas').nth(10).waitFor();
});

inBrowser(
  'a session that ended leads to the login, a host that is gone to a word about it',
  async () => {
    await open('host/win-file-01');
    server.send('/host/win-file-01', 'gone', { why: 'host' });
    await page.getByText('This host is not known here, or no longer.').waitFor();
    await open('?state=faulty');
    server.send('/?state=faulty', 'gone', { why: 'login' });
    await isAt('login?next=%2F%3Fstate%3Dfaulty');
    assert.equal(await page.locator('input[name=next]').inputValue(), '/?state=faulty');
    await page.goto(`${server.url}login?next=/wrong`);
    assert.equal(await textOf('[role=alert]'), 'This token is not the one.');
    server.isLoggedIn = false;
    await page.goto(server.url);
    await isAt('login?next=%2F');
    server.isLoggedIn = true;
  },
);

inBrowser('of several tabs only the one that was turned to last has a stream', async () => {
  await open('');
  const other = await newPage(context);
  await open('operations', other);
  await waitUntil(() => server.streamed.join() === '/operations');
  await page.bringToFront();
  await page.evaluate("dispatchEvent(new Event('focus'))");
  await waitUntil(() => server.streamed.join() === '/');
  await other.close();
});

inBrowser('without JavaScript all is there, and works by links and forms', async () => {
  const plain = await browser.newContext({ javaScriptEnabled: false });
  const still = await plain.newPage();
  await still.goto(server.url);
  assert.equal(await still.locator('.hosts tbody th[scope=row]').count(), storyRows.length);
  await still.locator('.total', { hasText: 'faulty' }).click();
  await still.waitForURL(`${server.url}?state=faulty`);
  await still.locator('#search').fill('web');
  await still.getByRole('button', { name: 'Search' }).click();
  await still.waitForURL(`${server.url}?state=faulty&q=web`);
  assert.deepEqual(await still.locator('.hosts tbody th[scope=row]').allTextContents(), ['web-17']);
  await still.getByRole('link', { name: 'web-17' }).click();
  assert.equal(await still.locator('.plot svg path.line').count(), 2);
  await still.getByRole('button', { name: 'Fetch now' }).click();
  assert.deepEqual(server.actions.splice(0), ['/api/host/web-17/fetch']);
  await plain.close();
});

inBrowser('it can be walked with the keyboard alone', async () => {
  await open('');
  await page.keyboard.press('Tab');
  assert.equal(await page.evaluate('document.activeElement?.className'), 'skip');
  await page.keyboard.press('Enter');
  await page.keyboard.press('Tab');
  assert.equal(await page.evaluate('document.activeElement?.textContent'), 'Only without output');
  await page.locator('.hosts tbody a').first().focus();
  await page.keyboard.press('Enter');
  await isAt('host/db-prod-02');
  await waitUntilPage(async () => (await page.evaluate('document.activeElement?.id')) === 'main');
});
