/** What hosts trust, from one root to the next: thresholds, rotation, theft, other machines. */

import assert from 'node:assert/strict';
import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import './cheap-scrypt.ts';
import { parseHostName } from '../../src/names/host-name.ts';
import { openFirstRoot, openNextRoot } from '../../src/updates/documents/root-chain.ts';
import { writeTarget } from '../../src/updates/documents/target.ts';
import { openDocument } from '../../src/updates/documents/verifying.ts';
import { readStampKey } from '../../src/updates/keys/stamp-key.ts';
import { requireNewestRoot } from '../../src/updates/repository/root-files.ts';
import { StampSigner } from '../../src/updates/signing/stamps.ts';
import { expectFault } from '../helpers/expect-fault.ts';
import { assertDocument } from '../helpers/json-document.ts';
import {
  makeReadyServer,
  makeUpdateServer,
  plantHost,
  plantKey,
  plantPlan,
  publishedTarget,
  type UpdateServer,
} from './server-kit.ts';
import { aTarget, signDocument } from './update-kit.ts';

async function newestRoot({ places }: UpdateServer) {
  return (await requireNewestRoot(places)).root;
}

/** Follows all roots as a host would that has the first one. */
async function walk({ places }: UpdateServer): Promise<number> {
  let root = await openFirstRoot(await readFile(join(places.roots, '1.root')));
  for (;;) {
    const bytes = await readFile(join(places.roots, `${root.version + 1}.root`)).catch(() => null);
    if (bytes === null) return root.version;
    root = await openNextRoot(bytes, root);
  }
}

async function release(server: UpdateServer, ...words: readonly string[]): Promise<void> {
  await server.must('sign', ...words);
  const { code, errors } = await server.run('publish');
  assert.equal(code, 0, errors);
}

test('one command goes from one key to two of three, and a host of any age follows', async (t) => {
  const server = await makeReadyServer(t);
  await plantKey(server, 'bob', 'root2');
  await plantKey(server, 'eve', 'root3');
  const output = await server.must('root', 'threshold', '2', 'main', 'bob', 'eve');
  assert.match(output, /\n {2}root: 2 keys have to sign\n {2}release: 2 keys have to sign\n/);
  assert.match(output, /\nroot 2 holds now, until 2028-11-27\n$/);
  const { thresholds, keys } = await newestRoot(server);
  assert.deepEqual(thresholds, { root: 2, release: 2, stamp: 1 });
  assert.equal(keys.filter(({ roles }) => roles.includes('root')).length, 3);
  const alone = await server.must('root', 'renew', '--key=main');
  assert.match(
    alone,
    /\nroot 3 waits: 1 of 2 signatures of root 2; .*1 of 2 signatures of root 3; /,
  );
  assert.equal((await newestRoot(server)).version, 2);
  assert.match(await server.must('root', 'sign', '--key=eve'), /\nroot 3 holds now/);
  assert.equal(await walk(server), 3);
});

test('KM-4: a key is replaced while hosts go on, and dropped only when the last one has the new root', async (t) => {
  const server = await makeReadyServer(t);
  await plantKey(server, 'fresh', 'root2');
  await plantPlan(server, ['web01', 'web02', 'web03']);
  await release(server);
  for (const host of ['web01', 'web02', 'web03']) {
    await plantHost(server, host, { rootVersion: 1, counter: 1 });
  }
  assert.match(
    await server.must('keys', 'rotate', 'main', 'fresh'),
    /\nroot 2 holds now, until 2028-11-27\nnext: `cmk-courier updates sign --all`/,
  );
  const early = await server.must('keys', 'rotate', 'main', 'fresh');
  assert.match(
    early,
    /^main is still needed: 3 hosts have no root yet .*; the published targets of 3 hosts need it; /,
  );
  await release(server, '--all');
  for (const host of ['web01', 'web02'])
    await plantHost(server, host, { rootVersion: 2, counter: 2 });
  const waiting =
    'main is still needed: 1 host has no root yet that does without it: web03 (root 1)\n';
  assert.equal(await server.must('keys', 'rotate', 'main', 'fresh'), waiting);
  const dropped = await server.runSigning('root', 'drop-key', 'main');
  assert.match(
    dropped.errors,
    /main is still needed: 1 host has no root yet .*web03 \(root 1\) \(REFUSED\)\n$/,
  );
  const wrong = await server.runSigning('root', 'drop-key', 'main', '--force', '--confirm=mian');
  assert.match(wrong.errors, /nothing is changed: that is not main \(REFUSED\)\n$/);
  await plantHost(server, 'web03', { rootVersion: 2, counter: 2 });
  const done = await server.must('keys', 'rotate', 'main', 'fresh');
  assert.match(done, /\nfresh has replaced main; its file can be destroyed\n$/);
  assert.equal((await publishedTarget(server, 'web03'))?.counter, 2);
  assert.equal(await walk(server), 3);
  assert.equal(await server.must('sign'), 'nothing to sign: all targets are as they should\n');
});

