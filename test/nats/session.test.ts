import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import { after, before, type TestContext, test } from 'node:test';
import { nkeys } from '@nats-io/transport-node';
import type { RawOptions } from '../../src/cli/options.ts';
import { neverAborts } from '../../src/system/never-aborts.ts';
import { catchThrown } from '../helpers/catch-thrown.ts';
import { Authority } from '../helpers/certificates.ts';
import { expectFault } from '../helpers/expect-fault.ts';
import { type Behaviour, startHostileServer } from '../helpers/hostile-server.ts';
import { makeTempDir } from '../helpers/temp-dir.ts';
import { skipWithoutNats } from '../peers/nats-program.ts';
import { type NatsPeer, startNatsServers } from '../peers/nats-server.ts';
import { openTestSession } from './sessions.ts';

const skip = skipWithoutNats();
const password = randomBytes(12).toString('hex');
const user = nkeys.createUser();

function connect(t: TestContext, servers: readonly string[], options: RawOptions = {}) {
  return openTestSession(t, servers, options).session.connection(neverAborts);
}

// One server for all: it wants to know who we are.
let peer: NatsPeer;
let url = '';
let port = 0;
const files = { password: '', wrong: '', nkey: '', junk: '' };

before(async () => {
  if (skip) return;
  const users = `{ user: collector, password: "${password}" }, { nkey: ${user.getPublicKey()} }`;
  peer = await startNatsServers({ configuration: `authorization { users: [ ${users} ] }` });
  [url = ''] = peer.urls;
  [{ port } = { port: 0 }] = peer.servers;
  const seed = Buffer.from(user.getSeed()).toString();
  const contents = { password, wrong: 'wrong', nkey: `${seed}\n`, junk: 'SUJUNK' };
  for (const [name, content] of Object.entries(contents)) {
    const path = join(peer.directory, name);
    await writeFile(path, content, { mode: 0o600 });
    Object.assign(files, { [name]: path });
  }
});
after(() => peer?.close());

test('a user with a password from a file, and an NKey, are let in', { skip }, async (t) => {
  await connect(t, [url], { user: ['collector'], passwordFile: [files.password] });
  await connect(t, [url], { nkeyFile: [files.nkey] });
});

test('a wrong password, and nobody, are REFUSED in the words of the server', {
  skip,
}, async (t) => {
  const words = `connecting to 127.0.0.1:${port}: the server does not let us in: "Authorization Violation"`;
  const wrong = { user: ['collector'], passwordFile: [files.wrong] };
  for (const [options, more] of [
    [wrong, ''],
    [{}, '; no user, token or key is given'],
  ] as const) {
    const { message } = await expectFault(connect(t, [url], options), 'REFUSED');
    assert.equal(message, `${words}${more}`);
  }
});

test('a file that holds no key is CONFIG, and nothing of it is told', { skip }, async (t) => {
  const { message } = await expectFault(connect(t, [url], { nkeyFile: [files.junk] }), 'CONFIG');
  assert.equal(message, `reading --nkey-file ${files.junk}: not the seed of an NKey`);
  const fault = await expectFault(connect(t, [url], { credentialsFile: [files.junk] }), 'CONFIG');
  assert.match(fault.message, /: no credentials as nsc writes them$/);
});

test('a server without TLS is refused where TLS is asked for', { skip }, async (t) => {
  const options = { user: ['collector'], passwordFile: [files.password], ca: [peer.caFile] };
  const { message } = await expectFault(connect(t, [url], options), 'REFUSED');
  assert.equal(
    message,
    `connecting to 127.0.0.1:${port}: the server offers no TLS; --allow-plaintext would do without`,
  );
});

test('a connection that is lost is made anew for who asks next', { skip }, async (t) => {
  const options = { user: ['collector'], passwordFile: [files.password] };
  const { session } = openTestSession(t, [url], options);
  const first = await session.connection(neverAborts);
  assert.equal(await session.connection(neverAborts), first);
  const [server] = peer.servers;
  await server?.stop();
  await first.closed();
  const { message } = await expectFault(session.connection(neverAborts), 'UNREACHABLE');
  assert.equal(message, `connecting to 127.0.0.1:${port}: connection refused`);
  await server?.start();
  const second = await session.connection(neverAborts);
  assert.notEqual(second, first);
  assert.equal(session.reconnects, 1);
});

test('of several servers one that is there will do', { skip }, async (t) => {
  const options = { user: ['collector'], passwordFile: [files.password] };
  for (let round = 0; round < 4; round += 1) await connect(t, ['127.0.0.1:1', url], options);
});

