import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { parseSourceUri, type Source } from '../../../src/transports/source.ts';
import { Authority } from '../../helpers/certificates.ts';
import { expectFault } from '../../helpers/expect-fault.ts';
import { findFreePort } from '../../helpers/free-port.ts';
import { makeOpenContext } from '../../helpers/open-context.ts';
import { makeMail } from '../../mail/messages.ts';
import { fetchFrom, Mailbox, withoutDovecot } from './mailbox.ts';
import { sourceAt } from './peers.ts';

const skip = withoutDovecot;
const output = Buffer.from('<<<check_mk>>>\nVersion: 2.4.0\n');
const token = 'ya29-token-of-this-test';
const tokenPort = await findFreePort();
const tokenInfoUrl = `http://127.0.0.1:${tokenPort}/?access_token=`;
const mail = [makeMail('web1', output)];
const mailbox = await Mailbox.start({ mail, tokenInfoUrl });
const withoutTls = await Mailbox.start({ mail, tls: false });

/** Tells Dovecot whose token it is. */
const tokenServer = createServer((request, response) => {
  const isKnown = request.url?.endsWith(`=${token}`);
  response.writeHead(isKnown ? 200 : 401, { 'Content-Type': 'application/json' });
  response.end(JSON.stringify(isKnown ? { user: 'monitoring' } : { error: 'invalid_token' }));
});

tokenServer.listen(tokenPort, '127.0.0.1');

after(() => {
  tokenServer.close();
  tokenServer.closeAllConnections();
});

async function writeSecret(name: string, text: string): Promise<string> {
  const path = join(mailbox.dovecot.directory, name);
  await writeFile(path, text, { mode: 0o600 });
  return path;
}

function withToken(path: string): Source {
  return sourceAt(mailbox.dovecot, 'imap', { passwordFile: [], oauthTokenFile: [path] });
}

test('a wrong password is REFUSED in the words of the server', { skip }, async () => {
  const passwordFile = [await writeSecret('wrong', 'wrong-password')];
  const { port } = mailbox.dovecot;
  const fault = await expectFault(
    fetchFrom(sourceAt(mailbox.dovecot, 'imap', { passwordFile }), 'web1'),
    'REFUSED',
  );
  assert.equal(fault.message, `127.0.0.1:${port}: login refused: "Authentication failed."`);
});

test('an OAuth2 token takes the place of a password', { skip }, async () => {
  const path = await writeSecret('token', `${token}\n`);
  assert.deepEqual((await fetchFrom(withToken(path), 'web1')).output, output);
  const wrong = await writeSecret('wrong-token', 'ya29-another-token');
  await expectFault(fetchFrom(withToken(wrong), 'web1'), 'REFUSED', /login refused/);
});

test('a token for a server that takes none is REFUSED', { skip }, async () => {
  const oauthTokenFile = [await writeSecret('token', token)];
  const options = { passwordFile: [], oauthTokenFile, allowPlaintext: ['true'] };
  await expectFault(
    fetchFrom(sourceAt(withoutTls.dovecot, 'imap', options), 'web1'),
    'REFUSED',
    /no way to log in with what we have$/,
  );
});

test('without STARTTLS nothing is sent, unless it is allowed', { skip }, async () => {
  const { port } = withoutTls.dovecot;
  const fault = await expectFault(
    fetchFrom(sourceAt(withoutTls.dovecot, 'imap'), 'web1'),
    'REFUSED',
  );
  const why = 'the server offers no STARTTLS; --allow-plaintext would do without';
  assert.equal(fault.message, `127.0.0.1:${port}: ${why}`);
  const context = makeOpenContext();
  const allowed = sourceAt(withoutTls.dovecot, 'imap', { allowPlaintext: ['true'] });
  assert.deepEqual((await fetchFrom(allowed, 'web1', context)).output, output);
  assert.ok(context.log.lines.some((line) => line.startsWith('warn the password and the mail')));
});

test('plaintext allowed is not plaintext wanted', { skip }, async () => {
  const context = makeOpenContext();
  const source = sourceAt(mailbox.dovecot, 'imap', { allowPlaintext: ['true'] });
  await fetchFrom(source, 'web1', context);
  assert.ok(!context.log.lines.some((line) => line.startsWith('warn')));
});

test('an authority that is not trusted is REFUSED, with both schemes', { skip }, async () => {
  const ca = join(mailbox.dovecot.directory, 'other-ca.pem');
  await writeFile(ca, new Authority('another').cert);
  for (const scheme of ['imap', 'imaps'] as const) {
    const source = sourceAt(mailbox.dovecot, scheme, { ca: [ca] });
    await expectFault(fetchFrom(source, 'web1'), 'REFUSED', /authority is not trusted|signed by/);
  }
});

test('a certificate may be for a name or an address', { skip }, async () => {
  for (const scheme of ['imap', 'imaps'] as const) {
    const { uri, options } = sourceAt(mailbox.dovecot, scheme);
    await fetchFrom({ uri, options }, 'web1');
    const byName = parseSourceUri(uri.text.replace('127.0.0.1', 'localhost'));
    await fetchFrom({ uri: byName, options }, 'web1');
  }
});

test('imaps: at a port without TLS is a fault in plain words', { skip }, async () => {
  const { uri, options } = sourceAt(mailbox.dovecot, 'imap');
  const source = { uri: parseSourceUri(uri.text.replace('imap:', 'imaps:')), options };
  await expectFault(fetchFrom(source, 'web1'), 'PEER', /the peer does not speak TLS there$/);
});

test('--user takes the place of the user in the source', { skip }, async () => {
  const { uri, options } = sourceAt(mailbox.dovecot, 'imaps');
  const anonymous = parseSourceUri(uri.text.replace('monitoring@', ''));
  await fetchFrom({ uri: anonymous, options: { ...options, user: ['monitoring'] } }, 'web1');
});
