/**
 * Programs in a pool on a real nats-server, in real time, and a source that counts which host is asked
 * when: one is killed, one stopped and continued, one added, the broker is away for a while, and the
 * way to it is cut for one or for all.
 */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { courier, start } from '../../helpers/run-program.ts';
import { startTcpWay } from '../../helpers/tcp-way.ts';
import { skipWithoutNats } from '../../peers/nats-program.ts';
import { type NatsPeer, startNatsServers } from '../../peers/nats-server.ts';
import { type CollectorSite, makeOutput, makeSite } from '../running-collector.ts';
import { Askings } from './askings.ts';

const everyMs = 20_000;
const hosts = Array.from({ length: 600 }, (_, index) => `host${index}`);
const skip =
  process.env['COURIER_TEST_LONG'] === undefined
    ? 'takes ten minutes: COURIER_TEST_LONG'
    : skipWithoutNats();

/** The address of a source that counts. */
async function countAskings(t: TestContext, askings: Askings): Promise<string> {
  const server = createServer(({ url }, answer) => {
    const host = url?.slice(1) ?? '';
    askings.asked(host);
    answer.end(makeOutput(host));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.closeAllConnections());
  t.after(() => server.close());
  const address = server.address();
  return typeof address === 'object' && address !== null ? `127.0.0.1:${address.port}` : '';
}

interface Surroundings {
  readonly peer: NatsPeer;
  readonly source: string;
}

/** A way to the broker that can be cut, and be there again at the same port. */
class Way {
  readonly port: number;
  readonly #sockets: Set<Socket>;
  readonly #state: { isCut: boolean };

  private constructor(port: number, sockets: Set<Socket>, state: { isCut: boolean }) {
    [this.port, this.#sockets, this.#state] = [port, sockets, state];
  }

  static async start(t: TestContext, toPort: number): Promise<Way> {
    const [sockets, state] = [new Set<Socket>(), { isCut: false }];
    const way = await startTcpWay(toPort, (near, far) => {
      if (state.isCut) near.destroy();
      if (state.isCut) far.destroy();
      near.pipe(far).pipe(near);
      for (const socket of [near, far]) {
        sockets.add(socket);
        socket.on('close', () => [near, far].map((end) => end.destroy()));
        socket.on('close', () => sockets.delete(socket));
      }
    });
    t.after(() => way.close());
    return new Way(way.port, sockets, state);
  }

  cut(): void {
    this.#state.isCut = true;
    for (const socket of this.#sockets) socket.destroy();
  }

  mend(): void {
    this.#state.isCut = false;
  }
}

class Member {
  readonly site: CollectorSite;
  readonly pid: number;
  readonly way: Way;

  private constructor(site: CollectorSite, pid: number, way: Way) {
    [this.site, this.pid, this.way] = [site, pid, way];
  }

  static async start(t: TestContext, name: string, given: Surroundings): Promise<Member> {
    let end = async () => {};
    // Before its directory is removed, into which it writes.
    t.after(() => end());
    const site = await makeSite(t);
    const list = hosts.join(', ');
    site.writeRoutes(
      `defaults: { every: ${everyMs / 1000}s, deadline: 10s }\nroutes:\n  - { hosts: [${list}], sources: 'http://${given.source}/{host}' }\n`,
    );
    const way = await Way.start(t, given.peer.servers[0]?.port ?? 0);
    const pool = `--pool=nats://127.0.0.1:${way.port}`;
    const places = [`--ready=${site.ready}`, `--spool=${join(site.root, 'spool')}`];
    const args = ['collect', ...places, pool, `--pool-member=${name}`];
    const { pid, ended } = start(courier, args, { env: site.environment });
    const member = new Member(site, pid, way);
    void ended.then(({ stderr }) => t.diagnostic(`${name} said: ${stderr.trim()}`));
    end = async () => {
      member.kill();
      await ended;
    };
    await site.until(() => site.status() !== undefined);
    return member;
  }

  kill(): void {
    try {
      process.kill(this.pid, 'SIGKILL');
    } catch {
      // It is dead already.
    }
  }

  signal(signal: NodeJS.Signals): void {
    process.kill(this.pid, signal);
  }
}

/** From a change on: each host in time, hardly any twice, and none once an interval is over. */
async function assertGoesOn(t: TestContext, what: string, askings: Askings): Promise<void> {
  const changedMs = performance.now();
  await sleep(everyMs + 15_000);
  const during = askings.count(changedMs, performance.now());
  const calmMs = performance.now();
  await sleep(1.2 * everyMs);
  const after = askings.count(calmMs, performance.now());
  t.diagnostic(`${what}: ${JSON.stringify({ during, after })}`);
  assert.equal(during.never + after.never, 0);
  assert.ok(during.twice <= hosts.length / 100, `${during.twice} twice`);
  assert.equal(after.twice, 0);
  assert.ok(during.longestGapMs <= everyMs + 15_000, `${during.longestGapMs} ms`);
  assert.ok(after.longestGapMs <= everyMs + 15_000, `${after.longestGapMs} ms`);
}

/** Members that have shared the hosts for two intervals. */
async function startThree(t: TestContext) {
  const peer = await startNatsServers({ servers: 1 });
  t.after(() => peer.close());
  const askings = new Askings(hosts, everyMs);
  const given = { peer, source: await countAskings(t, askings) };
  const names = ['a', 'b', 'c'];
  const members = await Promise.all(names.map((name) => Member.start(t, name, given)));
  await sleep(15_000 + 2 * everyMs);
  return { peer, askings, given, members };
}

test('programs of a pool go on when one is killed, stopped and continued, or added, and when the broker was away', {
  skip,
  timeout: 600_000,
}, async (t) => {
  const { peer, askings, given, members } = await startThree(t);
  const [, second, third] = members;
  assert.ok(second !== undefined && third !== undefined);

  second.kill();
  await assertGoesOn(t, 'killed', askings);

  third.signal('SIGSTOP');
  await assertGoesOn(t, 'stopped', askings);
  third.signal('SIGCONT');
  await assertGoesOn(t, 'continued', askings);

  const added = await Member.start(t, 'd', given);
  await assertGoesOn(t, 'added', askings);
  assert.equal(added.site.status()?.pool.members.length, 3);
  assert.ok(added.site.status()?.pool.ours > 120);

  await peer.servers[0]?.kill();
  await sleep(8000);
  await peer.servers[0]?.start();
  await assertGoesOn(t, 'broker away', askings);
});

test('programs of a pool whose way to the broker is cut go on, and ask nothing twice once it is back', {
  skip,
  timeout: 600_000,
}, async (t) => {
  const { askings, members } = await startThree(t);
  const [first] = members;
  const cutMs = performance.now();
  first?.way.cut();
  await sleep(30_000);
  const apart = askings.count(cutMs, performance.now());
  t.diagnostic(`one cut off for 30 s: ${JSON.stringify(apart)}`);
  assert.ok(apart.twice <= hosts.length / 2, `${apart.twice} twice`);
  first?.way.mend();
  await first?.site.until(() => first.site.status()?.pool.state !== 'apart');
  await assertGoesOn(t, 'one no longer cut off', askings);

  for (const { way } of members) way.cut();
  await sleep(1.5 * everyMs);
  const backMs = performance.now();
  for (const { way } of members) {
    await sleep(9000);
    way.mend();
  }
  const returning = askings.count(backMs, performance.now());
  t.diagnostic(`all coming back 9 s apart: ${JSON.stringify(returning)}`);
  assert.ok(returning.twice <= hosts.length / 100, `${returning.twice} twice`);
  await assertGoesOn(t, 'all back', askings);
});
