/** Whatever stands in a tree, it is text in the HTML: no tag, no attribute, no address of a script. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { escapeHtml, h, toHtml } from '../../../src/status-page/page/element.ts';
import { plotOf } from '../../../src/status-page/page/plot.ts';

const hostile = '"><img src=x onerror=alert(1)>\'<script>alert(2)</script>&amp;';

test('an element is written with its attributes and children', () => {
  const list = [h('li', { key: 'a', class: 'x' }, 'one'), h('li', {}, 2)];
  const element = h('ul', { id: 'list', hidden: true, title: undefined }, list, false, undefined);
  assert.equal(toHtml(element), '<ul id="list" hidden><li class="x">one</li><li>2</li></ul>');
  assert.equal(toHtml(h('br')), '<br>');
});

test('text and values of attributes end no tag and begin none', () => {
  assert.equal(
    toHtml(h('p', { title: hostile }, '<b>')),
    '<p title="&quot;&gt;&lt;img src=x onerror=alert(1)&gt;&#39;&lt;script&gt;alert(2)&lt;/script&gt;&amp;amp;">&lt;b&gt;</p>',
  );
});

test('only a path of this server is followed', () => {
  const hrefOf = (href: string) => h('a', { href }).attributes['href'];
  for (const path of ['/', '/host/web01', '?state=faulty', '#main', '/host/a%20b?x=1#y']) {
    assert.equal(hrefOf(path), path);
  }
  const elsewhere = [
    'javascript:alert(1)',
    '//evil',
    '/\\evil',
    ' /x',
    '/a b',
    'http://x',
    '',
    'x',
  ];
  for (const path of [...elsewhere, 'JAVASCRIPT:x', 'data:text/html,x', '/a\n', '\t//x']) {
    assert.equal(hrefOf(path), '#', path);
  }
});

test('no text turns its direction, as text and in attributes', () => {
  const title = 'web\u202e10\u202c';
  assert.equal(
    toHtml(h('b', { title }, title)),
    '<b title="web\ufffd10\ufffd">web\ufffd10\ufffd</b>',
  );
});

test('no handler and no style gets in as an attribute', () => {
  const names = { onclick: 'x', ONERROR: 'x', style: 'x', srcdoc: 'x' };
  assert.equal(toHtml(h('p', names, 'text')), '<p>text</p>');
});

test('any text comes back as it was, but for what HTML cannot hold', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      const escaped = escapeHtml(text);
      assert.doesNotMatch(escaped, /[<>"']|&(?!(?:amp|lt|gt|quot|#39);)/);
      const turns = /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;
      const plain = text.toWellFormed().replace(/[^\P{Cc}\t\n\r]/gu, '\ufffd');
      const expected = plain.replace(turns, '\ufffd');
      assert.equal(toText(escaped), expected);
    }),
  );
});

const characters: Readonly<Record<string, string>> = {
  amp: '&',
  lt: '<',
  gt: '>',
  quot: '"',
  '#39': "'",
};

function toText(html: string): string {
  return html.replace(/&([a-z0-9#]+);/g, (_entity, name: string) => characters[name] ?? '?');
}

test('what was measured once is a dot of the drawing, and a line goes through the others', () => {
  const about = { name: 'age', label: 'Age', unit: 'seconds', startMs: 0, stepMs: 1 } as const;
  const html = toHtml(plotOf({ ...about, values: [null, 5, null, 10, 10, null] }));
  const [, line] = [...html.matchAll(/ d="([^"]*)"/g)].map(([, path]) => path);
  assert.equal(line, 'M60.0 30.0h0M180.0 2.0L240.0 2.0');
});
