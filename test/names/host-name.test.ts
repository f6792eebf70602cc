import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { CourierError } from '../../src/faults/errors.ts';
import { parseAddress, parseHostName } from '../../src/names/host-name.ts';
import { anyText } from '../helpers/any-text.ts';
import { catchThrown } from '../helpers/catch-thrown.ts';

test('host names Checkmk accepts are accepted as they are', () => {
  const names = ['web01', 'WEB_01.example-x.com', '_x', '1', '10.0.0.1', 'a..b', 'a'.repeat(240)];
  assert.deepEqual(names.map(parseHostName), names);
});

test('IP addresses are host names', () => {
  const names = ['192.0.2.1', '2001:db8::1', '::1', 'fe80::1%eth0', '::ffff:192.0.2.1'];
  assert.deepEqual(names.map(parseHostName), names);
});

test('names that could become options, paths, commands or no key of a document are refused', () => {
  const names = ['-x', '.', '..', '../x', 'a/b', 'a b', 'a\n', 'a;b', '$(x)', 'ü', 'fe80::1%a/b'];
  for (const name of [...names, 'fe80::1%', 'a\0', 'a:b', '%', '__proto__', 'a'.repeat(241)]) {
    assert.equal(catchThrown(() => parseHostName(name)).code, 'USAGE', name);
  }
});

test('what is refused is quoted, and the empty name is named so', () => {
  assert.equal(
    catchThrown(() => parseHostName('../x')).message,
    'must be a host name Checkmk accepts, not "../x"',
  );
  assert.equal(catchThrown(() => parseHostName('')).message, 'must not be empty');
});

test('any text is a harmless host name or refused', () => {
  fc.assert(fc.property(anyText, (text) => checkHarmless(text, parseHostName)));
});

test('any text is a harmless address or refused', () => {
  fc.assert(fc.property(anyText, (text) => checkHarmless(text, parseAddress)));
});

function checkHarmless(text: string, parse: (text: string) => string | undefined): void {
  try {
    assert.match(parse(text) ?? 'none', /^[\w:][\w.:%-]*$/);
  } catch (error) {
    assert.ok(error instanceof CourierError);
    assert.equal(error.code, 'USAGE');
  }
}

test('addresses and DNS names are addresses', () => {
  const addresses = ['192.0.2.1', '2001:db8::1', 'fe80::1%eth0', 'web01.example.com', 'x'];
  assert.deepEqual(addresses.map(parseAddress), addresses);
});

test('what Checkmk passes when there is no address is no address', () => {
  assert.deepEqual(['', '0.0.0.0', '::'].map(parseAddress), [undefined, undefined, undefined]);
});

test('what is no address is refused and quoted', () => {
  for (const text of ['-x', 'a b', 'a/b', '1:2', '[::1]', 'x\n']) {
    assert.equal(catchThrown(() => parseAddress(text)).code, 'USAGE', text);
  }
  assert.equal(catchThrown(() => parseAddress('[::1]')).message, 'must be an address, not "[::1]"');
});
