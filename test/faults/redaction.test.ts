import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { redactSecrets, registerSecret } from '../../src/faults/redaction.ts';

test('text without secrets stays as it is', () => {
  assert.equal(redactSecrets('nothing to hide'), 'nothing to hide');
  assert.equal(redactSecrets(''), '');
});

test('a secret is struck out wherever it stands', () => {
  registerSecret('Rd7-everywhere');
  assert.equal(
    redactSecrets('Rd7-everywhereRd7-everywhere and Rd7-everywhere'),
    '[secret][secret] and [secret]',
  );
});

test('a secret is struck out percent-encoded and in base64', () => {
  const secret = 'Rd7 ä/?&';
  registerSecret(secret);
  assert.equal(redactSecrets(`a=${encodeURIComponent(secret)}&b`), 'a=[secret]&b');
  assert.equal(redactSecrets(`<${Buffer.from(secret).toString('base64')}>`), '<[secret]>');
});

test('what means something in patterns and replacements means nothing in a secret', () => {
  registerSecret('$&.*(Rd7)\\');
  assert.equal(redactSecrets('is $&.*(Rd7)\\ it'), 'is [secret] it');
});

test('a secret of fewer than four characters does not strike out ordinary words', () => {
  registerSecret('Rd7');
  registerSecret('');
  assert.equal(redactSecrets('Rd7 is a word'), 'Rd7 is a word');
});

test('a secret that begins with another one is struck out whole', () => {
  registerSecret('Rd7-short');
  registerSecret('Rd7-short-and-longer');
  assert.equal(redactSecrets('it is Rd7-short-and-longer!'), 'it is [secret]!');
});

test('a secret that ends with another one is struck out whole', () => {
  registerSecret('tail-Rd7');
  registerSecret('head-and-tail-Rd7');
  assert.equal(redactSecrets('it is head-and-tail-Rd7!'), 'it is [secret]!');
});

test('no registered secret is in any redacted text', () => {
  const secrets = fc.uuid().map((id) => `Rd7${id}`);
  fc.assert(
    fc.property(secrets, fc.string(), fc.string(), (secret, before, after) => {
      registerSecret(secret);
      assert.ok(!redactSecrets(`${before}${secret}${after}`).includes(secret));
    }),
  );
});