test('with TLS the authority and the name decide', { skip }, async (t) => {
  const peer = await startNatsServers({ tls: true });
  t.after(() => peer.close());
  const [url = ''] = peer.urls;
  await connect(t, [url], { ca: [peer.caFile] });
  await connect(t, [url.replace('127.0.0.1', 'localhost')], { ca: [peer.caFile] });
  const other = join(await makeTempDir(t), 'ca.pem');
  await writeFile(other, new Authority().cert);
  const untrusted = await expectFault(connect(t, [url], { ca: [other] }), 'REFUSED');
  assert.match(untrusted.message, /the certificate is signed by somebody else$/);
  const named = { ca: [peer.caFile], tlsServerName: ['broker.example'] };
  const otherName = await expectFault(connect(t, [url], named), 'REFUSED');
  assert.match(otherName.message, /the certificate is for another name/);
});

/** Says something, then nothing more. */
function speak(text: string): Behaviour {
  return (socket) => {
    socket.end(text);
  };
}

test('a peer that is no server of NATS, hangs up or says nothing is a fault soon', async (t) => {
  const first = { speaksFirst: true };
  const web = await startHostileServer(speak('HTTP/1.1 400 Bad Request\r\n\r\n'), first);
  const mute = await startHostileServer(speak(''), first);
  const silent = await startHostileServer(() => undefined);
  const info = 'INFO {"version":"2.9.10","max_payload":1000}\r\n';
  const junk = await startHostileServer((socket, said) => {
    socket.write(said === '' ? info : 'PONG\r\n\0\0\0\r\n');
  }, first);
  t.after(() => Promise.all([web, mute, silent, junk].map((server) => server.close())));
  const ask = (port: number) => connect(t, [`127.0.0.1:${port}`], { connectTimeout: ['300ms'] });
  await expectFault(ask(web.port), 'PEER', /^127.0.0.1:\d+ does not speak NATS: it sent "HTTP/);
  await expectFault(ask(mute.port), 'UNREACHABLE', /hung up without a word$/);
  await expectFault(ask(silent.port), 'TIMEOUT', /: no answer within 300ms$/);
  await expectFault(ask(junk.port), 'PEER', /does not speak NATS: it sent ""$/);
});

test('a server that asks on and on and reads no answer is left before the answers fill the memory', async (t) => {
  const questions = Buffer.from('PING\r\n'.repeat(10_000));
  const ask = (socket: Socket) => {
    if (socket.destroyed) return;
    if (socket.write(questions)) setImmediate(ask, socket);
    else socket.once('drain', () => ask(socket));
  };
  const server = await startHostileServer(
    (socket, request) => {
      if (request === '') socket.write('INFO {"version":"2.9.10"}\r\n');
      if (!request.includes('PING')) return;
      socket.write('PONG\r\n');
      socket.pause();
      ask(socket);
    },
    { speaksFirst: true },
  );
  t.after(() => server.close());
  const connection = await connect(t, [`127.0.0.1:${server.port}`]);
  const reason = await connection.closed();
  assert.equal(reason?.message, 'the server asks on and on whether we are there');
});

test('options that say two things, or half of one, are USAGE', (t) => {
  const refused = (options: RawOptions) =>
    catchThrown(() => openTestSession(t, ['broker.example'], options)).message;
  assert.equal(refused({ user: ['a'] }), '--user needs --password-file or --password-id');
  assert.equal(refused({ passwordFile: ['/a'] }), 'a password needs --user');
  assert.equal(
    refused({ tokenFile: ['/a'], nkeyFile: ['/b'] }),
    '--token-file and --nkey-file exclude each other: one says who we are',
  );
  assert.equal(
    refused({ user: ['a'], passwordFile: ['/a'], credentialsFile: ['/b'] }),
    '--user and --credentials-file exclude each other: one says who we are',
  );
  assert.equal(refused({ key: ['/a'] }), '--key needs --cert');
});

test('servers are named as in a URI', (t) => {
  const shown = (...servers: string[]) => openTestSession(t, servers).session.shown;
  assert.equal(
    shown('a', 'b.example:4333', '[2001:db8::1]'),
    'a:4222 or b.example:4333 or [2001:db8::1]:4222',
  );
  assert.equal(shown('a', 'a:4222'), 'a:4222');
  for (const wrong of ['', 'a:0', 'a:99999', 'a b', '::1', '[a]', 'user@a', 'a,']) {
    assert.equal(catchThrown(() => shown(wrong)).code, 'USAGE', wrong);
  }
});
