/** What somebody may do to the bucket of a pool while members run. */

import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { type JetStreamManager, jetstreamManager, type StreamConfig } from '@nats-io/jetstream';
import { headers, type NatsConnection } from '@nats-io/transport-node';
import { neverAborts } from '../../../src/system/never-aborts.ts';
import { waitUntil } from '../../helpers/wait-until.ts';
import { openTestSession } from '../../nats/sessions.ts';
import { skipWithoutNats } from '../../peers/nats-program.ts';
import { startNatsServers } from '../../peers/nats-server.ts';
import { Member, sharesAll } from './members.ts';

const stream = 'KV_COURIER_POOL';
const subjects = ['$KV.COURIER_POOL.>'];

/** Two members that share the hosts, and somebody who may do anything. */
async function startPool(t: TestContext) {
  const peer = await startNatsServers();
  t.after(() => peer.close());
  const members = ['a', 'b'].map((name) => new Member(t, name, peer.urls));
  await waitUntil(() => sharesAll(members));
  const connection = await openTestSession(t, peer.urls).session.connection(neverAborts);
  const manager = await jetstreamManager(connection);
  return { members, connection, streams: manager.streams };
}

interface Change {
  readonly make: (streams: JetStreamManager['streams']) => Promise<unknown>;
  /** Nobody notices it. */
  readonly isHarmless?: true;
  /** What each member says of it until it is undone; nothing where it heals by itself. */
  readonly fault?: RegExp;
  readonly undo?: (streams: JetStreamManager['streams']) => Promise<unknown>;
}

const remade = (config: Partial<StreamConfig>): Change['make'] => {
  return async (streams) => {
    await streams.delete(stream);
    await streams.add({ name: stream, subjects, ...config });
  };
};
const updated = (config: Partial<StreamConfig>): Change['make'] => {
  return (streams) => streams.update(stream, config);
};
const deleted: Change['make'] = (streams) => streams.delete(stream);

const changes: Readonly<Record<string, Change>> = {
  'is deleted': { make: deleted },
  'is purged': { make: (streams) => streams.purge(stream), isHarmless: true },
  'keeps three messages only': { make: remade({ max_msgs: 3 }) },
  'takes small messages only': {
    make: updated({ max_msg_size: 10 }),
    fault: /bucket COURIER_POOL: the server says "message size exceeds maximum allowed"$/,
    undo: updated({ max_msg_size: -1 }),
  },
  'acknowledges nothing': {
    make: updated({ no_ack: true }),
    fault: /bucket COURIER_POOL: no answer in time \(--answer-timeout\)$/,
    undo: updated({ no_ack: false }),
  },
  'has other subjects': {
    make: updated({ subjects: ['other.>'] }),
    // A server of 2.9 does not let it be watched; newer ones do.
    fault: /bucket COURIER_POOL: (?:the server says "consumer filter subject is|nobody answers: )/,
    undo: updated({ subjects }),
  },
  'is full': {
    make: updated({ discard: 'new', max_msgs: 1, max_msgs_per_subject: 100 }),
    fault: /bucket COURIER_POOL: the server says "maximum messages exceeded"$/,
    undo: updated({ discard: 'old', max_msgs: -1, max_msgs_per_subject: 1 }),
  },
  'is sealed': {
    make: updated({ sealed: true }),
    fault: /bucket COURIER_POOL: the server says "invalid operation on sealed stream"$/,
    undo: deleted,
  },
  'is a work queue': {
    make: remade({ retention: 'workqueue' }),
    fault: /bucket COURIER_POOL: the server says "workqueue stream requires explicit ack"$/,
    undo: deleted,
  },
};

const skipMatrix =
  process.env['COURIER_TEST_LONG'] === undefined
    ? 'takes half a minute: COURIER_TEST_LONG'
    : skipWithoutNats();

for (const [what, change] of Object.entries(changes)) {
  test(`the bucket ${what}: members go on as they are, say so, and heal`, {
    skip: skipMatrix,
  }, async (t) => {
    const { members, streams } = await startPool(t);
    const { make, isHarmless = false, fault, undo } = change;
    await make(streams);
    if (fault === undefined) {
      await waitUntil(() => isHarmless || members.every(({ way }) => way.reconnects > 0));
    } else {
      await waitUntil(() => members.every(({ way }) => fault.test(way.fault?.message ?? '')));
      assert.deepEqual(
        members.map(({ pool }) => pool.status().state),
        ['apart', 'apart'],
      );
      assert.ok(members.every(({ pool }) => pool.status().members.length === 2));
      const asked = members.map((member) => member.asked.length);
      await waitUntil(() =>
        members.every((member, index) => member.asked.length > (asked[index] ?? 0) + 50),
      );
    }
    await undo?.(streams);
    await waitUntil(
      () => sharesAll(members) && members.every(({ way }) => way.fault === undefined),
    );
  });
}

/** Into keys of members and of none, and onto the subjects between them. */
async function scatterRubbish(connection: NatsConnection): Promise<void> {
  const bodies = ['', '{', '[]', '{"member":"b"}', 'x'.repeat(500_000), Buffer.from([255, 0])];
  const keys = ['a', 'b', 'zz', '=ZZ', '*', '>', 'ü', 'b.c', 'k'.repeat(300)];
  const odd = headers();
  odd.set('KV-Operation', 'nonsense');
  odd.set('Nats-Rollup', 'nonsense');
  for (const key of keys) {
    for (const body of bodies) {
      connection.publish(`$KV.COURIER_POOL.test.${key}`, body);
      connection.publish(`$KV.COURIER_POOL.test.${key}`, body, { headers: odd });
      for (const topic of ['due', 'hosts', 'question', 'other']) {
        connection.publish(`courierpool.test.${topic}.${key}`, body);
      }
    }
  }
  await connection.flush();
}

test('rubbish in a bucket changes nothing, and one that is made anew is found again', {
  skip: skipWithoutNats(),
}, async (t) => {
  const { members, connection, streams } = await startPool(t);
  await scatterRubbish(connection);
  const asked = members.map((member) => member.asked.length);
  await waitUntil(() =>
    members.every((member, index) => member.asked.length > (asked[index] ?? 0)),
  );
  assert.ok(sharesAll(members));
  assert.ok(members.every(({ way }) => way.fault === undefined && way.reconnects === 0));

  // Its sequence begins anew, so that whoever watches from the last one on hears nothing any more.
  await remade({})(streams);
  await waitUntil(() => members.every(({ way }) => way.reconnects > 0) && sharesAll(members));
});

test('a server that takes small messages only is no reason to end, and members say what is missing', {
  skip: skipWithoutNats(),
}, async (t) => {
  const peer = await startNatsServers({ configuration: 'max_payload: 2000' });
  t.after(() => peer.close());
  const member = new Member(t, 'a', peer.urls);
  await waitUntil(() => member.way.fault !== undefined);
  const shown = peer.urls[0]?.replace('nats://', '');
  const why = 'max_payload of the server is 2000 bytes, and 3600 are to be sent';
  const what = `the pool at ${shown}: ${why}: when hosts are due is not told`;
  assert.equal(member.way.fault?.message, what);
  await waitUntil(() => sharesAll([member]));
});
