/** Members of a pool and their hosts in simulated time: who asks which host when. */

import { randomUUID } from 'node:crypto';
import type { Clock } from '../../../src/clock.ts';
import { type PoolHost, type PoolWay, usualTimes } from '../../../src/collector/pool/contract.ts';
import { Pool } from '../../../src/collector/pool/pool.ts';
import { type HostName, parseHostName } from '../../../src/names/host-name.ts';
import { makeCollectingLog } from '../../helpers/collecting-log.ts';

export const everyMs = 60_000;
/** How often members look. */
const tickMs = 200;
/** How long what one says is on its way to the others. */
const lagMs = 5;

/** A host as one member knows it. */
class SimulatedHost implements PoolHost {
  readonly target: { readonly host: HostName };
  readonly route: { readonly settings: { readonly pool: string | undefined } };
  readonly routed = { everyMs };
  readonly isRunning = false;
  dueMs: number;

  constructor(host: HostName, network: string | undefined, dueMs: number) {
    this.target = { host };
    this.route = { settings: { pool: network } };
    this.dueMs = dueMs;
  }

  planFor(dueMs: number): void {
    this.dueMs = dueMs;
  }
}

/** When a host was asked, by whom. */
export interface Asking {
  readonly host: HostName;
  readonly member: string;
  readonly atMs: number;
}

export interface HostSpec {
  readonly name: string;
  readonly network?: string;
}

export class SimulatedMember {
  readonly pool: Pool;
  readonly #simulation: Simulation;
  readonly #name: string;
  readonly #hosts: readonly SimulatedHost[];
  #state: 'running' | 'stopped' | 'dead' = 'running';
  /** What has come while it was stopped. */
  #waiting: (() => void)[] = [];

  constructor(simulation: Simulation, member: string, networks: readonly string[]) {
    const clock: Clock = {
      now: () => simulation.nowMs,
      monotonic: () => simulation.nowMs,
      sleep: () => Promise.reject(new Error('nobody sleeps here')),
    };
    const settings = { member, instance: randomUUID(), networks, clock, times: usualTimes };
    this.#simulation = simulation;
    this.#name = member;
    this.pool = new Pool({ ...settings, log: makeCollectingLog() });
    this.#hosts = simulation.specs.map(({ name, network }, index) => {
      const dueMs = simulation.nowMs + (everyMs * index) / simulation.specs.length;
      return new SimulatedHost(parseHostName(name), network, dueMs);
    });
    this.pool.setHosts(this.#hosts);
  }

  connect(): void {
    this.pool.reachedBy({
      announce: (beat) => this.#simulation.say((other) => other.pool.heardBeat(beat)),
      tell: (records) => this.#toOthers((other) => other.pool.heardRecords(records)),
      question: () => this.#toOthers((other) => other.pool.heardQuestion()),
    } satisfies PoolWay);
  }

  disconnect(): void {
    this.pool.reachedBy(undefined);
  }

  hear(tell: () => void): void {
    if (this.#state === 'running') tell();
    if (this.#state === 'stopped') this.#waiting.push(tell);
  }

  kill(): void {
    this.#state = 'dead';
  }

  stop(): void {
    this.#state = 'stopped';
  }

  /** Timers come first, and then what is in the socket, as in Node's loop. */
  continue(): void {
    this.#state = 'running';
    this.tick();
    for (const tell of this.#waiting.splice(0)) tell();
  }

  /** As the collector does it. */
  tick(): void {
    if (this.#state !== 'running') return;
    const { nowMs } = this.#simulation;
    this.pool.look();
    for (const host of this.#hosts) {
      if (host.dueMs > nowMs || !this.pool.mayAsk(host)) continue;
      this.#simulation.askings.push({
        host: host.target.host,
        member: this.#name,
        atMs: nowMs,
      });
      this.pool.started(host);
      host.dueMs = nowMs + everyMs;
    }
  }

  #toOthers(tell: (other: SimulatedMember) => void): void {
    this.#simulation.say((other) => {
      if (other !== this) tell(other);
    });
  }
}

export class Simulation {
  readonly specs: readonly HostSpec[];
  readonly members: SimulatedMember[] = [];
  readonly askings: Asking[] = [];
  nowMs = 1_000_000;
  #said: { readonly atMs: number; readonly tell: (member: SimulatedMember) => void }[] = [];

  constructor(specs: readonly HostSpec[]) {
    this.specs = specs;
  }

  add(member: string, networks: readonly string[] = []): SimulatedMember {
    const added = new SimulatedMember(this, member, networks);
    this.members.push(added);
    added.connect();
    return added;
  }

  say(tell: (member: SimulatedMember) => void): void {
    this.#said.push({ atMs: this.nowMs + lagMs, tell });
  }

  run(forMs: number): void {
    const endMs = this.nowMs + forMs;
    while (this.nowMs < endMs) {
      this.nowMs += tickMs;
      const due = this.#said.filter(({ atMs }) => atMs <= this.nowMs);
      this.#said = this.#said.filter(({ atMs }) => atMs > this.nowMs);
      for (const { tell } of due) {
        for (const member of this.members) member.hear(() => tell(member));
      }
      for (const member of this.members) member.tick();
    }
  }

  /** Hosts that were asked twice within less than half of the interval, the second time in a span. */
  twice(fromMs: number, toMs: number): number {
    let count = 0;
    for (const times of this.#timesByHost().values()) {
      const isTwice = times.some(
        (atMs, index) =>
          atMs > fromMs && atMs <= toMs && atMs - (times[index - 1] ?? -everyMs) < everyMs / 2,
      );
      if (isTwice) count += 1;
    }
    return count;
  }

  /** The longest that any host was not asked, ending in a span. */
  longestGapMs(fromMs: number, toMs: number): number {
    let longest = 0;
    const byHost = this.#timesByHost();
    for (const { name } of this.specs) {
      const times = [...(byHost.get(name) ?? []), toMs];
      for (const [index, atMs] of times.entries()) {
        if (atMs > fromMs && index > 0) longest = Math.max(longest, atMs - (times[index - 1] ?? 0));
      }
    }
    return longest;
  }

  #timesByHost(): ReadonlyMap<string, readonly number[]> {
    const times = new Map<string, number[]>();
    for (const { host, atMs } of this.askings) {
      const known = times.get(host);
      if (known === undefined) times.set(host, [atMs]);
      else known.push(atMs);
    }
    return times;
  }
}
