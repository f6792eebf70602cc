/** Every class of the specification's error table (tcp-pull, 2.7), as the line somebody reads. */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { parseHostName } from '../../../src/names/host-name.ts';
import { tcp } from '../../../src/transports/tcp/tcp.ts';
import { withTransport } from '../../../src/transports/transport.ts';
import { findFreePort } from '../../helpers/free-port.ts';
import { makeOpenContext } from '../../helpers/open-context.ts';
import { makeTempDir } from '../../helpers/temp-dir.ts';
import {
  closesAtOnce,
  isSilent,
  sends,
  sendsAndResets,
  sendsAndStays,
} from '../../peers/agent-controller/misbehaviours.ts';
import { lineFrom, lineFromStranger } from './agents.ts';
import { withDeafPort } from './deaf-port.ts';
import { fetchOutput, lineOf, toSource, writeSecret } from './sources.ts';

const empty =
  'empty output from host HOST: closed at once; our address is not on its allow list, it has 3 connections from us already, or its agent cannot run (NO_OUTPUT)';

describe('connecting', () => {
  test('a port nobody listens on', async () => {
    const port = await findFreePort();
    assert.equal(
      await lineOf(fetchOutput(`tcp://127.0.0.1:${port}`)),
      `communication failed: connecting to 127.0.0.1:${port}: connection refused; no agent listens there, or its controller has no pull connection (it looks again every minute) (UNREACHABLE)`,
    );
  });

  test('an address that does not answer', async () => {
    await withDeafPort(async (port) => {
      const source = `tcp://127.0.0.1:${port}`;
      assert.equal(
        await lineOf(fetchOutput(source, { connectTimeout: ['300ms'] })),
        `communication failed: connecting to 127.0.0.1:${port}: no answer within 300ms; a firewall, no route, or the wrong address (TIMEOUT)`,
      );
    });
  });

  test('a name that does not exist', async () => {
    const line = await lineOf(fetchOutput('tcp://no-such-host.invalid'));
    assert.match(
      line,
      /^communication failed: looking up no-such-host\.invalid: (no such name in DNS|name resolution failed for now) \(UNREACHABLE\)$/,
    );
  });

  test('an abort while a name is looked up ends the fetch at once', async () => {
    const context = makeOpenContext();
    const controller = new AbortController();
    const reason = new Error('enough');
    const target = { host: parseHostName('web01'), address: undefined };
    await withTransport(tcp, toSource('tcp://no-such-host.invalid'), context, async (transport) => {
      const fetched = transport.fetch(target, controller.signal);
      controller.abort(reason);
      await assert.rejects(fetched, (error) => error === reason);
    });
  });
});

describe('the first two bytes', () => {
  test('none', async () => {
    assert.equal(await lineFromStranger(closesAtOnce), empty);
  });

  test('none, because of the allow list', async () => {
    assert.equal(await lineFrom({ allowedIps: ['192.0.2.0/24'] }), empty);
  });

  test('none, because the agent cannot be run', async () => {
    assert.equal(await lineFrom({ agent: () => Promise.reject(new Error('no agent')) }), empty);
  });

  test('nothing behind them', async () => {
    assert.equal(await lineFromStranger(sends('<<')), empty);
  });

  test('a silent peer', async () => {
    assert.equal(
      await lineFromStranger(isSilent, { markerTimeout: ['200ms'] }),
      'communication failed: HOST accepted, but sent no marker within 200ms; a slow agent behind a controller without TLS, or another service (TIMEOUT)',
    );
  });

  test('one byte, then silence', async () => {
    assert.equal(
      await lineFromStranger(sendsAndStays('1'), { markerTimeout: ['200ms'] }),
      'communication failed: HOST accepted, but sent no marker within 200ms; a slow agent behind a controller without TLS, or another service (TIMEOUT)',
    );
  });

  test('one byte, then the end', async () => {
    assert.equal(
      await lineFromStranger(sends('<')),
      "unknown transport protocol: b'<' from HOST: closed after one byte; another service on this port (MALFORMED)",
    );
  });

  test('one byte, then a reset', async () => {
    assert.equal(
      await lineFromStranger(sendsAndResets('<')),
      'communication failed: reading from HOST: connection reset by the peer (UNREACHABLE)',
    );
  });

  const strangers = {
    'SSH-2.0-OpenSSH_9.2\r\n': "b'SS' from HOST: not a Checkmk agent, but an SSH server",
    '220 mail ESMTP\r\n': "b'22' from HOST: not a Checkmk agent, but a mail or FTP server",
    'HTTP/1.1 400 Bad\r\n': "b'HT' from HOST: not a Checkmk agent, but a web server",
    '\x15\x03\x03\x00': String.raw`b'\x15\x03' from HOST: not a Checkmk agent, but a server that speaks TLS from the first byte`,
    "01|'": "b'01' from HOST: not a Checkmk agent, but another service",
    "|'": String.raw`b'\x7c\x27' from HOST: not a Checkmk agent, but another service`,
    '\n<<<check_mk>>>\n': String.raw`b'\x0a<' from HOST: not a Checkmk agent, but another service`,
  };
  for (const [greeting, said] of Object.entries(strangers)) {
    test(`of another service: ${JSON.stringify(greeting.slice(0, 4))}`, async () => {
      const line = await lineFromStranger(sends(Buffer.from(greeting, 'latin1')));
      assert.equal(line, `unknown transport protocol: ${said} (MALFORMED)`);
    });
  }
});

