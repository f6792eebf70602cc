/**
 * A server before 2.10 that crashes while its tenth block begins hides messages that it has acknowledged,
 * and takes away all that follow (docs/protocol/nats.md#hidden-messages). A writer sees and mends it.
 */

import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { jetstream } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import { firstSound, isAtLeast } from '../../src/nats/server-versions.ts';
import { neverAborts } from '../../src/system/never-aborts.ts';
import { skipWithoutNats } from '../peers/nats-program.ts';
import { type NatsPeer, startNatsServers } from '../peers/nats-server.ts';
import {
  connectPlainly,
  makeStream,
  makeWriter,
  openValues,
  toMessage,
} from './plain-connection.ts';

const skip = skipWithoutNats();
const hosts = Array.from({ length: 300 }, (_, index) => `host${index}`);

/** Writes what nobody reads, until a block with that number is there. */
async function fillUpTo(block: number, { directory }: NatsPeer, connection: NatsConnection) {
  const blocks = join(directory, 'n1/jetstream/$G/streams/COURIER/msgs');
  const filler = Buffer.alloc(900_000);
  while (!readdirSync(blocks).includes(`${block}.blk`)) {
    await jetstream(connection).publish('courier.mysite.output.filler', filler);
  }
}

async function waitForReconnect(connection: NatsConnection): Promise<void> {
  for await (const { type } of connection.status()) {
    if (type === 'reconnect') return;
  }
}

function isSound({ info }: NatsConnection): boolean {
  const [major = 0, minor = 0] = (info?.version ?? '').split('.').map(Number);
  return isAtLeast([major, minor], firstSound);
}

test('a crash at the tenth block: what the server takes away is told, and what follows is kept', {
  skip,
}, async (t) => {
  const peer = await startNatsServers();
  t.after(() => peer.close());
  const connection = await connectPlainly(peer.urls);
  t.after(() => connection.close());
  await makeStream(connection);
  const [writer, values] = [makeWriter(connection), openValues(connection)];
  const started = Date.now();
  const write = async (these: readonly string[], seconds: number) => {
    const producedAt = new Date(started - 60_000 + seconds * 1000);
    for (const host of these) await writer.write(toMessage(host, producedAt), neverAborts);
  };
  const read = async (these: readonly string[]) => {
    const found = new Set<number | undefined>();
    for (const host of these) {
      const last = await values.last(`courier.mysite.output.${host}`);
      found.add(last?.producedAt && (last.producedAt.getTime() - started + 60_000) / 1000);
    }
    return [...found];
  };

  await fillUpTo(9, peer, connection);
  await write(hosts, 1);
  await fillUpTo(10, peer, connection);
  const those = hosts.slice(0, 10);
  await write(those, 2);
  const reconnected = waitForReconnect(connection);
  await peer.servers[0]?.kill();
  await peer.servers[0]?.start();
  await reconnected;

  const hides = !isSound(connection);
  assert.deepEqual(await read(those), [hides ? undefined : 2], 'docs/protocol/nats.md says so');
  for (const second of [3, 4]) {
    await write(those, second);
    assert.deepEqual(await read(those), [second]);
    assert.equal(writer.counts.lost, hides ? those.length : 0);
  }
  assert.deepEqual(await read(hosts.slice(10)), [1]);
});
