import assert from 'node:assert/strict';
import { test } from 'node:test';
import { News } from '../../src/logging/news.ts';

test('what was said is said again only after something else', () => {
  const news = new News();
  const heard = ['a', 'a', 'b', 'a', '', 'a', 'a'].map((text) => news.isNew('web01', text));
  assert.deepEqual(heard, [true, false, true, true, false, true, false]);
  assert.equal(news.isNew('web02', 'a'), true);
  assert.equal(news.isNew('web02', ''), false);
});

test('it remembers a hundred thousand, and goes on', () => {
  const news = new News();
  for (let n = 0; n < 100_001; n += 1) assert.equal(news.isNew(`h${n}`, 'a'), true);
  assert.equal(news.isNew('h100000', 'a'), false);
});
