/** Answers that are no answers: garbage, broken headers, closed connections, the wrong protocol. */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { stderrLine } from '../../../src/faults/errors.ts';
import { issueSelfSigned } from '../../helpers/certificates.ts';
import { catchFault, expectFault } from '../../helpers/expect-fault.ts';
import { findFreePort } from '../../helpers/free-port.ts';
import { type Behaviour, withHostileServer } from '../../helpers/hostile-server.ts';
import { fetchOutput, toResponse } from './fetching.ts';

const ok = toResponse('abc').toString();

function say(text: string): Behaviour {
  return (socket) => void socket.end(text, 'latin1');
}

async function fetchFrom(behaviour: Behaviour): Promise<string> {
  let fetched = '';
  await withHostileServer(behaviour, async ({ port }) => {
    fetched = String((await fetchOutput(`http://127.0.0.1:${port}/`)).output);
  });
  return fetched;
}

describe('a connection', () => {
  test('that nobody accepts is UNREACHABLE, naming host and port', async () => {
    const port = await findFreePort();
    await expectFault(
      fetchOutput(`http://127.0.0.1:${port}/`),
      'UNREACHABLE',
      new RegExp(`^connecting to 127.0.0.1:${port}: connection refused$`),
    );
    await expectFault(
      fetchOutput(`http://localhost:${port}/`),
      'UNREACHABLE',
      new RegExp(`^connecting to localhost:${port}: connection refused$`),
    );
  });

  test('to a name that does not exist is UNREACHABLE', async () => {
    await expectFault(
      fetchOutput('http://no-such-host.invalid/'),
      'UNREACHABLE',
      /^looking up no-such-host.invalid: (no such name in DNS|name resolution failed for now)$/,
    );
  });

  test('to a socket that is not there is UNREACHABLE', async () => {
    await expectFault(
      fetchOutput('http+unix://%2Fnonexistent%2Fagent.sock/'),
      'UNREACHABLE',
      /^connecting to \/nonexistent\/agent.sock: no such socket$/,
    );
  });

  test('closed or reset before the response is UNREACHABLE', async () => {
    await expectFault(
      fetchFrom((socket) => void socket.end()),
      'UNREACHABLE',
      /: the peer closed the connection without a response$/,
    );
    await expectFault(
      fetchFrom((socket) => void socket.resetAndDestroy()),
      'UNREACHABLE',
      /: connection reset by the peer$/,
    );
  });

  test('closed in the middle of the header is UNREACHABLE', async () => {
    await expectFault(fetchFrom(say('HTTP/1.1 200 OK\r\nContent-Le')), 'UNREACHABLE');
  });

  test('is not accepted in time: TIMEOUT, naming the time', async () => {
    // TEST-NET-1 (RFC 5737) is routed nowhere; some networks say so at once.
    const fault = await catchFault(fetchOutput('http://192.0.2.1/', { connectTimeout: ['200ms'] }));
    assert.ok(['TIMEOUT', 'UNREACHABLE'].includes(fault.code), fault.message);
    if (fault.code === 'TIMEOUT') {
      assert.equal(fault.message, 'connecting to 192.0.2.1:80: no answer within 200ms');
    }
  });
});

describe('what is not HTTP', () => {
  test('is PEER: garbage, other protocols, HTTP/0.9', async () => {
    for (const text of [
      'SSH-2.0-OpenSSH_9.2p1\r\n',
      '<html><body>hello</body></html>',
      '<<<check_mk>>>\nVersion: 2.4.0\n',
      '\x16\x03\x03\x00\x31garbage',
      'HTTP/9.9 200 OK\r\n\r\nabc',
      'HTTP/1.1 OK\r\n\r\n',
      'HTTP/1.1 200 OK\r\nno colon here\r\n\r\n',
    ]) {
      await expectFault(fetchFrom(say(text)), 'PEER', /: not an HTTP response: "/);
    }
  });

  test('on a port where TLS is spoken is PEER', async () => {
    const settings = { tls: issueSelfSigned({ name: 'localhost' }) };
    await withHostileServer(
      say(ok),
      async ({ port }) => {
        const fault = await catchFault(fetchOutput(`http://127.0.0.1:${port}/`));
        assert.ok(['PEER', 'UNREACHABLE'].includes(fault.code), fault.message);
      },
      settings,
    );
  });

  test('on a port where TLS is expected is PEER', async () => {
    await withHostileServer(say(ok), async ({ port }) => {
      await expectFault(
        fetchOutput(`https://127.0.0.1:${port}/`, { insecure: ['true'] }),
        'PEER',
        /: the peer does not speak TLS there$/,
      );
    });
  });

  test('said before anything was asked is PEER', async () => {
    await withHostileServer(
      (socket) => void socket.write('220 mail.example ESMTP\r\n'),
      async ({ port }) => {
        await expectFault(fetchOutput(`http://127.0.0.1:${port}/`), 'PEER');
      },
      { speaksFirst: true },
    );
  });
});

describe('a header', () => {
  test('of a megabyte is PEER', async () => {
    for (const header of [
      `X-Long: ${'x'.repeat(1_000_000)}\r\n`,
      'X-Many: x\r\n'.repeat(100_000),
      `${'N'.repeat(1_000_000)}: x\r\n`,
    ]) {
      await expectFault(
        fetchFrom(say(`HTTP/1.1 200 OK\r\n${header}\r\nabc`)),
        'PEER',
        /the header of the response is longer than 16 KiB$/,
      );
    }
  });

  test('that begins with 102 or 103 is waited out', async () => {
    const early = 'HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n';
    assert.equal(await fetchFrom(say(early + ok)), 'abc');
  });

  test('of 100 or 101, which nobody asked for, is PEER', async () => {
    for (const early of [
      'HTTP/1.1 100 Continue\r\n\r\n',
      'HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n',
    ]) {
      await expectFault(
        fetchFrom(say(early + ok)),
        'PEER',
        /the response is none to what was asked$/,
      );
    }
  });

  test('cannot bring control characters into the message', async () => {
    const status = '500 \x1b[31mred\x07\x08 | \xc3\xa4';
    const fault = await catchFault(
      fetchFrom(say(`HTTP/1.1 ${status}\r\nContent-Length: 0\r\n\r\n`)),
    );
    assert.equal(fault.code, 'PEER');
    assert.doesNotMatch(stderrLine(fault, []), /[\p{Cc}|]/u);
    assert.match(fault.message, /the peer answered 500 "\[31mred ¦ ä"$/);
  });

  test('cannot make the message longer than a line', async () => {
    const long = `HTTP/1.1 500 ${'a'.repeat(50_000)}\r\nContent-Length: 0\r\n\r\n`;
    const fault = await catchFault(fetchFrom(say(long)));
    assert.ok(fault.message.length < 300, fault.message);
  });
});
