/** Members of a pool with a real nats-server between them; times are a tenth of the usual ones. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseHostName } from '../../../src/names/host-name.ts';
import { waitUntil } from '../../helpers/wait-until.ts';
import { skipWithoutNats } from '../../peers/nats-program.ts';
import { startNatsServers } from '../../peers/nats-server.ts';
import { Member, names, sharesAll } from './members.ts';

test('members share the hosts through a broker, and go on when one dies and when it restarts', {
  skip: skipWithoutNats(),
}, async (t) => {
  const peer = await startNatsServers({ servers: 1 });
  t.after(() => peer.close());
  const [a, b, c] = ['a', 'b', 'c'].map((name) => new Member(t, name, peer.urls));
  assert.ok(a !== undefined && b !== undefined && c !== undefined);
  await waitUntil(() => sharesAll([a, b, c]));

  await b.die();
  await waitUntil(() => sharesAll([a, c]));

  const [server] = peer.servers;
  await server?.kill();
  await waitUntil(() => a.pool.status().state === 'apart' && c.pool.status().state === 'apart');
  assert.equal(a.seen, 'a asking, c asking');
  assert.match(a.way.fault?.message ?? '', /^the pool at 127\.0\.0\.1:\d+: /);
  await server?.start();
  await waitUntil(() => sharesAll([a, c]));
  assert.equal(a.way.fault, undefined);

  await c.way.stop();
  await waitUntil(() => sharesAll([a]));

  const further = Array.from({ length: 20 }, (_, index) => parseHostName(`further${index}`));
  const d = new Member(t, 'd', peer.urls, [...names, ...further]);
  await waitUntil(() => further.every((host) => d.asked.includes(host)));
  await waitUntil(() => a.pool.status().ours + d.pool.status().ours === 320);
  const difference = /: a: 300 hosts, version [0-9a-f]{8}; d: 320 hosts, version [0-9a-f]{8}$/;
  assert.match(a.pool.status().difference ?? '', difference);
  assert.equal(d.pool.status().difference, a.pool.status().difference);
});

test('a member that may not hear when hosts are due shares them, and says so', {
  skip: skipWithoutNats(),
}, async (t) => {
  const rights = 'permissions { publish: ">", subscribe: { deny: ["courierpool.>"] } }';
  const configuration = `no_auth_user: any
accounts { A { jetstream: enabled, users: [{ user: any, password: x, ${rights} }] } }`;
  const peer = await startNatsServers({ configuration });
  t.after(() => peer.close());
  const member = new Member(t, 'a', peer.urls);
  await waitUntil(() => sharesAll([member]));
  const warnings = () => member.log.lines.filter((line) => line.startsWith('warn'));
  await waitUntil(() => warnings().length > 0);
  const violation = `"Permissions Violation for Subscription to 'courierpool.test.*.*'"`;
  const why = `the server does not allow it: ${violation}`;
  const shown = peer.urls[0]?.replace('nats://', '');
  const line = `the pool at ${shown}: ${why}: when hosts are due is not heard; see \`broker init\``;
  assert.deepEqual(warnings(), [`warn ${line} { code: 'REFUSED' }`]);
});

test('a member that may not tell when hosts are due says so', {
  skip: skipWithoutNats(),
}, async (t) => {
  const rights = 'permissions { publish: { deny: ["courierpool.>"] } }';
  const configuration = `no_auth_user: any
accounts { A { jetstream: enabled, users: [{ user: any, password: x, ${rights} }] } }`;
  const peer = await startNatsServers({ configuration });
  t.after(() => peer.close());
  const member = new Member(t, 'a', peer.urls);
  await waitUntil(() => member.way.fault !== undefined);
  const said =
    /: the server does not allow it: "Permissions Violation for Publish to 'courierpool\.test\.\w+\.a'": when hosts are due is not told; see `broker init`$/;
  assert.match(member.way.fault?.message ?? '', said);
  assert.equal(member.log.lines.filter((line) => line.startsWith('warn')).length, 1);
});
