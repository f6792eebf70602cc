/** The stand-in for the Agent Controller, looked at with nothing but sockets. */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { type ConnectionOptions, connect as connectTls } from 'node:tls';
import { inflateSync } from 'node:zlib';
import { waitUntil } from '../helpers/wait-until.ts';
import { isAllowed, normaliseAddress } from './agent-controller/addresses.ts';
import { SiteAuthority } from './agent-controller/certificates.ts';
import { toFrame } from './agent-controller/frame.ts';
import { closesAtOnce, sends, sendsSlowly } from './agent-controller/misbehaviours.ts';
import {
  type AgentController,
  type ControllerSettings,
  type PullConnection,
  startAgentController,
  withAgentController,
} from './agent-controller.ts';

const output = Buffer.from('<<<check_mk>>>\nVersion: 2.4.0\n');
const agent = async () => output;

/** Waits for the end, whatever error brings it. */
function untilClosed(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    socket.once('close', () => resolve());
  });
}

/** Everything a connection brings until it ends, however it ends. */
async function readAll(port: number, host = '127.0.0.1'): Promise<string> {
  const socket = connect(port, host).on('error', () => undefined);
  let text = '';
  socket.on('data', (piece) => {
    text += piece.toString('latin1');
  });
  await untilClosed(socket);
  return text;
}

describe('the allow list', () => {
  const cases: readonly (readonly [
    remote: string,
    entries: readonly string[],
    allowed: boolean,
  ])[] = [
    ['10.1.2.3', [], true],
    ['10.1.2.3', ['10.1.2.3'], true],
    ['10.1.2.4', ['10.1.2.3'], false],
    ['10.9.9.9', ['10.1.2.3/8'], true],
    ['::ffff:10.9.9.9', ['10.0.0.0/8'], true],
    ['2001:db8::9', ['2001:db8::1/32'], true],
    ['2001:db9::9', ['2001:db8::1/32'], false],
    ['10.1.2.3', ['site.example', '10.1.2.3/33', ''], false],
    ['10.1.2.3', ['junk', '10.1.2.3'], true],
  ];
  for (const [remote, entries, allowed] of cases) {
    test(`${entries.join(', ') || 'empty'} ${allowed ? 'lets in' : 'keeps out'} ${remote}`, () => {
      assert.equal(isAllowed(remote, entries), allowed);
    });
  }

  test('keeps a peer out without a byte', async () => {
    await withAgentController({ agent, allowedIps: ['192.0.2.1'] }, async ({ port }) => {
      assert.equal(await readAll(port), '');
    });
  });

  test('sees IPv4 peers of a dual-stack listener as IPv4', () => {
    assert.equal(normaliseAddress('::ffff:127.0.0.1'), '127.0.0.1');
    assert.equal(normaliseAddress('::1'), '::1');
  });
});

describe('legacy mode', () => {
  test('sends the output as it is, and no marker of TLS', async () => {
    await withAgentController({ agent }, async ({ port }) => {
      assert.equal(await readAll(port), String(output));
    });
  });

  test('tells the agent who asks', async () => {
    const echo: ControllerSettings['agent'] = async ({ remote, local }) =>
      Buffer.from(`${remote} ${local}`);
    await withAgentController({ agent: echo, address: '0.0.0.0' }, async ({ port }) => {
      assert.equal(await readAll(port, '127.0.0.9'), '127.0.0.1 127.0.0.9');
    });
  });

  test('closes without a byte when the agent cannot be run', async () => {
    const broken = () => Promise.reject(new Error('no agent'));
    await withAgentController({ agent: broken }, async ({ port }) => {
      assert.equal(await readAll(port), '');
    });
  });

  test('serves three connections of one address, and closes a fourth', async () => {
    const waiting: (() => void)[] = [];
    const slow = () => new Promise<Buffer>((resolve) => waiting.push(() => resolve(output)));
    await withAgentController({ agent: slow }, async ({ port }) => {
      const three = [1, 2, 3].map(() => readAll(port));
      await waitUntil(() => waiting.length === 3);
      assert.equal(await readAll(port), '');
      for (const answer of waiting) answer();
      assert.deepEqual(await Promise.all(three), Array(3).fill(String(output)));
    });
  });

  test('listens again on its port after it was stopped', async () => {
    await withAgentController({ agent }, async (controller) => {
      await controller.stop();
      assert.equal(await readAll(controller.port), '');
      await controller.start();
      assert.equal(await readAll(controller.port), String(output));
    });
  });
});

describe('what does not behave', () => {
  const readFrom = (settings: Partial<ControllerSettings>) =>
    withAgentController({ agent, ...settings }, ({ port }) => readAll(port));

  test('sends what it is told to in place of everything', async () => {
    assert.equal(await readFrom({ deviations: { instead: closesAtOnce } }), '');
    assert.equal(await readFrom({ deviations: { instead: sends('1') } }), '1');
    const slowly = sendsSlowly('16', (socket) => socket.end());
    assert.equal(await readFrom({ deviations: { instead: slowly } }), '16');
  });

  test('frames differ in their headers', () => {
    assert.equal(toFrame(output, { version: 1, compression: 2 }).toString('hex', 0, 3), '000102');
    assert.deepEqual(toFrame(output, { compression: 0 }).subarray(3), output);
  });
});