test('KM-4: a typed name drops a key although hosts depend on it', async (t) => {
  const server = await makeReadyServer(t);
  await plantKey(server, 'fresh', 'root2');
  await plantHost(server, 'web01', { rootVersion: 1, counter: 0 });
  await server.must('root', 'add-key', 'fresh');
  await server.must('root', 'drop-key', 'main', '--force', '--confirm=main');
  assert.equal((await newestRoot(server)).keys.length, 2);
});

test('KM-5: what a stolen key signed is believed before, and no more once it is revoked', async (t) => {
  const server = await makeReadyServer(t);
  await plantKey(server, 'fresh', 'root2');
  await plantPlan(server, ['web01']);
  await release(server);
  await plantHost(server, 'web01', { rootVersion: 1, counter: 1 });
  const forged = signDocument(writeTarget(aTarget({ counter: 999_999_999_999_999 })), ['root1']);
  await openDocument(forged, 'target', await newestRoot(server));
  const alone = await server.runSigning('keys', 'revoke', 'main');
  assert.match(
    alone.errors,
    /1 have to sign as root, and it has 0 keys for that; add a key first, or in the same step \(USAGE\)\n$/,
  );
  const output = await server.must('keys', 'revoke', 'main', '--replacement=fresh');
  assert.match(output, /\n {2}counters below 1 are refused\n/);
  assert.match(
    output,
    /\nwhat is left to do:\n {2}1\. sign everything anew: .*\n {2}2\. until they ask again, 1 still believe it: web01\n/,
  );
  const root = await newestRoot(server);
  await expectFault(
    openDocument(forged, 'target', root),
    'REFUSED',
    /0 trusted keys have signed it/,
  );
  assert.equal(root.floorCounter, 1);
  assert.match(
    (await server.run('publish')).errors,
    /hosts would not believe the target of web01; /,
  );
  await release(server);
  assert.equal((await publishedTarget(server, 'web01'))?.counter, 2);
});

test('KM-6: the end of root, key and targets is warned of 90 and 20 days before', async (t) => {
  const server = await makeReadyServer(t);
  await plantPlan(server, ['web01']);
  await release(server);
  const warnings = async () => {
    const { output } = await server.run('root', 'show');
    return output.split('\n').filter((line) => /^(warning|critical)/.test(line));
  };
  assert.deepEqual(await warnings(), []);
  server.clock.advance(300 * 86_400_000);
  assertDocument('updates root show', (await server.run('root', 'show', '--json')).output);
  const targets = 'the first of the published targets ends in 65 days; `cmk-courier updates sign`';
  assert.deepEqual(await warnings(), [`warning: ${targets}`]);
  server.clock.advance(350 * 86_400_000);
  assert.deepEqual(await warnings(), [
    'critical: the first of the published targets ended 285 days ago; `cmk-courier updates sign`',
    'warning: the key main ends in 53 days; `cmk-courier updates keys rotate main NEW`',
    'warning: root 1 ends in 80 days; `cmk-courier updates root renew`',
  ]);
  server.clock.advance(200 * 86_400_000);
  await server.must('root', 'renew');
  await release(server);
  assert.deepEqual(await warnings(), [
    'critical: the key main ended 147 days ago; `cmk-courier updates keys rotate main NEW`',
  ]);
});

