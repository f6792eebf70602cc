import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import type { FaultCode } from '../../../src/faults/errors.ts';
import { parseSourceUri, type Source } from '../../../src/transports/source.ts';
import { Authority } from '../../helpers/certificates.ts';
import { expectFault } from '../../helpers/expect-fault.ts';
import type { HostileServer } from '../../helpers/hostile-server.ts';
import { makeOpenContext } from '../../helpers/open-context.ts';
import { makeTempDir, removeTempDir } from '../../helpers/temp-dir.ts';
import { makeMail } from '../../mail/messages.ts';
import { type Misbehaviour, startFakeImap } from './fake-server.ts';
import { fetchFrom } from './mailbox.ts';

const output = Buffer.from('<<<check_mk>>>\nVersion: 2.4.0\n');
const message = makeMail('web1', output);

type FakeSettings = Parameters<typeof startFakeImap>[0];

/** Lends a source at a server that misbehaves. */
async function withFake(
  settings: Partial<FakeSettings>,
  use: (source: Source, server: HostileServer) => Promise<void>,
): Promise<void> {
  const directory = await makeTempDir();
  const passwordFile = join(directory, 'password');
  await writeFile(passwordFile, 'secret-of-the-test', { mode: 0o600 });
  const server = await startFakeImap({ message, ...settings });
  const options = {
    passwordFile: [passwordFile],
    mailSubject: ['Checkmk {host}'],
    allowPlaintext: ['true'],
    connectTimeout: ['3s'],
    idleTimeout: ['3500ms'],
  };
  try {
    await use({ uri: parseSourceUri(`imap://me@127.0.0.1:${server.port}/`), options }, server);
  } finally {
    await server.close();
    await removeTempDir(directory);
  }
}

function during(words: string, answer: ReturnType<Misbehaviour>): Misbehaviour {
  return (command) => (command.includes(words) ? answer : undefined);
}

/** Registers a test of one misbehaviour and of the sentence it gets. */
function testFault(
  name: string,
  settings: Partial<FakeSettings>,
  code: FaultCode,
  why: RegExp,
): void {
  test(name, async () => {
    await withFake(settings, async (source, server) => {
      const fault = await expectFault(fetchFrom(source, 'web1'), code, why);
      assert.ok(fault.message.startsWith(`127.0.0.1:${server.port}: `), fault.message);
    });
  });
}

test('the fake server serves a message as long as it behaves', async () => {
  await withFake({}, async (source) => {
    assert.deepEqual((await fetchFrom(source, 'web1')).output, output);
  });
});

testFault('a server without a greeting is a TIMEOUT', { greeting: '' }, 'TIMEOUT', /no greeting/);

testFault(
  'a server that is full says so',
  { greeting: '* BYE too many connections\r\n' },
  'PEER',
  /goodbye: "too many connections"$/,
);

testFault(
  'a web server is not an IMAP server',
  { greeting: 'HTTP/1.1 400 Bad Request\r\n\r\n<html>' },
  'TIMEOUT',
  /no greeting/,
);

testFault(
  'a greeting without end is a fault of the peer',
  { greeting: `* OK ${'x'.repeat(17_000_000)}` },
  'PEER',
  /a line without end$/,
);

for (const words of ['CAPABILITY', 'AUTHENTICATE', 'EXAMINE', 'UID SEARCH', 'BODY.PEEK[]']) {
  testFault(
    `silence after ${words} is a TIMEOUT`,
    { misbehave: during(words, '') },
    'TIMEOUT',
    /the server was silent for --idle-timeout$/,
  );
}

for (const words of ['EXAMINE', 'UID SEARCH', 'HEADER.FIELDS', 'BODY.PEEK[]']) {
  const hangUp: Misbehaviour = (command, _, socket) => {
    if (!command.includes(words)) return undefined;
    socket.destroy();
    return '';
  };
  testFault(
    `a server that hangs up after ${words} is UNREACHABLE`,
    { misbehave: hangUp },
    'UNREACHABLE',
    /connection lost$/,
  );
}

testFault(
  'a goodbye in the middle is passed on',
  { misbehave: during('UID SEARCH', '* BYE shutting down\r\n') },
  'PEER',
  /goodbye: "shutting down"$/,
);

testFault(
  'garbage in place of an answer is none, and a TIMEOUT',
  { misbehave: during('HEADER.FIELDS', '* 1 FETCH ((((( "\r\n') },
  'TIMEOUT',
  /silent/,
);

testFault(
  'a literal larger than any allowed is a fault of the peer',
  { misbehave: during('BODY.PEEK[]', '* 1 FETCH (UID 11 BODY[]<0> {99999999999}\r\n') },
  'PEER',
  /announced more than was asked for$/,
);

testFault(
  'a literal that ends early is a fault, not a part',
  { misbehave: during('BODY.PEEK[]', '* 1 FETCH (UID 11 BODY[]<0> {5000}\r\nSubject: x)\r\n') },
  'TIMEOUT',
  /silent/,
);

test('a server that says no names its reason', async () => {
  const misbehave: Misbehaviour = (command, tag) =>
    command.startsWith('UID SEARCH') ? `${tag} NO [SERVERBUG] out of memory\r\n` : undefined;
  await withFake({ misbehave }, async (source) => {
    await expectFault(fetchFrom(source, 'web1'), 'PEER', /cannot search the folder/);
  });
});

