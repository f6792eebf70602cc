/** A cluster of three, hosts that publish into its stream all the time, and one who follows them. */

import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { StreamWriter } from '../../../src/broker/stream-writer.ts';
import { parseOptions } from '../../../src/cli/options.ts';
import { systemClock } from '../../../src/clock.ts';
import { CourierError } from '../../../src/faults/errors.ts';
import { type HostName, parseHostName } from '../../../src/names/host-name.ts';
import { natsOptions } from '../../../src/nats/options.ts';
import { parseNatsServers } from '../../../src/nats/servers.ts';
import { defaultStream } from '../../../src/nats/stream.ts';
import { nats } from '../../../src/transports/nats/nats.ts';
import { parseSourceUri, type Target } from '../../../src/transports/source.ts';
import type { Delivery, Subscriber, SubscriptionNews } from '../../../src/transports/transport.ts';
import { makeOpenContext } from '../../helpers/open-context.ts';
import type { Owner } from '../../nats/sessions.ts';
import { makeSiteStream } from '../../nats/stream-reader.ts';
import { type NatsPeer, type NatsServer, startNatsServers } from '../../peers/nats-server.ts';

const site = 'mysite';
const hosts: readonly HostName[] = Array.from({ length: 20 }, (_, index) =>
  parseHostName(`host${index}`),
);
/** These publish seldom: what is missed of them does not come again soon. */
const quiet: readonly HostName[] = Array.from({ length: 5 }, (_, index) =>
  parseHostName(`quiet${index}`),
);
const roundsOfQuiet = 40;
const foreign = parseHostName('foreign');
/** The one who follows has a name of its own, by which servers tell its connection from others. */
const users = `authorization { users: [
  { user: others, password: "nothing" }, { user: ${site}, password: "any" }
] }
no_auth_user: others`;
const inbox = `_INBOX.${site}.`;

/** Notes what it gets: each output holds a number, which only ever grows. */
class Listener implements Subscriber {
  readonly wanted: ReadonlyMap<HostName, Target> = new Map(
    [...hosts, ...quiet].map((host) => [host, { host, address: undefined }]),
  );
  readonly got = new Map<HostName, number>();
  /** Whatever breaks a promise, in words. */
  readonly wrong: string[] = [];
  readonly news: string[] = [];
  readonly #promised: () => ReadonlyMap<HostName, number>;
  /** What had been acknowledged when it was last told that something may be missing. */
  #missable: ReadonlyMap<HostName, number> = new Map();

  constructor(promised: () => ReadonlyMap<HostName, number>) {
    this.#promised = promised;
  }

  async deliver({ host }: Target, arrival: Delivery | CourierError): Promise<void> {
    if (arrival instanceof CourierError) {
      this.wrong.push(`${host}: ${arrival.message}`);
      return;
    }
    const number = Number(/number=(\d+)/.exec(arrival.output.toString())?.[1]);
    const before = this.got.get(host) ?? 0;
    if (!this.wanted.has(host)) this.wrong.push(`${host} is not wanted`);
    if (number < before) this.wrong.push(`${host}: ${number} after ${before}`);
    this.got.set(host, number);
  }

  tell(news: SubscriptionNews): void {
    this.news.push(news instanceof CourierError ? news.code : news);
    if (news === 'foreign') return;
    if (news !== 'following') this.#missable = new Map(this.#promised());
    else {
      const missing = this.isBehind(this.#missable);
      if (missing.length > 0) this.wrong.push(`following, and without the last of ${missing}`);
    }
  }

  /** Hosts of which something newer is known than what came. */
  isBehind(promised: ReadonlyMap<HostName, number>): readonly HostName[] {
    return [...this.wanted.keys()].filter(
      (host) => (this.got.get(host) ?? 0) < (promised.get(host) ?? 0),
    );
  }
}

export class FollowedCluster {
  readonly peer: NatsPeer;
  readonly listener: Listener;
  /** The number of the newest output of each host that the stream has acknowledged. */
  readonly acknowledged = new Map<HostName, number>();
  readonly #ended = new AbortController();
  readonly #running: Promise<unknown>[] = [];
  #number = 0;

  private constructor(peer: NatsPeer) {
    this.peer = peer;
    this.listener = new Listener(() => this.acknowledged);
  }

