import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { test } from 'node:test';
import { connect as connectTls } from 'node:tls';
import { CourierError } from '../../src/faults/errors.ts';
import { asCourierError, asCourierErrorWhile, errorCode } from '../../src/faults/system-errors.ts';

function withCode(code: string, fields: object = {}): Error {
  return Object.assign(new Error(`what Node says of ${code}`), { code, ...fields });
}

function toLine(error: unknown): string {
  const { code, message } = asCourierError(error, 'connecting to depot:443');
  return `${code} ${message}`;
}

const meanings: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'UNREACHABLE connecting to depot:443: connection refused',
  ECONNRESET: 'UNREACHABLE connecting to depot:443: connection reset by the peer',
  EPIPE: 'UNREACHABLE connecting to depot:443: connection closed by the peer',
  EHOSTUNREACH: 'UNREACHABLE connecting to depot:443: no route to host',
  ENETUNREACH: 'UNREACHABLE connecting to depot:443: network unreachable',
  ENOTFOUND: 'UNREACHABLE connecting to depot:443: no such name in DNS',
  EAI_AGAIN: 'UNREACHABLE connecting to depot:443: name resolution failed for now',
  ETIMEDOUT: 'TIMEOUT connecting to depot:443: connection timed out',
  ENOENT: 'LOCAL connecting to depot:443: no such file or directory',
  EACCES: 'LOCAL connecting to depot:443: permission denied',
  ENOSPC: 'LOCAL connecting to depot:443: no space left on device',
  EMFILE: 'LOCAL connecting to depot:443: too many open files',
  CERT_HAS_EXPIRED: 'REFUSED connecting to depot:443: the certificate has expired',
  ERR_TLS_CERT_ALTNAME_INVALID:
    'REFUSED connecting to depot:443: the certificate is for another name',
  DEPTH_ZERO_SELF_SIGNED_CERT:
    'REFUSED connecting to depot:443: the certificate is self-signed and not trusted',
  ERR_SSL_WRONG_VERSION_NUMBER: 'PEER connecting to depot:443: the peer does not speak TLS there',
  ERR_SSL_PACKET_LENGTH_TOO_LONG: 'PEER connecting to depot:443: the peer does not speak TLS there',
};

test("Node's errors are said in our words", () => {
  const found = Object.keys(meanings).map((code) => [code, toLine(withCode(code))]);
  assert.deepEqual(Object.fromEntries(found), meanings);
});

test('a certificate for another name is said with the names it is for, and not too many', () => {
  const names = ['depot.example', 'a', 'b', 'c', 'd', 'e'].map((name) => `DNS:${name}`);
  const subjectaltname = ['IP Address:192.0.2.1', ...names].join(', ');
  const error = withCode('ERR_TLS_CERT_ALTNAME_INVALID', { cert: { subjectaltname } });
  assert.equal(
    toLine(error),
    'REFUSED connecting to depot:443: the certificate is for another name (192.0.2.1, depot.example, a, b and 3 more)',
  );
});

test('an address nobody can listen at is not an address family', async () => {
  const refused = (host: string) =>
    new Promise((resolve) => createServer().once('error', resolve).listen({ host, port: 0 }));
  assert.equal(
    toLine(await refused('192.0.2.1')),
    'LOCAL connecting to depot:443: this machine has no such address',
  );
  const connecting = withCode('EADDRNOTAVAIL', { syscall: 'connect' });
  assert.equal(
    toLine(connecting),
    'UNREACHABLE connecting to depot:443: this machine has no address to reach that one from',
  );
});

test('the error of the system stays the cause', () => {
  const error = withCode('ECONNREFUSED');
  assert.equal(asCourierError(error, 'connecting').cause, error);
});

test('a fault of ours passes through as it is', () => {
  const fault = new CourierError('STALE', 'too old');
  assert.equal(asCourierError(fault, 'fetching'), fault);
});

test('a fault of ours can be told what was being done', () => {
  const fault = asCourierErrorWhile(new CourierError('STALE', 'too old'), 'fetching');
  assert.deepEqual([fault.code, fault.message], ['STALE', 'fetching: too old']);
  const other = asCourierErrorWhile(withCode('ENOENT'), 'reading x');
  assert.deepEqual([other.code, other.message], ['LOCAL', 'reading x: no such file or directory']);
});

test('what nobody foresaw is a bug of ours, with what it said', () => {
  const prefix = 'INTERNAL connecting to depot:443';
  assert.equal(toLine(new Error('boom')), `${prefix}: boom`);
  assert.equal(toLine(withCode('ERR_NEVER_SEEN')), `${prefix}: what Node says of ERR_NEVER_SEEN`);
  assert.equal(toLine('a text'), `${prefix}: a text`);
  assert.equal(toLine(undefined), `${prefix}: undefined`);
  assert.equal(toLine(null), `${prefix}: null`);
});

test('names that every object has are no codes', () => {
  assert.equal(
    toLine(withCode('constructor')),
    'INTERNAL connecting to depot:443: what Node says of constructor',
  );
});

test('of several addresses the first one stands for all', () => {
  const errors = [withCode('ECONNREFUSED'), withCode('ENETUNREACH')];
  assert.equal(toLine(new AggregateError(errors)), toLine(withCode('ECONNREFUSED')));
  assert.equal(
    toLine(new AggregateError([], 'nothing tried')),
    'INTERNAL connecting to depot:443: nothing tried',
  );
});

test("OpenSSL's reason is quoted, cleaned and cut", () => {
  const reason = `tlsv13 alert\ncertificate required|${'x'.repeat(100)}`;
  const cut = `tlsv13 alert certificate required¦${'x'.repeat(45)}…`;
  assert.equal(
    toLine(withCode('ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED', { reason })),
    `REFUSED connecting to depot:443: TLS: ${cut}`,
  );
});

test('a TLS error without a reason says what Node says', () => {
  assert.equal(
    toLine(withCode('EPROTO')),
    'REFUSED connecting to depot:443: TLS: what Node says of EPROTO',
  );
});

test('a code is a text on an Error', () => {
  assert.equal(errorCode(withCode('ENOENT')), 'ENOENT');
  assert.equal(errorCode(Object.assign(new Error('x'), { code: 20 })), undefined);
  assert.equal(errorCode(new Error('x')), undefined);
  assert.equal(errorCode({ code: 'ENOENT' }), undefined);
  assert.equal(errorCode(undefined), undefined);
});

test('a file that is not there is said in our words, as Node reports it', async () => {
  const error: unknown = await readFile('/no/such/file').catch((thrown: unknown) => thrown);
  const fault = asCourierError(error, 'reading /no/such/file');
  assert.deepEqual(
    [fault.code, fault.message],
    ['LOCAL', 'reading /no/such/file: no such file or directory'],
  );
});

test('a peer that does not speak TLS is named so, as Node reports it', async (context) => {
  const server = createServer((socket) => socket.on('error', () => {}).end('HTTP/1.1 400 no\r\n'));
  context.after(() => server.close());
  const error = await errorOfTls(await listen(server));
  const fault = asCourierError(error, 'connecting to it');
  assert.deepEqual(
    [fault.code, fault.message],
    ['PEER', 'connecting to it: the peer does not speak TLS there'],
  );
});

async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}

async function errorOfTls(port: number): Promise<Error> {
  return new Promise((resolve) => {
    const socket = connectTls({ port, host: '127.0.0.1' });
    socket.on('error', (error) => {
      socket.destroy();
      resolve(error);
    });
  });
}
