/** `cmk-courier updates keys` and the first root. */

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { Secret } from '../../src/secrets/secrets.ts';
import { openFirstRoot } from '../../src/updates/documents/root-chain.ts';
import { unlockKey } from '../../src/updates/keys/key-file.ts';
import { findKey } from '../../src/updates/keys/key-ring.ts';
import { readCommandLines } from '../helpers/command-lines.ts';
import { skipWithout } from '../helpers/required-peer.ts';
import { makeUpdateServer, passphrase, plantKey } from './server-kit.ts';

test('the first root is made by one command: one key, and a stamp key that is bare', async (t) => {
  const server = await makeUpdateServer(t);
  const { places } = server;
  const output = await server.must('root', 'init', '--server=https://site.example:8444/');
  const bytes = await readFile(join(places.roots, '1.root'));
  const root = await openFirstRoot(bytes);
  assert.deepEqual(root.thresholds, { root: 1, release: 1, stamp: 1 });
  assert.deepEqual(root.servers, ['https://site.example:8444']);
  assert.deepEqual(
    root.keys.map(({ roles }) => roles.join()),
    ['root,release', 'stamp'],
  );
  const digest = createHash('sha256').update(bytes).digest('hex');
  assert.ok(output.includes(`SHA-256 of root 1: ${digest}\none key decides: `), output);
  const bare = await readdir(places.directory, { recursive: true });
  const texts = await Promise.all(
    bare.map(async (name) => {
      const path = join(places.directory, name);
      return (await stat(path)).isFile() ? [name, await readFile(path, 'latin1')] : [name, ''];
    }),
  );
  const open = texts.filter(([, text = '']) => text.includes('PRIVATE KEY')).map(([name]) => name);
  assert.deepEqual(open, ['stamp.key']);
  assert.equal((await stat(places.stampKey)).mode & 0o777, 0o600);
  const again = await server.runSigning('root', 'init', '--server=https://other.example');
  assert.equal(again.code, 2);
  assert.match(again.errors, /there is root 1 in .* already \(USAGE\)\n$/);
});

test('KM-3: a key gets another passphrase, and the old one opens it no more', async (t) => {
  const server = await makeUpdateServer(t);
  await plantKey(server, 'ada', 'root1');
  const fresh = join(server.places.directory, '..', 'fresh');
  await writeFile(fresh, 'another passphrase altogether\n', { mode: 0o600 });
  const change = ['keys', 'passphrase', 'ada', `--new-passphrase-file=${fresh}`];
  assert.equal(await server.must(...change), 'ada has another passphrase\n');
  const again = await server.runSigning(...change);
  const line =
    /^cmk-courier: updates keys passphrase: the key ada: the passphrase is wrong, or the file was changed \(REFUSED\)\n$/;
  assert.match(again.errors, line);
  assert.equal(again.code, 7);
  const shown = await server.run('keys', 'list');
  assert.match(shown.output, /^ada {10}not trusted {3}SHA256:\S+, to be replaced by 2028-11-01\n$/);
});

test('KM-1: without a terminal, a file or a descriptor there is no passphrase, and a short one is refused', async (t) => {
  const server = await makeUpdateServer(t);
  await writeFile(server.passphraseFile, 'too short\n');
  const short = await server.runSigning('keys', 'create', 'ada');
  assert.match(
    short.errors,
    /the passphrase for ada must have at least 12 characters \(USAGE\)\n$/,
  );
  const { code, errors } = await server.run('keys', 'create', 'ada', '--passphrase=x');
  assert.deepEqual([code, errors.includes(passphrase)], [2, false]);
  assert.match(errors, /unknown option "--passphrase"; is --passphrase-file meant\?/);
});

test('KM-1: a passphrase is typed twice, and neither shown nor an argument', {
  skip: skipWithout('script'),
}, async (t) => {
  const { places } = await makeUpdateServer(t);
  const line = `${process.execPath} src/bin.ts updates keys create ada --dir=${places.directory}`;
  const child = spawn('script', ['-qec', line, '/dev/null'], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  let shown = '';
  const seen: string[] = [];
  let answered = 0;
  child.stdout.on('data', async (chunk: Buffer) => {
    shown += chunk.toString();
    const asked = shown.match(/(passphrase for ada|the same again): /g)?.length ?? 0;
    while (answered < asked) {
      answered += 1;
      child.stdin.write(`x\x7f${passphrase}\r`);
      seen.push(...(await readCommandLines()));
    }
  });
  const [code] = await once(child, 'close');
  assert.equal(code, 0, shown);
  assert.match(shown, /^new passphrase for ada: \r\nthe same again: \r\nmade ada SHA256:\S+\r\n/);
  assert.equal(
    seen.some((arguments_) => arguments_.includes(passphrase)),
    false,
  );
  assert.ok(seen.some((arguments_) => arguments_.includes('keys create ada')));
  const key = await findKey(places, 'ada');
  assert.ok(key && (await unlockKey(key, new Secret(passphrase))));
});
