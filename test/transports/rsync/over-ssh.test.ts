import assert from 'node:assert/strict';
import { copyFile, mkdir, readdir, readFile, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { RawOptions } from '../../../src/cli/options.ts';
import type { FaultCode } from '../../../src/faults/errors.ts';
import { parseHostName } from '../../../src/names/host-name.ts';
import { rsync } from '../../../src/transports/rsync/rsync.ts';
import { parseSourceUri } from '../../../src/transports/source.ts';
import { type Delivery, withTransport } from '../../../src/transports/transport.ts';
import { expectFault } from '../../helpers/expect-fault.ts';
import { makeOpenContext } from '../../helpers/open-context.ts';
import { skipWithout } from '../../helpers/required-peer.ts';
import { type Sshd, skipWithoutSshd, startSshd } from '../../peers/sshd.ts';
import { assertNoLeftovers } from './leftovers.ts';

const skip = skipWithout('rsync') || skipWithoutSshd;

async function start(t: TestContext, settings: { keyOptions?: string } = {}): Promise<Sshd> {
  const sshd = await startSshd(settings);
  await mkdir(join(sshd.directory, 'files'));
  t.after(() => assertNoLeftovers());
  t.after(sshd.close);
  return sshd;
}

async function drop(sshd: Sshd, name: string, text: string): Promise<string> {
  const path = join(sshd.directory, 'files', name);
  await writeFile(path, text);
  return path;
}

/** Fetches a file whose path is given as it is on the host. */
async function fetch(
  sshd: Sshd,
  path: string,
  options: RawOptions = {},
  env: Readonly<Record<string, string | undefined>> = process.env,
): Promise<Delivery> {
  const encoded = path.split('/').map(encodeURIComponent).join('/');
  const uri = parseSourceUri(`rsync+ssh://root@127.0.0.1:${sshd.port}${encoded}`);
  const context = makeOpenContext({ env });
  const source = { uri, options: { ...sshd.options, ...options } };
  const target = { host: parseHostName('web01'), address: undefined };
  return withTransport(rsync, source, context, (transport) =>
    transport.fetch(target, context.signal),
  );
}

async function messageFor(fetched: Promise<unknown>, code: FaultCode): Promise<string> {
  const { message } = await expectFault(fetched, code);
  return message.replace(/^fetching rsync\+ssh:\/\/\S+: /, '');
}

test('the mtime is the time it was produced', { skip }, async (t) => {
  const sshd = await start(t);
  const producedAt = new Date('2026-01-02T03:04:05.678Z');
  const path = await drop(sshd, 'old', '<<<a>>>\n');
  await utimes(path, producedAt, producedAt);
  assert.deepEqual((await fetch(sshd, path)).producedAt, producedAt);
});

test('a name that looks like something else is fetched literally', { skip }, async (t) => {
  const sshd = await start(t);
  await drop(sshd, 'a', 'the wrong one');
  await drop(sshd, 'b', 'the wrong one');
  const names = [
    'a b',
    '$(touch x)',
    '`id`',
    "it's",
    '"',
    'ü',
    '{a,b}',
    '~',
    ';id',
    'a:b',
    '#',
    '&',
  ];
  for (const name of [...names, '--rsh=x', '-e', '|', '>x', '$HOME', '!', 'a  :b']) {
    const path = await drop(sshd, name, `<<<${name}>>>\n`);
    assert.equal((await fetch(sshd, path)).output.toString(), `<<<${name}>>>\n`);
  }
});

test('files whose names need quotes hold the keys', { skip }, async (t) => {
  const sshd = await start(t);
  const directory = join(sshd.directory, 'a b % c');
  await mkdir(directory);
  const sshKey = join(directory, 'the key');
  await copyFile(sshd.key, sshKey);
  const knownHosts = join(directory, 'known hosts');
  await copyFile(sshd.knownHosts, knownHosts);
  const path = await drop(sshd, 'file', 'x');
  const options = { sshKey: [sshKey], knownHosts: [knownHosts] };
  assert.equal((await fetch(sshd, path, options)).output.toString(), 'x');
});

test('what ssh refuses is told in its words', { skip }, async (t) => {
  const sshd = await start(t);
  const path = await drop(sshd, 'file', 'x');
  const at = `connecting to 127.0.0.1:${sshd.port}: `;
  const nobody = join(sshd.directory, 'nobody');
  await writeFile(nobody, '');
  const tell = async (options: RawOptions) => messageFor(fetch(sshd, path, options), 'REFUSED');
  assert.ok((await tell({ knownHosts: [nobody] })).startsWith(`${at}its host key is not known`));
  assert.ok((await tell({ sshKey: [sshd.wrongKey] })).startsWith(`${at}no key of ours`));
  await sshd.changeHostKey();
  assert.ok((await tell({})).startsWith(`${at}its host key has changed`));
});

test('nothing there is NO_OUTPUT, and a directory MALFORMED', { skip }, async (t) => {
  const sshd = await start(t);
  const path = join(sshd.directory, 'files');
  assert.match(
    await messageFor(fetch(sshd, `${path}/none`), 'NO_OUTPUT'),
    /^there is no such file: /,
  );
  assert.match(await messageFor(fetch(sshd, path), 'MALFORMED'), /^it is a directory/);
});

test('a host without rsync is PEER, as is one that answers with something else', {
  skip,
}, async (t) => {
  const missing = await start(t, { keyOptions: 'command="PATH=/none; rsync --server"' });
  assert.match(
    await messageFor(fetch(missing, '/x'), 'PEER'),
    /^rsync is not in the PATH of the host; --rsync-path says where it is: ".*rsync: .*not found"$/,
  );
  const chatty = await start(t, { keyOptions: 'command="echo Welcome; exit 0"' });
  assert.match(await messageFor(fetch(chatty, '/x'), 'PEER'), /^the two rsyncs do not understand/);
});

test('a key that may only read one directory, through rrsync', {
  skip: skip || skipWithout('rrsync'),
}, async (t) => {
  const sshd = await start(t);
  const directory = join(sshd.directory, 'files');
  const restricted = await start(t, { keyOptions: `restrict,command="rrsync -ro ${directory}"` });
  await drop(sshd, 'web01.txt', 'x');
  await drop(sshd, 'a b', 'x');
  assert.equal((await fetch(restricted, '/web01.txt')).output.toString(), 'x');
  assert.match(
    await messageFor(fetch(restricted, '/a b'), 'REFUSED'),
    /^the restricted rsync of the host does not allow it: ".*option -s has been disabled/,
  );
  assert.match(await messageFor(fetch(restricted, '/none'), 'NO_OUTPUT'), /no such file/);
});

test('a connection that is kept does not keep a fetch waiting', { skip }, async (t) => {
  const sshd = await start(t);
  const path = await drop(sshd, 'file', 'x');
  const env = { ...process.env, OMD_ROOT: undefined, XDG_RUNTIME_DIR: sshd.directory };
  for (const attempt of ['first', 'second']) {
    const { output } = await fetch(sshd, path, { multiplex: ['3s'] }, env);
    assert.equal(output.toString(), 'x', attempt);
  }
  const sockets = await readdir(join(sshd.directory, 'cmk-courier/ssh'));
  assert.equal(sockets.length, 1, 'the connection is still there when the fetches are over');
});

test('--rsync-path calls rsync where it is, with all a shell may be told', { skip }, async (t) => {
  const sshd = await start(t);
  const path = await drop(sshd, 'a b', 'x');
  const bin = join(sshd.directory, 'my bin');
  await mkdir(bin);
  await writeFile(join(bin, 'rsync'), '#!/bin/sh\necho called >>"$0.log"\nexec rsync "$@"\n', {
    mode: 0o755,
  });
  for (const rsyncPath of [`'${bin}/rsync'`, `env HERE=1 '${bin}/rsync'`]) {
    assert.equal((await fetch(sshd, path, { rsyncPath: [rsyncPath] })).output.toString(), 'x');
  }
  assert.equal(await readFile(join(bin, 'rsync.log'), 'utf8'), 'called\ncalled\n');
  const elsewhere = fetch(sshd, path, { rsyncPath: ['/no/rsync'] });
  assert.match(await messageFor(elsewhere, 'PEER'), /^rsync is not in the PATH of the host; /);
  await expectFault(fetch(sshd, path, { rsyncPath: ['a\nb'] }), 'USAGE', /^--rsync-path must name/);
});
