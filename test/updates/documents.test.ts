/** Root, target and stamp: written, signed, opened and refused. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openFirstRoot, openNextRoot } from '../../src/updates/documents/root-chain.ts';
import { readStamp, writeStamp } from '../../src/updates/documents/stamp.ts';
import { readTarget, writeTarget } from '../../src/updates/documents/target.ts';
import { openDocument } from '../../src/updates/documents/verifying.ts';
import { expectFault } from '../helpers/expect-fault.ts';
import { aRoot, aStamp, aTarget, fixtureKey, signDocument, toRootFile } from './update-kit.ts';

test('CR-3: root, target and stamp are read as they were written', async () => {
  assert.deepEqual(readTarget(writeTarget(aTarget())), aTarget());
  const keep = { ...aTarget(), action: 'keep', package: undefined } as const;
  assert.deepEqual(readTarget(writeTarget(keep)), keep);
  assert.deepEqual(readStamp(writeStamp(aStamp())), aStamp());
  const none = { ...aStamp(), nonce: undefined, target: undefined, decision: 'none' } as const;
  assert.deepEqual(readStamp(writeStamp(none)), none);
  assert.deepEqual(await openFirstRoot(toRootFile(aRoot(), ['root1'])), aRoot());
});

test('CR-1: a root with a key that is too weak, or has another exponent, is refused', async () => {
  for (const [name, how] of [
    ['weak', /an RSA key of 1024 bits; from 3072 to 8192 are allowed/],
    ['e3', /an RSA key with the exponent 3; only 65537 is allowed/],
  ] as const) {
    const root = aRoot({
      keys: [...aRoot().keys, { ...fixtureKey(name).trusted, roles: ['release'] }],
    });
    await expectFault(openFirstRoot(toRootFile(root, ['root1'])), 'REFUSED', how);
  }
});

test('a target counts once enough distinct keys that hold the role have signed it', async () => {
  const root = aRoot({ thresholds: { root: 1, release: 2, stamp: 1 } });
  const payload = writeTarget(aTarget());
  const open = (...names: readonly string[]) =>
    openDocument(signDocument(payload, names), 'target', root);
  assert.deepEqual(await open('release1', 'release2'), payload);
  assert.deepEqual(await open('foreign', 'release1', 'stamp1', 'release2'), payload);
  for (const names of [['release1'], ['release1', 'release1'], ['release1', 'foreign', 'root1']]) {
    const how = /a target that is not to be believed: 1 trusted key has signed it, not 2/;
    await expectFault(open(...names), 'REFUSED', how);
  }
});

test('a root follows the one before it when the keys of both have signed', async () => {
  const first = aRoot();
  const { trusted } = fixtureKey('root2');
  const keys = [...first.keys.slice(1), { ...trusted, roles: ['root'] as const }];
  const second = aRoot({ version: 2, keys });
  assert.deepEqual(await openNextRoot(toRootFile(second, ['root1', 'root2']), first), second);
  for (const names of [['root1'], ['root2']]) {
    await expectFault(
      openNextRoot(toRootFile(second, names), first),
      'REFUSED',
      /not to be believed/,
    );
  }
  const third = toRootFile({ ...second, version: 3 }, ['root1', 'root2']);
  await expectFault(openNextRoot(third, first), 'REFUSED', /root 3 cannot follow root 1/);
});
