import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer, get } from 'node:https';
import { join } from 'node:path';
import { after, before, type TestContext, test } from 'node:test';
import { listNames } from '../../src/certs/report.ts';
import {
  type CertificateStore,
  findControllerObjection,
  initCertificates,
  loadCertificates,
  renewServerCertificate,
} from '../../src/certs/store.ts';
import { readCertificateFields } from '../../src/certs/x509.ts';
import { issueSelfSigned } from '../helpers/certificates.ts';
import { expectFault } from '../helpers/expect-fault.ts';
import { portOf } from '../helpers/free-port.ts';
import { skipWithout } from '../helpers/required-peer.ts';
import { start } from '../helpers/run-program.ts';
import { makeTempDir, removeTempDir } from '../helpers/temp-dir.ts';
import { verifyChain } from './openssl.ts';

const wanted = { site: 'mysite', names: ['localhost', '127.0.0.1', '::1', '*.example.org'] };
let parent = '';
let store: CertificateStore;

before(async () => {
  parent = await makeTempDir();
  store = await initCertificates(join(parent, 'new', 'certs'), wanted);
});
after(() => removeTempDir(parent));

/** A copy that a test may damage. */
async function copyStore(context: TestContext): Promise<string> {
  const copy = await makeTempDir(context);
  for (const file of readdirSync(store.directory)) {
    writeFileSync(join(copy, file), readFileSync(join(store.directory, file)), { mode: 0o600 });
  }
  return copy;
}

test('what init makes can be loaded again, is complete, and nothing else is left', async () => {
  assert.deepEqual(await loadCertificates(store.directory), store);
  assert.deepEqual(readdirSync(store.directory).sort(), [
    'agent-ca-key.pem',
    'agent-ca.pem',
    'ca-key.pem',
    'ca.pem',
    'server.pem',
  ]);
  assert.deepEqual(readdirSync(join(parent, 'new')), ['certs']);
});

test('only the owner can look into the directory and its files', () => {
  assert.equal(statSync(store.directory).mode & 0o777, 0o700);
  for (const file of readdirSync(store.directory)) {
    assert.equal(statSync(join(store.directory, file)).mode & 0o777, 0o600, file);
  }
});

test('both authorities have their own key and say what they are', () => {
  const [root, agent] = [store.rootCert, store.agentCaCert].map((pem) => new X509Certificate(pem));
  assert.ok(root && agent);
  assert.equal(root.subject, 'CN=Receiver CA of mysite');
  assert.equal(agent.subject, 'CN=Agent CA of mysite');
  assert.notDeepEqual(root.publicKey, agent.publicKey);
  for (const authority of [root, agent]) {
    assert.ok(authority.ca);
    assert.ok(authority.verify(authority.publicKey));
    assert.equal(authority.publicKey.asymmetricKeyDetails?.modulusLength, 3072);
    const years = (authority.validToDate.getTime() - Date.now()) / (365.2425 * 86_400_000);
    assert.ok(years > 20 && years < 31);
    const { extensions, version } = readCertificateFields(authority.raw);
    assert.equal(version, 3);
    assert.deepEqual(
      extensions.map(({ oid, critical }) => [oid, critical]),
      [
        ['2.5.29.19', true],
        ['2.5.29.15', true],
        ['2.5.29.14', false],
      ],
    );
  }
});

test('the server certificate has one CN, which stands first among its names', () => {
  const leaf = new X509Certificate(store.serverCert);
  assert.equal(leaf.subject, 'CN=mysite');
  assert.equal(leaf.publicKey.asymmetricKeyDetails?.namedCurve, 'prime256v1');
  assert.deepEqual(listNames(leaf), ['mysite', ...wanted.names]);
  assert.equal(leaf.ca, false);
  assert.deepEqual(leaf.keyUsage, ['1.3.6.1.5.5.7.3.1', '1.3.6.1.5.5.7.3.2']);
  assert.equal(findControllerObjection(store.serverCert, store.rootCert, new Date()), undefined);
  assert.doesNotMatch(Object.values(store).join(), /\r/);
});

test('openssl accepts it by its strictest rules', { skip: skipWithout('openssl') }, () => {
  const pems = { ca: store.rootCert, leaf: store.serverCert };
  const strict = ['-x509_strict', '-purpose', 'sslserver'];
  assert.match(verifyChain(parent, pems, ['-x509_strict', '-purpose', 'sslclient']), /: OK\n$/);
  for (const name of ['mysite', 'localhost', 'www.example.org']) {
    assert.match(verifyChain(parent, pems, [...strict, '-verify_hostname', name]), /: OK\n$/);
  }
  assert.match(verifyChain(parent, pems, [...strict, '-verify_ip', '::1']), /: OK\n$/);
  assert.match(verifyChain(parent, pems, [...strict, '-verify_hostname', 'other']), /mismatch/);
  const foreign = { ca: store.agentCaCert, leaf: store.serverCert };
  assert.match(verifyChain(parent, foreign), /unable to get local issuer/);
});

