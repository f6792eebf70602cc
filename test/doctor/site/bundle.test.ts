/** `doctor site --bundle`: what is in it, and what must not be. */

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { readTar } from '../../../src/setup/packages/tar-reader.ts';
import { makeStatus } from '../../collector/statuses.ts';
import { Installation } from './installations.ts';

/** Letters only, as people choose them. */
function makeWord(): string {
  return [...randomBytes(12)].map((byte) => String.fromCharCode(97 + (byte % 26))).join('');
}

function unpack(path: string): ReadonlyMap<string, string> {
  const members = readTar(gunzipSync(readFileSync(path)));
  return new Map(members.map(({ name, bytes }) => [name, bytes.toString()]));
}

const names = [
  'report.json',
  'report.txt',
  'versions.txt',
  'configuration/routes.yaml',
  'configuration/receiver.yaml',
  'logs/cmk-courier-collect.log',
  'contents.txt',
].map((name) => `cmk-courier-doctor/${name}`);

test('a secret of the run is nowhere: not in the text, the document, or the bundle', async (t) => {
  const word = makeWord();
  const random = randomBytes(24).toString('base64url');
  const installation = await Installation.make(t);
  installation
    .file('password', `${word}\n`, 0o600)
    .routes(
      `# the old password was ${word}`,
      'routes:',
      `  - { hosts: web01.example.com, sources: [{ uri: 'https://depot.example.com/{host}', user: me, passwordFile: '${installation.path('password')}' }] }`,
    )
    .receiver('listen: 192.0.2.77:8000', `# ${random}`)
    .file(
      'var/log/cmk-courier-collect.log',
      `${[
        `{"level":"warn","msg":"the peer says ${word}"}`,
        `{"level":"warn","authorization":"Bearer xy${random}"}`,
        `{"level":"warn","msg":"https://me:zz${word}@192.0.2.5/ was refused, password=aa${random}"}`,
        `-----BEGIN PRIVATE KEY-----\n${random}\n-----END PRIVATE KEY-----`,
      ].join('\n')}\n`,
    );
  await installation.collector(makeStatus([], { readyFault: `disk says ${word}` }));
  for (const args of [[], ['--json'], ['--facts']]) {
    const { output, errors } = await installation.run(...args);
    assert.ok(output.length > 0);
    for (const secret of [word, random]) assert.ok(!`${output}${errors}`.includes(secret), output);
  }
  const path = installation.path('bundle.tar.gz');
  await installation.run(`--bundle=${path}`);
  const packed = unpack(path);
  assert.deepEqual([...packed.keys()], names);
  for (const [name, text] of packed) {
    for (const secret of [word, random]) assert.ok(!text.includes(secret), `${name}: ${text}`);
    for (const own of ['mysite', '192.0.2.', 'depot.example.com', 'web01.example.com']) {
      assert.ok(!text.includes(own), `${name} has ${own}: ${text}`);
    }
  }
  const log = packed.get('cmk-courier-doctor/logs/cmk-courier-collect.log') ?? '';
  assert.match(log, /^\{"level":"warn","msg":"the peer says \[secret\]"\}$/m);
  assert.match(log, /"https:\/\/\[secret\]@address-\d+\/ was refused, password=\[secret\]"/);
});

test('the bundle is for its owner alone, replaces nothing, and lists what it has', async (t) => {
  const installation = (await Installation.make(t)).routes('routes: []');
  installation.file('var/log/cmk-courier-collect.log', 'line\n'.repeat(1000));
  const path = installation.path('bundle.tar.gz');
  const { output } = await installation.run(`--bundle=${path}`);
  assert.equal(statSync(path).mode & 0o777, 0o600);
  const packed = unpack(path);
  const list = [...packed].map(
    ([name, text]) => `  ${String(Buffer.byteLength(text)).padStart(8)}  ${name}`,
  );
  assert.equal(output.slice(output.indexOf(`\n${path}:`)), `\n${path}:\n${list.join('\n')}\n`);
  const log = packed.get('cmk-courier-doctor/logs/cmk-courier-collect.log');
  assert.equal(log, 'line\n'.repeat(200));
  writeFileSync(path, 'mine');
  const again = await installation.run('--quiet', `--bundle=${path}`);
  assert.equal(again.exit, 4);
  assert.match(again.errors, /^cmk-courier: doctor: writing --bundle \S+: .*\(LOCAL\)\n$/);
  assert.equal(readFileSync(path, 'utf8'), 'mine');
  const elsewhere = installation.path('nowhere/b.tar.gz');
  assert.equal((await installation.run('--quiet', `--bundle=${elsewhere}`)).exit, 4);
  assert.ok(!existsSync(elsewhere));
});
