import assert from 'node:assert/strict';
import { test } from 'node:test';
import { toPiggybackedHost } from '../../src/agent-output/piggybacked-host.ts';

const names: Readonly<Record<string, string>> = {
  host: 'host',
  'Host-1.example_x': 'Host-1.example_x',
  '/abs': '_abs',
  'ho st': 'ho_st',
  '  host\t': 'host',
  'fe80::1': 'fe80__1',
  '::1': '__1',
  '10.0.0.1': '10.0.0.1',
  _: '_',
  '<': '_',
  'smörebröd🙂': 'sm_rebr_d_',
  '\ufeffhost': '_host',
  '\u2028\x1chost\x85\u3000': 'host',
  'a\nb\0c': 'a_b_c',
  [`${'🙂'.repeat(239)}x`]: `${'_'.repeat(239)}x`,
};

for (const [raw, name] of Object.entries(names)) {
  test(`${JSON.stringify(raw.slice(0, 40))} becomes ${name.slice(0, 40)}`, () => {
    assert.equal(toPiggybackedHost(Buffer.from(raw)), name);
  });
}

const ignored = [
  '',
  ' ',
  '\u2003',
  '.',
  '-x',
  '../../x',
  '.hidden',
  'x'.repeat(241),
  'x'.repeat(999),
];

for (const raw of ignored) {
  test(`${JSON.stringify(raw.slice(0, 40))} of ${raw.length} characters is ignored`, () => {
    assert.equal(toPiggybackedHost(Buffer.from(raw)), undefined);
  });
}

test('a name that is not UTF-8 is Latin-1', () => {
  assert.equal(toPiggybackedHost(Buffer.from('h\xe4\xf6st\xa0', 'latin1')), 'h__st');
});

test('240 characters are not too many', () => {
  assert.equal(toPiggybackedHost(Buffer.from('x'.repeat(240))), 'x'.repeat(240));
});