/** A server with the certificate, and the port it listens on. */
async function serve(context: TestContext, { serverCert: cert, serverKey: key } = store) {
  const server = createServer({ cert, key }, (_, reply) => reply.end('hello'));
  context.after(() => server.close());
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return portOf(server.address());
}

test('Node accepts it under each of its names', async (t) => {
  const port = await serve(t);
  for (const servername of ['mysite', 'localhost', 'a.example.org']) {
    const options = { host: '127.0.0.1', port, servername, ca: store.rootCert, agent: false };
    const [reply] = await once(get(options), 'response');
    reply.resume();
    assert.equal(reply.statusCode, 200);
  }
});

const fetchers = { curl: ['-sS', '--cacert'], wget: ['-q', '-O', '-', '--ca-certificate'] };

for (const [program, options] of Object.entries(fetchers)) {
  test(`${program} accepts it by address and name`, { skip: skipWithout(program) }, async (t) => {
    const port = await serve(t);
    // No proxy of the environment.
    const env = { PATH: process.env['PATH'] };
    for (const host of ['127.0.0.1', 'localhost']) {
      const args = [...options, join(store.directory, 'ca.pem'), `https://${host}:${port}/`];
      const { stdout, stderr } = await start(program, args, { env }).ended;
      assert.equal(stdout.toString(), 'hello', stderr);
    }
  });
}

test('init overwrites nothing', async (t) => {
  const before = readFileSync(join(store.directory, 'ca.pem'), 'utf8');
  const fault = await expectFault(initCertificates(store.directory, wanted), 'CONFIG');
  assert.equal(
    fault.message,
    `${store.directory} is not empty: hosts trust the CA in it, so it is never overwritten; move it away first`,
  );
  assert.equal(readFileSync(join(store.directory, 'ca.pem'), 'utf8'), before);
  const other = await makeTempDir(t);
  writeFileSync(join(other, 'revoked.txt'), '');
  await expectFault(initCertificates(other, wanted), 'CONFIG', /is not empty/);
  writeFileSync(join(other, 'file'), '');
  const message = `reading ${other}/file: not a directory`;
  const noDirectory = await expectFault(initCertificates(join(other, 'file'), wanted), 'LOCAL');
  assert.equal(noDirectory.message, message);
});

test('of two at once, one makes the certificates and the other is told', async (t) => {
  const directory = join(await makeTempDir(t), 'certs');
  const both = await Promise.allSettled([
    initCertificates(directory, wanted),
    start(process.execPath, ['--input-type=module', '--eval', initLines(directory)]).ended,
  ]);
  const [first, second] = both;
  const codes = [
    first.status === 'fulfilled',
    second.status === 'fulfilled' && second.value.code === 0,
  ];
  assert.deepEqual(codes.toSorted(), [false, true]);
  await loadCertificates(directory);
  assert.deepEqual(readdirSync(join(directory, '..')), ['certs']);
});

function initLines(directory: string): string {
  const store = JSON.stringify(new URL('../../src/certs/store.ts', import.meta.url).href);
  const call = `initCertificates(${JSON.stringify(directory)}, ${JSON.stringify(wanted)})`;
  return `await (await import(${store})).${call}`;
}

test('an empty directory is taken, also behind a symbolic link', async (t) => {
  const directory = await makeTempDir(t);
  mkdirSync(join(directory, 'real'), { mode: 0o755 });
  symlinkSync('real', join(directory, 'link'));
  const { directory: named } = await initCertificates(join(directory, 'link'), wanted);
  assert.equal(named, join(directory, 'link'));
  assert.equal(statSync(named).mode & 0o777, 0o700);
  assert.ok(existsSync(join(directory, 'real', 'ca.pem')));
});

test('names that are none are refused before anything is made', async (t) => {
  const directory = join(await makeTempDir(t), 'certs');
  const uuid = 'f0d4c1a2-5b6e-4c7d-8e9f-0a1b2c3d4e5f';
  for (const site of [
    '',
    'my site',
    '192.0.2.1',
    '-a',
    'a-',
    'a..b',
    '*.b',
    uuid,
    'ä',
    'a'.repeat(65),
  ]) {
    const fault = await expectFault(initCertificates(directory, { site, names: [] }), 'USAGE');
    assert.match(fault.message, /^the site must be a name of letters, digits, /, site);
  }
  for (const name of ['', 'a b', '*', '*.de', 'a*.b.c', 'fe80::1%eth0', '300.1.1.1', 'a/b']) {
    const making = initCertificates(directory, { site: 'mysite', names: [name] });
    const fault = await expectFault(making, 'USAGE');
    assert.equal(fault.message, `each name must be a DNS name or an IP address, not "${name}"`);
  }
  assert.equal(existsSync(directory), false);
});

