/** Who stands behind a proxy: believed of those that were named. */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import { test } from 'node:test';
import { connect, type TLSSocket } from 'node:tls';
import { Proxies, parseNetwork } from '../../src/receiver/proxies.ts';
import { catchThrown } from '../helpers/catch-thrown.ts';
import { exchange } from '../peers/controller-client.ts';
import { goodOutput, type RunningReceiver, site, startReceiver } from './running-receiver.ts';

type Headers = Readonly<Record<string, string>>;

/** The address a request counts for that comes from `direct`. */
function senderOf(direct: string, headers: Headers, trusted: readonly string[]): string {
  const socket = new Socket();
  Object.defineProperty(socket, 'remoteAddress', { value: direct });
  const request = new IncomingMessage(socket);
  Object.assign(request.headers, headers);
  return new Proxies(trusted.map(parseNetwork)).senderOf(request);
}

const proxies = ['192.0.2.0/24', '2001:db8:ffff::/48'];

test('of what a proxy says, the right-most address that is no proxy counts', () => {
  const cases: readonly (readonly [header: string, sender: string])[] = [
    ['203.0.113.7', '203.0.113.7'],
    ['10.0.0.1, 203.0.113.7', '203.0.113.7'],
    ['203.0.113.7, 192.0.2.9', '203.0.113.7'],
    ['198.51.100.1, 203.0.113.7, 192.0.2.9, 2001:db8:ffff::1', '203.0.113.7'],
    ['203.0.113.7:4711', '203.0.113.7'],
    ['2001:DB8::1', '2001:db8::1'],
    ['[2001:db8::1]:443', '2001:db8::1'],
    ['::ffff:203.0.113.7', '203.0.113.7'],
    // As far as it can be read: the nearest proxy.
    ['203.0.113.7, unknown', '192.0.2.1'],
    ['203.0.113.7, unknown, 192.0.2.9', '192.0.2.9'],
    ['192.0.2.8', '192.0.2.8'],
    ['', '192.0.2.1'],
    [', ,', '192.0.2.1'],
    ['203.0.113.7,', '192.0.2.1'],
    [`203.0.113.7${', 192.0.2.9'.repeat(40)}`, '192.0.2.9'],
    ['999.0.0.1', '192.0.2.1'],
    ['<script>', '192.0.2.1'],
  ];
  for (const [header, sender] of cases) {
    assert.equal(senderOf('192.0.2.1', { 'x-forwarded-for': header }, proxies), sender, header);
  }
});

test('Forwarded of RFC 7239 is read in all its spellings', () => {
  const cases: readonly (readonly [header: string, sender: string])[] = [
    ['for=203.0.113.7', '203.0.113.7'],
    ['For="[2001:db8:cafe::17]:4711"', '2001:db8:cafe::17'],
    ['for=203.0.113.7;proto=http;by=192.0.2.9', '203.0.113.7'],
    ['by=192.0.2.9; for="203.0.113.7:80" ;host="a,b;for=10.0.0.1"', '203.0.113.7'],
    ['for=10.0.0.1, for=203.0.113.7', '203.0.113.7'],
    ['for=203.0.113.7, for=192.0.2.9', '203.0.113.7'],
    ['for="a, for=203.0.113.7', '203.0.113.7'],
    ['for=_hidden', '192.0.2.1'],
    ['for=unknown, for=192.0.2.9', '192.0.2.9'],
    ['for="a, for="[2001:db8::1]"', '192.0.2.1'],
    ['by=203.0.113.7', '192.0.2.1'],
    ['x-for=203.0.113.7', '192.0.2.1'],
  ];
  for (const [forwarded, sender] of cases) {
    assert.equal(senderOf('192.0.2.1', { forwarded }, proxies), sender, forwarded);
  }
});

test('nobody else is believed, and of two headers that say otherwise none', () => {
  const forged = { 'x-forwarded-for': '203.0.113.7', forwarded: 'for=203.0.113.7' };
  assert.equal(senderOf('198.51.100.1', forged, proxies), '198.51.100.1');
  assert.equal(senderOf('192.0.2.1', forged, []), '192.0.2.1');
  assert.equal(senderOf('192.0.2.1', forged, proxies), '203.0.113.7');
  assert.equal(senderOf('::ffff:192.0.2.1', forged, proxies), '203.0.113.7');
  const split = { ...forged, forwarded: 'for=10.0.0.1' };
  assert.equal(senderOf('192.0.2.1', split, proxies), '192.0.2.1');
  assert.equal(senderOf('fe80::1%eth0', forged, ['fe80::/10']), '203.0.113.7');
});

test('a proxy is an address or a network, and never everybody', () => {
  assert.deepEqual(parseNetwork('192.0.2.1'), { address: '192.0.2.1', bits: 32 });
  assert.deepEqual(parseNetwork('2001:db8::/32'), { address: '2001:db8::', bits: 32 });
  for (const bad of [
    '',
    'proxy',
    '192.0.2.1/33',
    '192.0.2/24',
    '::/129',
    '192.0.2.1/',
    '1.2.3.4/x',
  ]) {
    assert.throws(() => parseNetwork(bad), { code: 'USAGE' }, bad);
  }
  assert.equal(
    catchThrown(() => parseNetwork('0.0.0.0/0')).message,
    'must not be every address, as "0.0.0.0/0" is',
  );
});

async function guess(running: RunningReceiver, port: number | undefined, from: string) {
  const path = '/v1/hosts/web01/agent-output';
  const headers = { authorization: 'Bearer guess', 'x-forwarded-for': from };
  const message = { method: 'PUT', path, headers, body: goodOutput };
  const tls = { rejectUnauthorized: false };
  assert.ok(port !== undefined);
  const reply = await exchange({ port, site }, message, tls);
  return [
    reply.status,
    /address: '[^']*'(?:, *\n? *proxy: '[^']*')?/
      .exec(running.log.lines.at(-1) ?? '')?.[0]
      .replace(/\s+/g, ' '),
  ];
}

test('failures behind a proxy count for who is behind it, and the log names both', async (t) => {
  const running = await startReceiver(t, { failureRate: ['1'], trustedProxy: ['127.0.0.1'] });
  const [one, two] = ['203.0.113.1', '203.0.113.2'];
  const said = [
    await guess(running, running.port, one),
    await guess(running, running.port, one),
    await guess(running, running.port, two),
  ];
  assert.deepEqual(said, [
    [401, `address: '${one}', proxy: '127.0.0.1'`],
    [429, `address: '${one}', proxy: '127.0.0.1'`],
    [401, `address: '${two}', proxy: '127.0.0.1'`],
  ]);
  const plain = await startReceiver(t, { failureRate: ['1'] });
  assert.deepEqual(await guess(plain, plain.port, one), [401, "address: '127.0.0.1'"]);
});

test('a proxy has more connections than one address may', async (t) => {
  const limits = { addressConnections: ['1'], trustedProxy: ['127.0.0.1'] };
  const running = await startReceiver(t, limits);
  const open = async (localAddress: string): Promise<TLSSocket> => {
    const to = { host: '127.0.0.1', port: running.port, rejectUnauthorized: false, localAddress };
    const socket = connect(to);
    t.after(() => socket.destroy());
    await once(
      socket.resume().on('error', () => undefined),
      'secureConnect',
    );
    return socket;
  };
  const first = await open('127.0.0.9');
  const gone = new Promise((resolve) => first.on('close', resolve));
  for (const from of ['127.0.0.1', '127.0.0.1', '127.0.0.1', '127.0.0.9']) await open(from);
  await gone;
  assert.equal(running.receiver.connections, 4);
});
