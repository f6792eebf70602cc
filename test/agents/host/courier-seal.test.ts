import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createPrivateKey } from 'node:crypto';
import { once } from 'node:events';
import {
  chmodSync,
  chownSync,
  copyFileSync,
  cpSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { gunzipSync } from 'node:zlib';
import {
  fingerprintOf,
  keyVerifier,
  secretVerifier,
  type Verifier,
} from '../../../src/sealing/keys.ts';
import { openBody, verifyDrop } from '../../../src/sealing/opening.ts';
import { testInShells } from './courier-agent-shells.ts';
import {
  keysOf,
  output,
  publicKeyOf,
  runSeal,
  type Sealer,
  sealFile,
} from './courier-seal-shells.ts';

const secret = 'c0ffee0123456789abcdef'.padEnd(64, '7');

/** Opens a drop, and says who sealed what. */
async function open(drop: Buffer, verifier: Verifier, sites: readonly string[] = []) {
  const verified = verifyDrop(drop, [verifier]);
  const siteKeys = await Promise.all(
    sites.map(async (site) => ({
      id: (await keyVerifier(publicKeyOf(site))).id,
      key: createPrivateKey(readFileSync(join(keysOf(site), 'key.pem'))),
    })),
  );
  const body = await openBody(verified, async () => siteKeys);
  const { host, produced, contentEncoding } = verified.header;
  return { host, produced, output: contentEncoding === 'gzip' ? gunzipSync(body) : body };
}

/** Seals, and expects nothing to be said and nothing to be left behind. */
function seal(sealer: Sealer, args: readonly string[], input: Buffer | string = output): Buffer {
  const { status, stdout, stderr } = runSeal(sealer, args, input);
  assert.deepEqual([status, stderr.toString()], [0, '']);
  assert.deepEqual(readdirSync(join(sealer.root, 'tmp')), []);
  return stdout;
}

testInShells('a drop is what the site opens', async (shell, { root }) => {
  const sealer = { shell, root };
  const verifier = await keyVerifier(publicKeyOf('host'));
  const args = [`--keys=${keysOf('host')}`, '--host=web01', '--produced=20261127233137'];
  const drop = seal(sealer, args);
  const opened = { host: 'web01', produced: '20261127233137', output };
  assert.deepEqual(await open(drop, verifier), opened);
  const plain = seal(sealer, [...args, '--encoding=identity']);
  assert.ok(plain.subarray(-output.length).equals(output));
  assert.deepEqual(await open(plain, verifier), opened);
});

testInShells('each site it is encrypted for opens it, and no other', async (shell, { root }) => {
  const sealer = { shell, root };
  const verifier = await keyVerifier(publicKeyOf('host'));
  const recipients = ['first', 'second'].map((site) => `--recipient=${keysOf(site)}/key.pub`);
  const drop = seal(sealer, [`--keys=${keysOf('host')}`, '--host=web01', ...recipients]);
  for (const site of ['first', 'second']) {
    assert.deepEqual((await open(drop, verifier, [site])).output, output);
  }
  await assert.rejects(open(drop, verifier, ['host']), { code: 'REFUSED' });

  // Public keys of sites that lie beside the own key need no option.
  const keys = join(root, 'keys');
  cpSync(keysOf('host'), keys, { recursive: true });
  copyFileSync(join(keysOf('first'), 'key.pub'), join(keys, 'site-one.pub'));
  const again = seal(sealer, [`--keys=${keys}`, '--host=web01']);
  assert.deepEqual((await open(again, verifier, ['first'])).output, output);
});

testInShells('a shared secret seals without openssl', async (shell, { root }) => {
  const keys = join(root, 'keys');
  const { status, stdout, stderr } = runSeal(
    { shell, root },
    ['init', '--secret', `--keys=${keys}`],
    `${secret}\r\n`,
  );
  const verifier = await secretVerifier(secret);
  const said = `fingerprint: ${fingerprintOf(verifier.id)}\n`;
  assert.deepEqual([status, stdout.toString(), stderr.toString()], [0, '', said]);
  for (const name of readdirSync(keys)) {
    assert.ok(!readFileSync(join(keys, name)).includes(secret), name);
    assert.equal(statSync(join(keys, name)).mode & 0o077, 0, name);
  }
  const drop = seal({ shell, root }, [`--keys=${keys}`, '--host=web01', '--produced=@0']);
  assert.deepEqual(await open(drop, verifier), {
    host: 'web01',
    produced: '19700101000000',
    output,
  });
});

testInShells('seconds since 1970 become the stamp of that moment', (shell, { root }) => {
  const moments = ['1999-12-31T23:59:59Z', '2024-02-29T12:00:01Z', '2026-11-27T23:31:37Z'];
  for (const moment of [...moments, '2038-01-19T03:14:08Z', '2100-03-01T00:00:00Z']) {
    const seconds = Date.parse(moment) / 1000;
    const drop = seal({ shell, root }, [`--keys=${keysOf('host')}`, `--produced=@${seconds}`]);
    const [, stamp] = /^produced (\d+)$/m.exec(drop.toString('latin1')) ?? [];
    assert.equal(stamp, moment.replace(/\D/g, ''));
  }
});

testInShells('init keeps the key there is, and shows what to enroll', async (shell, { root }) => {
  const keys = join(root, 'keys');
  mkdirSync(keys, { mode: 0o700 });
  copyFileSync(join(keysOf('host'), 'key.pem'), join(keys, 'key.pem'));
  chmodSync(join(keys, 'key.pem'), 0o600);
  const { id } = await keyVerifier(publicKeyOf('host'));
  const said = `fingerprint: ${fingerprintOf(id)}\n`;
  for (const verb of ['init', 'show', 'init']) {
    const { status, stdout, stderr } = runSeal({ shell, root }, [verb, `--keys=${keys}`], '');
    assert.deepEqual([status, stderr.toString()], [0, said]);
    assert.ok(stdout.equals(publicKeyOf('host')));
  }
  assert.deepEqual(readdirSync(keys).sort(), ['key.id', 'key.pem', 'key.pub']);
  assert.equal(statSync(join(keys, 'key.pem')).mode & 0o077, 0);
});

type Case = readonly [args: readonly string[], code: number, line: string, input?: string];

/** Expects each to end with its code and line, and to leave nothing. */
function refuse({ shell, root }: Sealer, cases: readonly Case[]): void {
  for (const [args, code, line, input] of cases) {
    const { status, stdout, stderr } = runSeal({ shell, root }, args, input ?? output);
    const said = `courier-seal: ${line}\n`;
    assert.deepEqual([status, stderr.toString(), stdout.length], [code, said, 0], args.join(' '));
  }
  assert.deepEqual(readdirSync(join(root, 'tmp')), []);
}

testInShells('what is wrong is said in one line, with a code of its own', (shell, { root }) => {
  const time = '--produced must look like 20261127233137 or @1795822297';
  writeFileSync(join(root, 'junk.pub'), 'junk\n');
  const keys = `--keys=${keysOf('host')}`;
  const junk = `openssl cannot read the public key ${root}/junk.pub`;
  refuse({ shell, root }, [
    [['x'], 2, 'unknown argument "x", see --help'],
    [['--colour=red'], 2, 'unknown argument "--colour=red", see --help'],
    [['--keys=relative'], 2, '--keys must be an absolute path of plain characters'],
    [['--encoding=zip'], 2, '--encoding must be gzip or identity'],
    [['--secret'], 2, '--secret goes with init'],
    [['--produced=soon'], 2, time],
    [['--produced=@1e9'], 2, time],
    [['--produced=2026112723313'], 2, time],
    [['--host=../x'], 2, 'not a host name Checkmk would accept: "../x"'],
    [['--recipient=/nowhere'], 4, '--recipient: cannot read /nowhere'],
    [[keys], 9, 'there is nothing to seal on standard input', ''],
    [[keys, `--recipient=${root}/junk.pub`], 4, junk],
  ]);
});

testInShells('a key that others could have seen or put there is not used', (shell, { root }) => {
  const copyKeys = (name: string) => {
    cpSync(keysOf('host'), join(root, name), { recursive: true });
    return join(root, name);
  };
  const [good, open_, torn] = [copyKeys('good'), copyKeys('open'), copyKeys('torn')];
  const [none, shared] = [join(root, 'none'), join(root, 'shared')];
  mkdirSync(none);
  mkdirSync(shared);
  chmodSync(join(open_, 'key.pem'), 0o640);
  chmodSync(shared, 0o777);
  writeFileSync(join(torn, 'key.id'), 'abc\n');
  const missing = `there is no key of this host in ${none}: courier-seal init makes one`;
  const noSecret = 'a secret is 64 hexadecimal digits';
  const init = ['init', '--secret'];
  refuse({ shell, root }, [
    [[`--keys=${none}`], 4, missing],
    [[`--keys=${none}/x`], 4, missing.replace(none, `${none}/x`)],
    [[`--keys=${open_}`], 4, `others may read ${open_}/key.pem; it must be of mode 0600`],
    [[`--keys=${shared}`], 4, `others may write to ${shared}`],
    [
      [`--keys=${torn}`],
      4,
      `${torn}/key.id is missing or damaged: courier-seal init makes it anew`,
    ],
    [[...init, `--keys=${none}`], 2, noSecret, 'too short\n'],
    [[...init, `--keys=${none}`], 2, noSecret, `${'g'.repeat(64)}\n`],
    [
      [...init, `--keys=${good}`],
      4,
      `there is a key in ${good} already: move it away first`,
      secret,
    ],
  ]);
  assert.deepEqual(readdirSync(none), []);
});

const nobody = 65_534;

/** Only root can give files away. */
const testAsRoot: typeof testInShells = (name, run) =>
  process.geteuid?.() === 0 ? testInShells(name, run) : test(name, { skip: 'not root' });

testAsRoot('a key that somebody else could swap seals nothing', (shell, { root }) => {
  const [directory, file] = [join(root, 'directory'), join(root, 'file')];
  for (const keys of [directory, file]) cpSync(keysOf('host'), keys, { recursive: true });
  chownSync(directory, nobody, nobody);
  chownSync(join(file, 'key.pem'), nobody, nobody);
  refuse({ shell, root }, [
    [[`--keys=${directory}`], 4, `${directory} belongs to somebody else`],
    [[`--keys=${file}`], 4, `${file}/key.pem belongs to somebody else`],
  ]);
});

testInShells('a digest that cannot be made is told, and is in no drop', (shell, { root }) => {
  const [programs, why] = [join(root, 'programs'), 'no sha256sum or openssl that works'];
  mkdirSync(programs);
  for (const does of ['exit 1', 'echo abc', 'head -c 64 /dev/zero | tr "\\0" x']) {
    writeFileSync(join(programs, 'sha256sum'), `#!/bin/sh\n${does}\n`, { mode: 0o755 });
    const env = { PATH: `${programs}:${shell.path}` };
    const args = [`--keys=${keysOf('host')}`, '--host=web01'];
    const { status, stdout, stderr } = runSeal({ shell, root }, args, output, env);
    const said = `courier-seal: there is ${why} on this host\n`;
    assert.deepEqual([status, stdout.length, stderr.toString()], [4, 0, said]);
  }
});

testInShells('whoever hangs up leaves nothing behind', async (shell, { root }) => {
  const tmp = join(root, 'tmp');
  mkdirSync(tmp);
  const args = [sealFile, `--keys=${keysOf('host')}`, '--host=web01'];
  const child = spawn(shell.file, args, { env: { PATH: shell.path, TMPDIR: tmp } });
  const ended = once(child, 'close');
  while (readdirSync(tmp).length === 0) await setTimeout(20);
  child.kill('SIGPIPE');
  child.stdin.end(output);
  assert.deepEqual(await ended, [141, null]);
  assert.deepEqual(readdirSync(tmp), []);
});

testInShells('a full disk seals nothing', (shell, { root }) => {
  const args = [`--keys=${keysOf('host')}`, '--host=web01'];
  const { status, stdout, stderr } = runSeal({ shell, root }, args, output, { TMPDIR: '/proc' });
  assert.deepEqual(
    [status, stdout.length, stderr.toString()],
    [4, 0, 'courier-seal: cannot make a directory in /proc\n'],
  );
});