test('a long name is cut in the names of the authorities alone', async (t) => {
  const site = `${'a'.repeat(60)}.de`;
  const made = await initCertificates(join(await makeTempDir(t), 'certs'), { site, names: [] });
  assert.equal(
    new X509Certificate(made.rootCert).subject,
    `CN=Receiver CA of ${site}`.slice(0, 67),
  );
  assert.equal(findControllerObjection(made.serverCert, made.rootCert, new Date()), undefined);
});

test('a new server certificate has a new key, other names, and the same authority', async (t) => {
  const directory = await copyStore(t);
  const names = { site: 'other', names: ['192.0.2.7'] };
  const renewed = await renewServerCertificate(directory, names);
  assert.equal(renewed.rootCert, store.rootCert);
  assert.equal(renewed.agentCaCert, store.agentCaCert);
  assert.notEqual(renewed.serverKey, store.serverKey);
  assert.deepEqual(listNames(new X509Certificate(renewed.serverCert)), ['other', '192.0.2.7']);
  assert.equal(findControllerObjection(renewed.serverCert, store.rootCert, new Date()), undefined);
  assert.equal(statSync(join(directory, 'server.pem')).mode & 0o777, 0o600);
  assert.equal(readdirSync(directory).length, 5);
});

test('whoever reads while the server certificate is renewed gets certificate and key of a pair', async (t) => {
  const directory = await copyStore(t);
  let isDone = false;
  const renewing = Promise.all([
    renewServerCertificate(directory, wanted),
    renewServerCertificate(directory, wanted),
  ]).finally(() => {
    isDone = true;
  });
  while (!isDone) await loadCertificates(directory);
  await renewing;
});

test('a failed renewal leaves the old certificate and no temporary file', async (t) => {
  const directory = await copyStore(t);
  const before = readFileSync(join(directory, 'server.pem'), 'utf8');
  writeFileSync(join(directory, 'ca-key.pem'), readFileSync(join(directory, 'agent-ca-key.pem')));
  const fault = await expectFault(renewServerCertificate(directory, wanted), 'CONFIG');
  assert.equal(
    fault.message,
    `the key in ${directory}/ca-key.pem is not that of the certificate of CN=Receiver CA of mysite`,
  );
  assert.equal(readFileSync(join(directory, 'server.pem'), 'utf8'), before);
  assert.equal(readdirSync(directory).length, 5);
});

test('the key of the CA may be kept elsewhere until a server certificate is made', async (t) => {
  const directory = await copyStore(t);
  await removeTempDir(join(directory, 'ca-key.pem'));
  assert.equal((await loadCertificates(directory)).rootCert, store.rootCert);
  const fault = await expectFault(renewServerCertificate(directory, wanted), 'LOCAL');
  assert.equal(fault.message, `reading ${directory}/ca-key.pem: no such file or directory`);
});

test('certificates that are missing, damaged or of others are named', async (t) => {
  const directory = await copyStore(t);
  const { cert, key } = issueSelfSigned({ name: 'stranger' });
  const damaged = '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n';
  const several = `${store.rootCert}${store.rootCert}`;
  const cases: readonly (readonly [string, string, string])[] = [
    ['ca.pem', '', '/ca.pem holds no certificate in PEM'],
    ['ca.pem', damaged, '/ca.pem holds a damaged certificate'],
    ['ca.pem', several, '/ca.pem holds several certificates; only one is trusted'],
    ['agent-ca.pem', cert, '/agent-ca.pem is not the certificate of a certificate authority'],
    ['server.pem', cert, '/server.pem holds no private key in PEM'],
    [
      'server.pem',
      `${store.serverCert}${key}`,
      '/server.pem is not that of the certificate of CN=mysite',
    ],
    [
      'server.pem',
      `${cert}-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n`,
      '/server.pem is damaged or locked with a passphrase',
    ],
    [
      'agent-ca-key.pem',
      key,
      '/agent-ca-key.pem is not that of the certificate of CN=Agent CA of mysite',
    ],
  ];
  for (const [file, text, said] of cases) {
    const good = readFileSync(join(directory, file));
    writeFileSync(join(directory, file), text);
    const fault = await expectFault(loadCertificates(directory), 'CONFIG');
    assert.ok(fault.message.endsWith(`${directory}${said}`), fault.message);
    writeFileSync(join(directory, file), good);
  }
  const none = join(directory, 'none');
  const missing = await expectFault(loadCertificates(none), 'LOCAL');
  assert.match(missing.message, /no such file or directory; cmk-courier certs init makes them$/);
});

test('certificate and key may stand in the file in any order, with CR LF and text', async (t) => {
  const directory = await copyStore(t);
  const mixed = `my key\n${store.serverKey}${store.serverCert}`.replaceAll('\n', '\r\n');
  writeFileSync(join(directory, 'server.pem'), mixed);
  assert.deepEqual(
    { ...(await loadCertificates(directory)), directory: '' },
    { ...store, directory: '' },
  );
  chmodSync(directory, 0o700);
});
