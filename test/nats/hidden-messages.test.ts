/**
 * A server before 2.10 that crashes while its tenth block begins hides messages that it has acknowledged,
 * and takes away all that follow (docs/protocol/nats.md#hidden-messages). A writer sees and mends it.
 */

import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { jetstream } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import type { StreamMessage } from '../../src/nats/last-values.ts';
import type { NewestWriter } from '../../src/nats/newest-writer.ts';
import { firstSound, isAtLeast } from '../../src/nats/server-versions.ts';
import { neverAborts } from '../../src/system/never-aborts.ts';
import { skipWithoutNats } from '../peers/nats-program.ts';
import { type NatsPeer, type NatsServer, startNatsServers } from '../peers/nats-server.ts';
import {
  connectPlainly,
  makeStream,
  makeWriter,
  openValues,
  toMessage,
} from './plain-connection.ts';

const skip = skipWithoutNats();
const hosts = Array.from({ length: 300 }, (_, index) => `host${index}`);

/** A stream on servers of a test, a writer into it, and what is there. */
class Stream {
  readonly peer: NatsPeer;
  readonly writer: NewestWriter<StreamMessage>;
  readonly #connection: NatsConnection;
  readonly #started = Date.now();

  private constructor(peer: NatsPeer, connection: NatsConnection) {
    this.peer = peer;
    this.#connection = connection;
    this.writer = makeWriter(connection);
  }

  static async open(t: TestContext, servers: 1 | 3): Promise<Stream> {
    const peer = await startNatsServers({ servers });
    t.after(() => peer.close());
    const connection = await connectPlainly(peer.urls);
    t.after(() => connection.close());
    await makeStream(connection, servers);
    return new Stream(peer, connection);
  }

  /** Whether these servers do what the page tells of old ones. */
  get hides(): boolean {
    const [major = 0, minor = 0] = (this.#connection.info?.version ?? '').split('.').map(Number);
    return !isAtLeast([major, minor], firstSound);
  }

  /** Writes what nobody reads until a server has a block with that number. */
  async fillUpTo(block: number, { name }: NatsServer): Promise<void> {
    const blocks = join(this.peer.directory, name, 'jetstream/$G/streams/COURIER/msgs');
    const filler = Buffer.alloc(900_000);
    while (!readdirSync(blocks).includes(`${block}.blk`)) {
      await jetstream(this.#connection).publish('courier.mysite.output.filler', filler);
    }
  }

  /** Outputs that tell a second. */
  async write(these: readonly string[], second: number): Promise<void> {
    const producedAt = new Date(this.#started - 60_000 + second * 1000);
    for (const host of these) await this.writer.write(toMessage(host, producedAt), neverAborts);
  }

  /** The seconds that the last ones tell, each once; undefined where there is none. */
  async read(these: readonly string[]): Promise<readonly (number | undefined)[]> {
    const values = openValues(this.#connection);
    const found = new Set<number | undefined>();
    for (const host of these) {
      const last = await values.last(`courier.mysite.output.${host}`);
      found.add(last?.producedAt && (last.producedAt.getTime() - this.#started + 60_000) / 1000);
    }
    return [...found];
  }

  /** `kill -9`; resolves when it runs again and the stream answers. */
  async crash(server: NatsServer): Promise<void> {
    await server.kill();
    await server.start();
    while (!(await isAnswered(this.#connection))) await sleep(50);
  }

  async makeLeader({ name }: NatsServer): Promise<void> {
    while ((await this.peer.findLeader('COURIER'))?.name !== name) {
      await this.#connection
        .request('$JS.API.STREAM.LEADER.STEPDOWN.COURIER')
        .catch(() => undefined);
      await sleep(200);
    }
  }
}

async function isAnswered(connection: NatsConnection): Promise<boolean> {
  const asked = connection.request('$JS.API.STREAM.INFO.COURIER', '', { timeout: 500 });
  return asked.then(
    () => true,
    () => false,
  );
}

/** @returns the hosts that are in both blocks, 10 of 300 */
async function killAtTenthBlock(stream: Stream, server: NatsServer): Promise<readonly string[]> {
  await stream.fillUpTo(9, server);
  await stream.write(hosts, 1);
  await stream.fillUpTo(10, server);
  const those = hosts.slice(0, 10);
  await stream.write(those, 2);
  await stream.crash(server);
  return those;
}

async function assertMended(stream: Stream, those: readonly string[]): Promise<void> {
  const { hides, writer } = stream;
  const told = 'docs/protocol/nats.md says so';
  assert.deepEqual(await stream.read(those), [hides ? undefined : 2], told);
  for (const second of [3, 4]) {
    await stream.write(those, second);
    assert.deepEqual(await stream.read(those), [second]);
    assert.equal(writer.counts.lost, hides ? those.length : 0);
  }
  assert.deepEqual(await stream.read(hosts.slice(10)), [1]);
}

test('a crash at the tenth block: what the server takes away is told, and what follows is kept', {
  skip,
}, async (t) => {
  const stream = await Stream.open(t, 1);
  const [server] = stream.peer.servers;
  assert(server !== undefined);
  await assertMended(stream, await killAtTenthBlock(stream, server));
});

test('the same of a server in a cluster that leads only later', {
  skip: skip || (process.env['COURIER_TEST_LONG'] === undefined && 'in the long form only'),
}, async (t) => {
  const stream = await Stream.open(t, 3);
  const leader = await stream.peer.findLeader('COURIER');
  const follower = stream.peer.servers.find(({ name }) => name !== leader?.name);
  assert(follower !== undefined);
  const those = await killAtTenthBlock(stream, follower);
  assert.deepEqual(await stream.read(those), [2]);
  await stream.makeLeader(follower);
  await assertMended(stream, those);
});
