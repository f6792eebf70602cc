/** Proxies that do not behave. */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import type { FaultCode } from '../../../src/faults/errors.ts';
import { catchFault, expectFault } from '../../helpers/expect-fault.ts';
import { type Behaviour, withHostileServer } from '../../helpers/hostile-server.ts';
import { makeOpenContext } from '../../helpers/open-context.ts';
import { fetchOutput, toResponse } from './fetching.ts';

const url = 'https://depot.invalid/';

function say(text: string): Behaviour {
  return (socket) => void socket.end(text, 'latin1');
}

async function refuses(behaviour: Behaviour, code: FaultCode, message: RegExp): Promise<void> {
  await withHostileServer(behaviour, async ({ port }) => {
    const proxy = [`http://127.0.0.1:${port}`];
    const fetched = fetchOutput(url, { proxy, insecure: ['true'], connectTimeout: ['500ms'] });
    await expectFault(fetched, code, message);
  });
}

describe('a proxy asked for a tunnel', () => {
  test('that never answers is TIMEOUT, naming the peer and the time', () =>
    refuses(
      () => undefined,
      'TIMEOUT',
      /^connecting to depot.invalid:443: no answer within 500ms$/,
    ));

  test('that hangs up is UNREACHABLE', () =>
    refuses(
      (socket) => void socket.end(),
      'UNREACHABLE',
      /^asking the proxy for depot.invalid:443: the peer closed the connection without/,
    ));

  test('that does not speak HTTP is PEER', () =>
    refuses(say('SSH-2.0-OpenSSH\r\n'), 'PEER', /: not an HTTP response: "/));

  test('that never stops sending its header is PEER', () =>
    refuses(
      say(`HTTP/1.1 200 OK\r\nX-Long: ${'x'.repeat(100_000)}\r\n\r\n`),
      'PEER',
      /the header of the response is longer than 16 KiB$/,
    ));

  test('that answers with a failure of its own is PEER', () =>
    refuses(say('HTTP/1.1 500 Broken\r\n\r\n'), 'PEER', /: the proxy answered 500$/));

  test('that agrees and then does not speak TLS is PEER', () =>
    refuses(
      say('HTTP/1.1 200 OK\r\n\r\nHTTP/1.1 200 OK\r\n\r\n'),
      'PEER',
      /: the peer does not speak TLS there$/,
    ));

  test('that agrees and then says nothing is TIMEOUT', () =>
    refuses(
      (socket, request) => {
        if (request.startsWith('CONNECT')) socket.write('HTTP/1.1 200 OK\r\n\r\n');
      },
      'TIMEOUT',
      /^connecting to depot.invalid:443: no answer within 500ms$/,
    ));
});

describe('a proxy of the environment', () => {
  test('with a user but no password is USAGE', async () => {
    const context = makeOpenContext({ env: { http_proxy: 'http://site@127.0.0.1:9' } });
    const fetched = fetchOutput('http://depot.invalid/', { proxy: ['env'] }, context);
    await expectFault(fetched, 'USAGE', /has a user without a password$/);
  });

  test('does not show its password, whatever goes wrong', async () => {
    const context = makeOpenContext({ env: { http_proxy: 'http://site:geheimnis@127.0.0.1:9' } });
    const fault = await catchFault(
      fetchOutput('http://depot.invalid/', { proxy: ['env'] }, context),
    );
    assert.doesNotMatch(fault.message + context.log.lines.join(), /geheimnis/);
  });
});

test('a body that is compressed passes a proxy as it would without', async () => {
  const body = toResponse(gzipSync('abc'), ['Content-Encoding: gzip']);
  await withHostileServer(
    (socket) => void socket.end(body),
    async ({ port, requests }) => {
      const proxy = [`http://127.0.0.1:${port}`];
      const { output } = await fetchOutput('http://depot.invalid/web01?a=1', { proxy });
      assert.equal(String(output), 'abc');
      assert.match(requests.join(''), /^GET http:\/\/depot.invalid\/web01\?a=1 HTTP\/1.1\r\n/);
    },
  );
});