  /** @param sparesLeader whether the server that leads the cluster is not named to who follows */
  static async start(owner: Owner, sparesLeader = false): Promise<FollowedCluster> {
    const peer = await startNatsServers({ servers: 3, configuration: users });
    const cluster = new FollowedCluster(peer);
    owner.after(() => cluster.#stop());
    await makeSiteStream({ after: (end) => owner.after(end) }, peer.urls, { replicas: 3 });
    const spared = sparesLeader ? await cluster.#findMetaLeader() : undefined;
    const named = peer.servers.filter(({ name }) => name !== spared);
    cluster.#running.push(cluster.#publish(), cluster.#follow(named));
    await cluster.untilCaughtUp();
    return cluster;
  }

  /** Resolves when the stream has taken something new of each host, and that has been handed over. */
  async untilCaughtUp(): Promise<void> {
    const since = this.#number;
    const isNew = (host: HostName) => (this.acknowledged.get(host) ?? 0) > since;
    while (!hosts.every(isNew)) await sleep(10);
    const promised = new Map(this.acknowledged);
    while (this.listener.isBehind(promised).length > 0) await sleep(10);
  }

  /** The server that whoever follows is connected to. */
  async findConnected(): Promise<NatsServer> {
    for (;;) {
      for (const server of this.peer.servers) {
        const found = JSON.stringify(await server.ask('/connz?subs=true'));
        if (found?.includes(inbox)) return server;
      }
      await sleep(50);
    }
  }

  /** The server on which its consumer is: the newest one, where former ones are left. */
  async findConsumer(): Promise<NatsServer> {
    for (;;) {
      const made: { readonly at: string; readonly server: NatsServer }[] = [];
      for (const server of this.peer.servers) {
        const found = JSON.stringify(await server.ask('/jsz?consumers=true')) ?? '';
        const details = found.matchAll(/"stream_name":"[^"]*","name":"[^"]*","created":"([^"]*)"/g);
        made.push(...[...details].map(([, at = '']) => ({ at, server })));
      }
      const newest = made.sort((a, b) => (a.at < b.at ? 1 : -1))[0];
      if (newest !== undefined) return newest.server;
      await sleep(50);
    }
  }

  async #findMetaLeader(): Promise<string> {
    for (;;) {
      for (const server of this.peer.servers) {
        const found = JSON.stringify(await server.ask('/jsz')) ?? '';
        const [, leader] = /"meta_cluster":\{.*?"leader":"(\w+)"/.exec(found) ?? [];
        if (leader !== undefined) return leader;
      }
      await sleep(50);
    }
  }

  /** All hosts, one after the other, and one that is not wanted. */
  async #publish(): Promise<void> {
    const options = parseOptions(natsOptions, { answerTimeout: ['1s'] });
    const access = { servers: this.#servers(), options, stream: defaultStream, site };
    const context = { ...makeOpenContext(), clock: systemClock };
    const writer = await StreamWriter.open(access, context);
    const { signal } = this.#ended;
    const publishOne = async (host: HostName) => {
      this.#number += 1;
      const number = this.#number;
      const output = Buffer.from(`<<<check_mk>>>\nVersion: 2.4.0\n<<<x>>>\nnumber=${number}\n`);
      const now = new Date();
      const about = { producedAt: now, receivedAt: now, origin: 'upload x' };
      await writer.write({ host, output, ...about }, signal);
      this.acknowledged.set(host, number);
    };
    for (let round = 0; !signal.aborted; round += 1) {
      const seldom = quiet.filter((_, index) => round % roundsOfQuiet === index * 7);
      await Promise.all([...hosts, ...seldom, foreign].map(publishOne)).catch(() => undefined);
      await sleep(25);
    }
    await writer.close();
  }

  async #follow(named: readonly NatsServer[]): Promise<void> {
    const authority = named.map(({ port }) => `127.0.0.1:${port}`);
    const uri = parseSourceUri(`nats://${authority.join()}/${site}/{host}`);
    const passwordFile = join(this.peer.directory, 'password');
    await writeFile(passwordFile, 'any\n', { mode: 0o600 });
    const options = { user: [site], passwordFile: [passwordFile] };
    const transport = await nats.open({ uri, options }, makeOpenContext());
    await transport.subscribe?.(this.listener, this.#ended.signal);
    await transport.close();
  }

  #servers() {
    return parseNatsServers(this.peer.urls.join().replaceAll('nats://', ''));
  }

  async #stop(): Promise<void> {
    this.#ended.abort(new CourierError('INTERRUPTED', 'the test ends'));
    for (const server of this.peer.servers) server.resume();
    await Promise.all(this.#running);
    await this.peer.close();
  }
}
