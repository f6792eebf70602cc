import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseHostName } from '../../src/names/host-name.ts';
import { decodeToken, encodeToken } from '../../src/names/name-token.ts';
import { outputSubject, outputSubjects, readOutputSubject } from '../../src/nats/subjects.ts';
import { anyText } from '../helpers/any-text.ts';

test('a dot and all else that means something in a subject is written as =XX', () => {
  assert.equal(encodeToken('web01.example.net'), 'web01=2Eexample=2Enet');
  assert.equal(encodeToken('a*b>c d=\n_-'), 'a=2Ab=3Ec=20d=3D=0A_-');
  assert.equal(encodeToken('fe80::1%eth0'), 'fe80=3A=3A1=25eth0');
});

test('every byte is one token that reads back, and no two names share one', () => {
  const names = Array.from({ length: 128 }, (_, byte) => String.fromCharCode(byte));
  const tokens = names.map(encodeToken);
  assert.equal(new Set(tokens).size, names.length);
  assert.deepEqual(tokens.map(decodeToken), names);
  for (const token of tokens) assert.match(token, /^[A-Za-z0-9=_-]+$/);
});

test('any text reads back', () => {
  const isText = (text: string) => text !== '' && text.isWellFormed();
  fc.assert(
    fc.property(anyText.filter(isText), (text) =>
      assert.equal(decodeToken(encodeToken(text)), text),
    ),
  );
});

test('any two names have two tokens', () => {
  const name = fc.string({ minLength: 1, maxLength: 6, unit: fc.constantFrom(...'aA.=2Ee_-') });
  fc.assert(
    fc.property(name, name, (one, other) =>
      assert.equal(encodeToken(one) === encodeToken(other), one === other),
    ),
  );
});

test('a token that nothing is encoded as stands for nothing', () => {
  for (const token of ['', '=2e', '=2', '=41', 'a=', 'a.b', 'ä', '=FF', '=GG']) {
    assert.equal(decodeToken(token), undefined, token);
  }
});

test('the longest name and names that differ in case have subjects of their own', () => {
  const hosts = ['a'.repeat(240), `w${'.'.repeat(239)}`, 'WEB', 'web', 'Web'];
  const subjects = hosts.map((host) => outputSubject('prod', parseHostName(host)));
  assert.equal(new Set(subjects).size, hosts.length);
  assert.deepEqual(
    subjects.map((subject) => readOutputSubject(subject)?.host),
    hosts,
  );
  assert.deepEqual(
    subjects.map((subject) => subject.split('.').length),
    [4, 4, 4, 4, 4],
  );
});

test('a site is one token, too', () => {
  assert.equal(outputSubjects('my.site'), 'courier.my=2Esite.output.*');
  const subject = outputSubject('my.site', parseHostName('web01'));
  assert.deepEqual(readOutputSubject(subject), { site: 'my.site', host: 'web01' });
});

test('a subject of anything else is nobodys', () => {
  const subjects = [
    '',
    'courier.a.output',
    'courier.a.output.b.c',
    'x.a.output.b',
    'courier.a.b.c',
  ];
  for (const subject of [...subjects, 'courier.a.output.*', 'courier.a.output.=2Fx']) {
    assert.equal(readOutputSubject(subject), undefined, subject);
  }
});