test('KM-7: the stamp key is replaced by a root, and the old one is good for nothing then', async (t) => {
  const server = await makeReadyServer(t);
  const { places, clock } = server;
  const signer = new StampSigner(places, clock);
  const request = {
    host: parseHostName('web01'),
    nonce: undefined,
    decision: 'none',
    target: undefined,
    intervalSeconds: 3600,
  } as const;
  const old = await signer.sign(request);
  const before = (await readStampKey(places)).id;
  await server.must('root', 'stamp-key');
  assert.notEqual((await readStampKey(places)).id, before);
  assert.equal((await stat(places.stampKey)).mode & 0o777, 0o600);
  const root = await newestRoot(server);
  await openDocument(await signer.sign(request), 'stamp', root);
  await expectFault(openDocument(old, 'stamp', root), 'REFUSED');
});

test('KM-7: a stamp key that was only drafted takes no place', async (t) => {
  const server = await makeReadyServer(t);
  const before = (await readStampKey(server.places)).id;
  await server.must('root', 'stamp-key', '--draft');
  assert.equal((await readStampKey(server.places)).id, before);
  await server.run('root', 'discard');
  await server.must('root', 'renew');
  assert.equal((await readStampKey(server.places)).id, before);
});

test('a root is signed on machines that have nothing but a key, and shows all it says there', async (t) => {
  const server = await makeReadyServer(t);
  const elsewhere = await makeUpdateServer(t);
  await plantKey(elsewhere, 'bob', 'root2');
  const path = (name: string) => join(server.places.directory, '..', name);
  const { output } = await elsewhere.run('keys', 'export', 'bob');
  await writeFile(path('bob.pub'), output);
  await server.must('root', 'threshold', '2', 'main', path('bob.pub'));
  assert.equal((await newestRoot(server)).version, 1);
  await server.run('root', 'sign', `--export=${path('root')}`);
  const shown = await elsewhere.must(
    'root',
    'sign',
    `--batch=${path('root')}`,
    `--output=${path('signed')}`,
  );
  assert.match(
    shown,
    /^root 2, all of it:\n {2}trusts SHA256:\S+ as root, release\n {2}trusts SHA256:\S+ as stamp\n {2}trusts bob \(SHA256:\S+\) as root, release\n/,
  );
  const taken = await server.run('root', 'sign', `--import=${path('signed')}`);
  assert.match(taken.output, /\nroot 2 holds now/);
  assert.match(
    (await server.run('keys', 'list')).output,
    /^bob {10}root,release {2}SHA256:\S+, elsewhere$/m,
  );
});

test('targets are signed for the next root beforehand, so that no host refuses anything', async (t) => {
  const server = await makeReadyServer(t);
  await plantKey(server, 'bob', 'root2');
  await plantPlan(server, ['web01']);
  await release(server);
  await server.must('root', 'threshold', '2', 'main', 'bob', '--draft');
  await release(server, '--all');
  const output = await server.must('root', 'sign');
  assert.match(output, /\nroot 2 holds now, until 2028-11-27\n$/);
  assert.equal((await publishedTarget(server, 'web01'))?.counter, 2);
  assert.equal(await server.must('sign'), 'nothing to sign: all targets are as they should\n');
});

test('servers and authorities are changed by a root, and what cannot be in one is refused', async (t) => {
  const server = await makeReadyServer(t);
  await server.must('root', 'server', 'https://new.example:8444/', 'https://site.example:8444');
  assert.deepEqual((await newestRoot(server)).servers, [
    'https://new.example:8444',
    'https://site.example:8444',
  ]);
  for (const url of ['ftp://x', 'https://u:p@x', 'https://x/$(id)', 'https://x?a', 'https://x y']) {
    const { code, errors } = await server.runSigning('root', 'server', url);
    assert.equal(code, 2, url);
    assert.match(errors, /an address must be an address such as https:\/\/site\.example:8444/);
  }
});
