import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { test } from 'node:test';
import {
  compareKeys,
  fingerprintOf,
  toKnownName,
  withKeys,
} from '../../src/openssh/known-hosts.ts';
import { parseLogin } from '../../src/openssh/login.ts';

const ed25519 = { type: 'ssh-ed25519', key: 'AAAAone=' };
const newEd25519 = { type: 'ssh-ed25519', key: 'AAAAtwo=' };
const rsa = { type: 'ssh-rsa', key: 'AAAArsa=' };

const statesOf = (text: string, ...shown: (typeof rsa)[]) =>
  compareKeys(shown, text, 'web01').map(({ state }) => state);

test('the name is that of ssh: lower case, with the port unless it is 22', () => {
  assert.equal(toKnownName(parseLogin('Web01')), 'web01');
  assert.equal(toKnownName(parseLogin('web01:22')), 'web01');
  assert.equal(toKnownName(parseLogin('mon@web01:2222')), '[web01]:2222');
  assert.equal(toKnownName(parseLogin('[2001:DB8::1]')), '2001:db8::1');
});

test('a fingerprint is that of ssh-keygen', () => {
  const key = 'AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl';
  const known = 'SHA256:+DiY3wvvV6TuJJhbpZisF/zLDA0zPMSvHdkr4UvCOqU';
  assert.equal(fingerprintOf({ type: 'ssh-ed25519', key }), known);
});

test('keys are new, known or changed by what is recorded of that name', () => {
  assert.deepEqual(statesOf('', ed25519, rsa), ['new', 'new']);
  assert.deepEqual(statesOf('web02 ssh-ed25519 AAAAone=\n', ed25519), ['new']);
  assert.deepEqual(statesOf('web01 ssh-ed25519 AAAAone=\n', ed25519, rsa), ['known', 'new']);
  assert.deepEqual(statesOf('web01 ssh-ed25519 AAAAone=\n', newEd25519), ['changed']);
  assert.deepEqual(statesOf('web01 ssh-ed25519 AAAAone=\n', rsa), ['changed']);
  assert.deepEqual(statesOf('x,WEB01,y ssh-ed25519 AAAAone= a b\n', ed25519), ['known']);
  assert.deepEqual(statesOf('# web01 ssh-ed25519 AAAAone=\n', ed25519), ['new']);
  assert.deepEqual(statesOf('@revoked web01 ssh-ed25519 AAAAone=\n', ed25519), ['new']);
});

test('a hashed name is found', () => {
  const salt = Buffer.from('01234567890123456789');
  const sum = createHmac('sha1', salt).update('web01').digest('base64');
  const line = `|1|${salt.toString('base64')}|${sum} ssh-ed25519 AAAAone=\n`;
  assert.deepEqual(statesOf(line, ed25519), ['known']);
  const changed = compareKeys([newEd25519], line, 'web01');
  assert.equal(withKeys(line, 'web01', changed), 'web01 ssh-ed25519 AAAAtwo=\n');
});

test('new keys are added behind all that is there', () => {
  const text = '# mine\nweb02 ssh-rsa AAAAx=';
  const added = withKeys(text, 'web01', compareKeys([ed25519, rsa], text, 'web01'));
  const lines = [
    '# mine',
    'web02 ssh-rsa AAAAx=',
    'web01 ssh-ed25519 AAAAone=',
    'web01 ssh-rsa AAAArsa=',
  ];
  assert.equal(added, `${lines.join('\n')}\n`);
});

test('a changed key takes the place of all keys of that name', () => {
  const text =
    'web01 ssh-ed25519 AAAAone=\nweb01,web02 ssh-rsa AAAAold= c\n@revoked * ssh-rsa AAAAx=\n';
  const replaced = withKeys(text, 'web01', compareKeys([newEd25519], text, 'web01'));
  const lines = [
    'web02 ssh-rsa AAAAold= c',
    '@revoked * ssh-rsa AAAAx=',
    'web01 ssh-ed25519 AAAAtwo=',
  ];
  assert.equal(replaced, `${lines.join('\n')}\n`);
});
