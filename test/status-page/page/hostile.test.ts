/** Names and lines come from hosts and peers: whatever they hold, they are shown as text. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import type { Document } from '../../../src/status-page/model.ts';
import { pages } from '../../../src/status-page/page/pages.ts';
import { startBrowser, withoutBrowser } from './browser.ts';
import { PageServer } from './page-server.ts';
import { storyFleet } from './story.ts';
import { documentOf } from './story-documents.ts';

/** As a host, a route, a section, a line and all else could be called. */
const hostile = `"><img src=x onerror=hit()><script>hit()</script>' onmouseover='hit()' javascript:hit()`;

/** Words of the program itself, which decide what is shown. */
const ownWords = new Set(
  'view state unit level sort group part role outcome served backoff'.split(' '),
);

/** The same document, with every text in it from an enemy. */
function poison(value: unknown, name = ''): unknown {
  if (typeof value === 'string') return ownWords.has(name) ? value : `${value}${hostile}`;
  if (Array.isArray(value))
    return value.map((one) => poison(one, name === 'states' ? 'state' : ''));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, poison(one, key)]));
}

function poisoned(view: string): Document | undefined {
  const document = documentOf(view);
  return document && { ...document, ...Object(poison(document)) };
}

const views = [
  '/',
  '/?group=fault&q=x',
  '/?group=route&within=dmz',
  '/host/win-file-01',
  '/operations',
];

test('the server writes them as text', () => {
  const context = { basePath: '/', user: hostile, canLogOut: true, notice: hostile };
  for (const view of views) {
    const document = poisoned(view);
    assert.ok(document);
    const html = pages.render(document, { ...context, view: `${view}${hostile}` });
    checkHtml(html, view);
  }
  checkHtml(pages.renderLogin({ basePath: '/', next: hostile, problem: hostile }), 'login');
  checkHtml(pages.renderProblem(404, hostile, { basePath: '/' }), 'problem');
});

/** No element that the page does not have, no handler, no style, no foreign address. */
function checkHtml(html: string, view: string): void {
  assert.doesNotMatch(html, /<(?!\/|!DOCTYPE)(?:img|iframe|object|embed|base|style)\b/i, view);
  const scripts = [...html.matchAll(/<script[^>]*>[^<]*/g)].map(([tag]) => tag);
  for (const tag of scripts) assert.match(tag, /^<script src="\/assets\/[\w.-]+"( defer)?>$/, view);
  for (const [tag] of html.matchAll(/<[a-z][^>]*>/gi)) {
    const names = [...tag.matchAll(/ ([a-zA-Z:-]+)(?:="[^"]*")?/g)].map(([, name = '']) => name);
    assert.deepEqual(
      names.filter((name) => /^(?:on|style|srcdoc)/i.test(name)),
      [],
      tag,
    );
    for (const [, address = ''] of tag.matchAll(/ (?:href|src|action)="([^"]*)"/g)) {
      assert.match(address, /^(?:\/(?!\/)|#|\?)/, tag);
    }
  }
}

test('the browser shows them as text', { skip: withoutBrowser }, async () => {
  const server = new PageServer(poisoned);
  await server.start();
  const browser = await startBrowser();
  try {
    const page = await browser.newPage();
    await page.addInitScript('globalThis.hits = 0; globalThis.hit = () => { hits += 1; }');
    for (const view of views) {
      await page.goto(`${server.url}${view.slice(1)}`);
      await page.locator('html[data-connection=live]').waitFor();
      assert.equal(await page.locator('body img, body script').count(), 0, view);
      assert.equal(await page.locator('h1').first().isVisible(), true, view);
      assert.equal(await page.evaluate('hits'), 0, view);
    }
  } finally {
    await browser.close();
    await server.stop();
  }
});

test('the whole page is at most 60 kB on the wire, compressed', () => {
  const empty: Document = { ...storyFleet(), rows: [], groups: [], parts: [] };
  const context = { basePath: '/', user: 'anna', canLogOut: true, view: '/' };
  const shell = gzipSync(pages.render(empty, context)).length;
  const sizes = pages.assets.map(({ bytes }) => gzipSync(bytes).length);
  const sum = sizes.reduce((all, size) => all + size, shell);
  assert.ok(sum <= 60_000, `it is ${sum}`);
});
