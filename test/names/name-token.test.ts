import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { decodeToken, encodeToken } from '../../src/names/name-token.ts';

test('letters, digits, - and _ stay, all other bytes become = and two capital hex digits', () => {
  assert.equal(encodeToken('web-01_a.example.net'), 'web-01_a=2Eexample=2Enet');
  assert.equal(encodeToken('fe80::1%eth0'), 'fe80=3A=3A1=25eth0');
  assert.equal(encodeToken('ä'), '=C3=A4');
});

test('no name makes a wildcard or a second token, and each comes back as it was', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', minLength: 1, maxLength: 40 }), (name) => {
      const token = encodeToken(name);
      assert.match(token, /^[\w=-]*$/);
      assert.equal(decodeToken(token), name);
    }),
  );
});

test('names of every byte and in every case have tokens of their own', () => {
  const characters = Array.from({ length: 128 }, (_, code) => String.fromCharCode(code));
  const names = [...characters, ...characters.map((one) => `${one}${one}`), 'Web', 'web', 'w=65b'];
  assert.equal(new Set(names.map(encodeToken)).size, new Set(names).size);
});

test('what is written in another way is no token', () => {
  for (const token of ['', 'a.b', '=2e', '=4', '=', '=77eb', '=C3', 'a*', '>', 'a/b']) {
    assert.equal(decodeToken(token), undefined, token);
  }
});
