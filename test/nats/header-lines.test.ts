/** Headers that no client of ours would write, in messages of a host that has a user of its own. */

import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { type TestContext, test } from 'node:test';
import { MsgHdrsImpl } from '@nats-io/transport-node';
import { CourierError } from '../../src/faults/errors.ts';
import { parseHostName } from '../../src/names/host-name.ts';
import { decodeHeaders } from '../../src/nats/header-lines.ts';
import { nats } from '../../src/transports/nats/nats.ts';
import { parseSourceUri } from '../../src/transports/source.ts';
import { makeOpenContext } from '../helpers/open-context.ts';
import { waitUntil } from '../helpers/wait-until.ts';
import { skipWithoutNats } from '../peers/nats-program.ts';
import { startNatsServers } from '../peers/nats-server.ts';
import { connectPlainly, makeStream, openValues } from './plain-connection.ts';

const skip = skipWithoutNats();
const output = '<<<check_mk>>>\nVersion: 1\n';

/** As written, without a client that looks at it. */
async function publish(port: number, host: string, headers: string): Promise<void> {
  const socket = connect(port, '127.0.0.1').setEncoding('latin1');
  const head = `NATS/1.0\r\n${headers}\r\n`;
  const sizes = `${head.length} ${head.length + output.length}`;
  const subject = `courier.mysite.output.${host}`;
  socket.write('CONNECT {"verbose":false,"headers":true}\r\n');
  socket.write(`HPUB ${subject} ${sizes}\r\n${head}${output}\r\nPING\r\n`);
  let said = '';
  for await (const text of socket) {
    said += text;
    if (said.includes('PONG')) return;
  }
}

async function startStream(t: TestContext): Promise<{ port: number; url: string }> {
  const peer = await startNatsServers();
  const connection = await connectPlainly(peer.urls);
  t.after(async () => {
    await connection.close();
    await peer.close();
  });
  await makeStream(connection);
  return { port: peer.servers[0]?.port ?? 0, url: peer.urls[0] ?? '' };
}

const bad = {
  lines: 'A:y\nz\r\nB b: 1\r\n: 2\r\nnone\r\n',
  spaces: `A:${' '.repeat(60_000)}y\nz\r\n`,
  many: Array.from({ length: 8000 }, (_, index) => `a${index}:\r\n`).join(''),
};

test('the headers of one host keep nobody from following, reading or writing', {
  skip,
}, async (t) => {
  const { port, url } = await startStream(t);
  const hosts = [...Object.keys(bad), 'good'].map((name) => parseHostName(name));
  for (const [host, headers] of Object.entries(bad)) await publish(port, host, headers);
  await publish(port, 'good', 'A: b\r\n');
  const uri = parseSourceUri(`nats://127.0.0.1:${port}/mysite/{host}`);
  const transport = await nats.open({ uri, options: {} }, makeOpenContext());
  const heard = new Map<string, string>();
  const ended = new AbortController();
  const subscribed = transport.subscribe?.(
    {
      wanted: new Map(hosts.map((host) => [host, { host, address: undefined }])),
      deliver: async ({ host }, arrival) => {
        heard.set(host, arrival instanceof CourierError ? arrival.message : `${arrival.output}`);
      },
      tell: () => undefined,
    },
    ended.signal,
  );
  t.after(async () => {
    ended.abort(new CourierError('INTERRUPTED', 'the test ends'));
    await subscribed;
    await transport.close();
  });
  await waitUntil(() => heard.size === hosts.length);
  assert.deepEqual([...new Set(heard.values())], [output]);
  for (const host of hosts) {
    const read = await transport.fetch({ host, address: undefined }, AbortSignal.timeout(10_000));
    assert.equal(`${read.output}`, output, host);
    const connection = await connectPlainly([url]);
    const last = await openValues(connection).last(`courier.mysite.output.${host}`);
    await connection.close();
    assert.ok(last?.producedAt instanceof Date);
  }
});

test('headers are read as the library reads them, and in time that grows with their length', () => {
  const decode = (text: string) => decodeHeaders(MsgHdrsImpl, Buffer.from(text));
  const { code, description } = decode('NATS/1.0 404 Message Not Found\r\n\r\n');
  assert.deepEqual([code, description], [404, 'Message Not Found']);
  assert.equal(decode('NATS/1.0 503\r\n\r\n').code, 503);
  const several = decode('NATS/1.0\r\nA: 1\r\nA:2 \r\nb:x:y\r\n\r\n');
  assert.deepEqual(
    [...several],
    [
      ['A', ['1', '2']],
      ['b', ['x:y']],
    ],
  );
  const count = 200_000;
  const many = Array.from({ length: count }, (_, index) => `a${index}:\r\n`).join('');
  assert.equal(decode(`NATS/1.0\r\n${many}\r\n`).size(), count);
});