const uuid = '6f9619ff-8b86-4d01-b42d-00cf4fc964ff';
const second = '7f9619ff-8b86-4d01-b42d-00cf4fc964ff';
const site = new SiteAuthority('one');
const otherSite = new SiteAuthority('two');
const connections: readonly PullConnection[] = [
  { uuid, rootCert: site.cert, ...site.issueAgent(uuid) },
  { uuid: second, rootCert: otherSite.cert, ...otherSite.issueAgent(second) },
];
const ours = site.issueSite();
let controller: AgentController;
before(async () => {
  controller = await startAgentController({ agent, connections });
});
after(() => controller.stop());

/** What a site gets after the marker; empty when it is refused, at whatever point. */
async function ask(options: ConnectionOptions, pem?: string): Promise<Buffer> {
  const socket = connect(controller.port, '127.0.0.1').on('error', () => undefined);
  const [marker] = await once(socket, 'data');
  assert.equal(String(marker), '16');
  socket.removeAllListeners('data').pause();
  const own = pem === undefined ? {} : { cert: pem, key: pem };
  const ca = [site.cert, otherSite.cert];
  const secured = connectTls({ socket, ca, servername: uuid, ...own, ...options });
  const pieces: Buffer[] = [];
  secured.on('error', () => undefined).on('data', (piece: Buffer) => pieces.push(piece));
  await untilClosed(secured);
  return Buffer.concat(pieces);
}

/** OpenSSL's words for what ends the connection of a site. */
async function complaintOf(options: ConnectionOptions, pem?: string): Promise<string> {
  const socket = connect(controller.port, '127.0.0.1').on('error', () => undefined);
  await once(socket, 'readable');
  assert.equal(String(socket.read(2)), '16');
  const own = pem === undefined ? {} : { cert: pem, key: pem };
  const secured = connectTls({ socket, ca: site.cert, servername: uuid, ...own, ...options });
  secured.resume();
  return new Promise((resolve) => {
    secured.once('error', (error) => resolve('reason' in error ? String(error.reason) : ''));
  });
}

const assertDelivered = (frame: Buffer) => {
  assert.equal(frame.toString('hex', 0, 3), '000001');
  assert.deepEqual(inflateSync(frame.subarray(3)), output);
};

for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
  const versions = { minVersion: version, maxVersion: version };
  test(`delivers the frame over ${version} to a site it is registered with`, async () => {
    assertDelivered(await ask(versions, ours));
  });

  test(`sends nothing over ${version} without a client certificate`, async () => {
    assert.equal((await ask(versions)).length, 0);
  });

  test(`sends nothing over ${version} to a stranger`, async () => {
    assert.equal((await ask(versions, new SiteAuthority('three').issueSite())).length, 0);
  });
}

test('chooses its certificate by the name asked for', async () => {
  assertDelivered(await ask({ servername: second }, ours));
  assert.deepEqual(controller.serverNames.slice(-1), [second]);
});

for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
  test(`says in an alert of ${version} why it sends nothing`, async () => {
    const versions = { minVersion: version, maxVersion: version };
    const reason = async (options: ConnectionOptions, pem?: string) => {
      const said = await complaintOf({ ...versions, ...options }, pem);
      return said.replace(/^.*alert /, '');
    };
    const forServers = site.issueSite('one', { usages: ['serverAuth'] });
    const old = site.issueSite('one', { validUntil: new Date(Date.now() - 1000) });
    assert.equal(await reason({ servername: 'localhost' }, ours), 'access denied');
    assert.equal(await reason({}, forServers), 'unsupported certificate');
    assert.equal(await reason({}, old), 'certificate expired');
    assert.equal(await reason({}, new SiteAuthority('three').issueSite()), 'certificate unknown');
    assert.equal(await reason({}), 'certificate required');
  });
}

test('sends nothing for a name it does not know, or for none', async () => {
  assert.equal((await ask({ servername: 'localhost' }, ours)).length, 0);
  assert.equal((await ask({ servername: uuid.toUpperCase() }, ours)).length, 0);
  const checkServerIdentity = () => undefined;
  assert.equal((await ask({ servername: '', checkServerIdentity }, ours)).length, 0);
});

test('sends nothing to whose common name is a UUID, missing or not the only one', async () => {
  const names = [[second], [second.replaceAll('-', '')], [`{${second}}`], [], ['one', 'two']];
  for (const commonNames of names) {
    const own = site.issue({ commonNames, dnsNames: ['one'] });
    assert.equal((await ask({}, site.toSitePem(own))).length, 0, commonNames.join());
  }
  assertDelivered(await ask({}, site.toSitePem(site.issue({ commonNames: ['two'] }))));
});

test('gives up a peer that never begins the handshake', async () => {
  await withAgentController({ agent, connections, timeoutMs: 100 }, async ({ port }) => {
    assert.equal(await readAll(port), '16');
  });
});
