/** Members of a pool with a real nats-server between them; times are a tenth of the usual ones. */

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { type TestContext, test } from 'node:test';
import { systemClock } from '../../../src/clock.ts';
import { usualTimes } from '../../../src/collector/pool/contract.ts';
import { NatsWay } from '../../../src/collector/pool/nats-way.ts';
import { Pool } from '../../../src/collector/pool/pool.ts';
import { parseHostName } from '../../../src/names/host-name.ts';
import { makeCollectingLog } from '../../helpers/collecting-log.ts';
import { waitUntil } from '../../helpers/wait-until.ts';
import { openTestSession } from '../../nats/sessions.ts';
import { skipWithoutNats } from '../../peers/nats-program.ts';
import { startNatsServers } from '../../peers/nats-server.ts';

const times = {
  ...usualTimes,
  beatMs: 250,
  silenceMs: 1200,
  gapMs: 900,
  joinMs: 350,
  handoverMs: 100,
  tellMs: 50,
};

const names = Array.from({ length: 300 }, (_, index) => parseHostName(`host${index}`));

/** A member with hosts that are due each second. */
class Member {
  readonly pool: Pool;
  readonly way: NatsWay;
  readonly asked: string[] = [];
  readonly log = makeCollectingLog();
  readonly #session: ReturnType<typeof openTestSession>['session'];
  readonly #timer: NodeJS.Timeout;

  constructor(t: TestContext, member: string, urls: readonly string[], known = names) {
    const { log } = this;
    const settings = { member, instance: randomUUID(), networks: [], times, clock: systemClock };
    this.pool = new Pool({ ...settings, log });
    this.#session = openTestSession(t, urls).session;
    const [session, pool] = [this.#session, this.pool];
    this.way = new NatsWay({ session, pool, name: 'test', member, clock: systemClock, log });
    const hosts = known.map((host) => ({
      target: { host },
      route: { sources: [], with: [], settings: { pool: undefined } },
      routed: { everyMs: 1000 },
      dueMs: 0,
      isRunning: false,
      planFor(dueMs: number) {
        this.dueMs = dueMs;
      },
    }));
    pool.setHosts(hosts);
    this.#timer = setInterval(() => {
      pool.look();
      for (const host of hosts) {
        if (host.dueMs > systemClock.monotonic() || !pool.mayAsk(host)) continue;
        pool.started(host);
        host.dueMs = systemClock.monotonic() + host.routed.everyMs;
        this.asked.push(host.target.host);
      }
    }, 20);
    t.after(() => this.die());
    this.way.start();
  }

  /** Without a word to the others. */
  async die(): Promise<void> {
    clearInterval(this.#timer);
    await this.#session.close();
    await this.way.stop();
  }

  get seen(): string {
    const { members } = this.pool.status();
    return members
      .map(({ member, state }) => `${member} ${state}`)
      .sort()
      .join(', ');
  }
}

/** Whether each host is that of one of the members, and they know it of each other. */
function sharesAll(members: readonly Member[]): boolean {
  const statuses = members.map(({ pool }) => pool.status());
  const isCalm = statuses.every(
    ({ state, members: seen }) => state === 'asking' && seen.length === members.length,
  );
  const ours = statuses.reduce((sum, status) => sum + status.ours, 0);
  return isCalm && ours === names.length && members.every(({ asked }) => asked.length > 0);
}

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