describe('the rest of an answer without TLS', () => {
  test('a silence in the middle', async () => {
    assert.equal(
      await lineFromStranger(sendsAndStays('<<<check_mk>>>\n'), { idleTimeout: ['200ms'] }),
      'communication failed: reading from HOST: nothing more came for 200ms (TIMEOUT)',
    );
  });

  test('a reset in the middle', async () => {
    assert.equal(
      await lineFromStranger(sendsAndResets('<<<check_mk>>>\nVersion: 2.4.0\n')),
      'communication failed: reading from HOST: connection reset by the peer (UNREACHABLE)',
    );
  });

  test('fifteen bytes, of which the site could do nothing', async () => {
    assert.equal(
      await lineFromStranger(sends('<<<check_mk>>>\n')),
      'too short payload from agent at HOST: "<<<check_mk>>>" (MALFORMED)',
    );
  });

  test('no section header at the beginning', async () => {
    assert.equal(
      await lineFromStranger(sends('<<html><body>Log in</body></html>\n')),
      'no agent output from HOST: it must begin with "<<<", not "<<html><body>Log in</body></html>" (MALFORMED)',
    );
  });

  test('more than is allowed', async () => {
    const context = makeOpenContext({ maxOutputBytes: 1000 });
    const agent = async () => Buffer.from(`<<<check_mk>>>\n${'x'.repeat(100_000)}`);
    assert.equal(
      await lineFrom({ agent }, { context }),
      'HOST sends more than the allowed 1000 bytes (TOO_LARGE)',
    );
  });
});

describe('encryption with a passphrase', () => {
  const message =
    '303353616c7465645f5f0123456789abcdef3cff7cbbfe95f490daa479d84f326ad155ba634d89bf1c5fd4e32836f0bcfae29daff26d431f51ad2e8fae5106105a83';

  test('without one on our side', async () => {
    assert.equal(
      await lineFromStranger(sends(Buffer.from(message, 'hex'))),
      'data is encrypted but no secret is known: HOST uses scheme 03; name its passphrase with --passphrase-file (USAGE)',
    );
  });

  test('with a wrong one', async (t) => {
    const file = await writeSecret(await makeTempDir(t), 'passphrase', 'another-secret');
    const options = { passphraseFile: [file] };
    assert.equal(
      await lineFromStranger(sends(Buffer.from(message, 'hex')), options),
      'failed to decrypt agent output from HOST: the output cannot be decrypted (scheme 03): another passphrase was used (REFUSED)',
    );
  });

  test('cut off', async (t) => {
    const file = await writeSecret(await makeTempDir(t), 'passphrase', 'courier-secret');
    const options = { passphraseFile: [file] };
    assert.equal(
      await lineFromStranger(sends(Buffer.from(message, 'hex').subarray(0, 50)), options),
      'failed to decrypt agent output from HOST: damaged encrypted output (scheme 03): its end is missing or was changed (MALFORMED)',
    );
  });

  test('with a passphrase file that is not there', async () => {
    assert.equal(
      await lineOf(fetchOutput('tcp://127.0.0.1:1', { passphraseFile: ['/nowhere'] })),
      'reading --passphrase-file /nowhere: no such file or directory (LOCAL)',
    );
  });
});

test('no line is cut, however long host and address are', async () => {
  const host = 'a-rather-long-name-of-a-host.department.example.com';
  const place = '[2001:db8:1111:2222:3333:4444:5555:6666]:65535';
  const longest = empty.replace('HOST', place);
  assert.ok(`cmk-courier: tcp: ${host}: ${longest}`.length <= 300);
});