test('a login that is refused for now may be tried again', async () => {
  const misbehave: Misbehaviour = (command, tag) =>
    command.startsWith('AUTHENTICATE') ? `${tag} NO [UNAVAILABLE] not now\r\n` : undefined;
  await withFake({ misbehave }, async (source) => {
    await expectFault(fetchFrom(source, 'web1'), 'PEER', /log in now: "not now"$/);
  });
});

test('a message that vanishes before it is read makes the next one the newest', async () => {
  let asked = 0;
  const misbehave: Misbehaviour = (command, tag) => {
    if (!command.includes('BODY.PEEK[]')) return undefined;
    asked += 1;
    return asked === 1 ? `${tag} OK nothing there\r\n` : undefined;
  };
  await withFake({ misbehave }, async (source) => {
    assert.deepEqual((await fetchFrom(source, 'web1')).output, output);
    assert.equal(asked, 2);
  });
});

test('messages that vanish again and again are a TIMEOUT', async () => {
  const misbehave: Misbehaviour = (command, tag) =>
    command.includes('BODY.PEEK[]') ? `${tag} OK nothing there\r\n` : undefined;
  await withFake({ misbehave }, async (source) => {
    await expectFault(
      fetchFrom(source, 'web1'),
      'TIMEOUT',
      /^message \d+ in INBOX at \S+: it vanishes before it is read/,
    );
  });
});

test('a server that says less about the size than it sends is stopped', async () => {
  const huge = makeMail('web1', Buffer.alloc(6_000_000, 'a'));
  const misbehave: Misbehaviour = (command, tag) => {
    if (!command.includes('HEADER.FIELDS')) return undefined;
    const headers = 'Subject: Checkmk web1\r\n\r\n';
    const item = `BODY[HEADER.FIELDS (SUBJECT)] {${headers.length}}\r\n${headers}`;
    return `* 1 FETCH (UID 11 RFC822.SIZE 10 ${item})\r\n${tag} OK done\r\n`;
  };
  await withFake({ message: huge, misbehave }, async (source) => {
    const context = makeOpenContext({ maxOutputBytes: 100_000 });
    const fault = await expectFault(fetchFrom(source, 'web1', context), 'TOO_LARGE');
    assert.match(fault.message, /too many for 100000 of output$/);
  });
});

test('what the server finds is looked at again: other mail is not delivered', async () => {
  await withFake({}, async (source) => {
    await expectFault(fetchFrom(source, 'web2'), 'NO_OUTPUT');
  });
});

test('a certificate for another name is REFUSED', async () => {
  const authority = new Authority();
  const { cert, key } = authority.issueServer({ name: 'elsewhere.example' });
  await withFake({ tls: { cert, key } }, async ({ uri, options }) => {
    const directory = await makeTempDir();
    const ca = join(directory, 'ca.pem');
    await writeFile(ca, authority.cert);
    const source = {
      uri: parseSourceUri(uri.text.replace('imap:', 'imaps:')),
      options: { ...options, allowPlaintext: [], ca: [ca] },
    };
    await expectFault(
      fetchFrom(source, 'web1'),
      'REFUSED',
      /the certificate is for another name \(elsewhere\.example\)$/,
    );
    await removeTempDir(directory);
  });
});

test('a server that logs us in unasked does not get around TLS', async () => {
  await withFake({ greeting: '* PREAUTH welcome\r\n' }, async ({ uri, options }) => {
    const source = { uri, options: { ...options, allowPlaintext: [] } };
    await expectFault(fetchFrom(source, 'web1'), 'REFUSED', /no STARTTLS/);
  });
});

/** Two messages of web1, the first an hour older, at a server of the barest kind. */
const twoMessages: Misbehaviour = (command, tag) => {
  if (command.startsWith('UID SEARCH')) return `* SEARCH 10 11\r\n${tag} OK done\r\n`;
  if (!command.includes('HEADER.FIELDS')) return undefined;
  const headers = 'Subject: Checkmk web1\r\n\r\n';
  const toFetch = (uid: number, hour: number) =>
    `* ${uid - 9} FETCH (UID ${uid} RFC822.SIZE ${message.length} ` +
    `INTERNALDATE "20-Nov-2026 ${hour}:00:00 +0000" ` +
    `BODY[HEADER.FIELDS (SUBJECT)] {${headers.length}}\r\n${headers})\r\n`;
  return `${toFetch(10, 10)}${toFetch(11, 11)}${tag} OK done\r\n`;
};

async function tidyAt(older: string): Promise<readonly string[]> {
  let commands: readonly string[] = [];
  await withFake({ misbehave: twoMessages }, async ({ uri, options }, server) => {
    const tidying = { uri, options: { ...options, mailOlder: [older] } };
    const { acknowledge } = await fetchFrom(tidying, 'web1');
    await acknowledge();
    commands = server.requests.filter((request) => /STORE|COPY|MOVE|EXPUNGE/.test(request));
  });
  return commands.map((command) => command.replace(/^\w+ /, '').trim());
}

test('a server that can only expunge everything is not asked to', async () => {
  assert.deepEqual(await tidyAt('delete'), ['UID STORE 10 +FLAGS (\\Deleted)']);
});

test('a server that cannot move copies and marks', async () => {
  assert.deepEqual(await tidyAt('move:Old/Done'), [
    'UID COPY 10 Old/Done',
    'UID STORE 10 +FLAGS (\\Deleted)',
  ]);
});
