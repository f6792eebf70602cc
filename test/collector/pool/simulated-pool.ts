/** Members of a pool and their hosts in simulated time: who asks which host when. */

import { randomUUID } from 'node:crypto';
import type { Clock } from '../../../src/clock.ts';
import { cleanHistory, delayMs } from '../../../src/collector/backoff.ts';
import { type PoolHost, type PoolWay, usualTimes } from '../../../src/collector/pool/contract.ts';
import { Pool } from '../../../src/collector/pool/pool.ts';
import { type HostName, parseHostName } from '../../../src/names/host-name.ts';
import { makeCollectingLog } from '../../helpers/collecting-log.ts';

export const everyMs = 60_000;
/** How often members look. */
const tickMs = 200;
/** How long what one says is on its way to the others. */
const lagMs = 5;
const goldenRatio = 0.618034;

/** A host as one member knows it. */
class SimulatedHost implements PoolHost {
  readonly target: { readonly host: HostName };
  readonly route: PoolHost['route'];
  readonly routed = { everyMs };
  readonly isRunning = false;
  readonly history = cleanHistory;
  dueMs: number;

  constructor(host: HostName, { network, source = 'tcp:' }: HostSpec, dueMs: number) {
    this.target = { host };
    this.route = { sources: [{ uri: source }], with: [], settings: { pool: network } };
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
  readonly source?: string;
}

export class SimulatedMember {
  readonly pool: Pool;
  readonly #simulation: Simulation;
  readonly #name: string;
  #hosts: readonly SimulatedHost[] = [];
  readonly log = makeCollectingLog();
  /** Says no more of itself than programs did before members compared their routes. */
  isOld = false;
  #state: 'running' | 'stopped' | 'dead' = 'running';
  #isConnected = false;
  /** Spreads hosts as chance does, and the same in each run. */
  #chance = 0;
  /** What has come while it was stopped. */
  #waiting: (() => void)[] = [];

  /** @param specs the hosts of its routes file */
  constructor(
    simulation: Simulation,
    member: string,
    networks: readonly string[],
    specs: readonly HostSpec[],
  ) {
    const clock: Clock = {
      now: () => simulation.nowMs,
      monotonic: () => simulation.nowMs,
      sleep: () => Promise.reject(new Error('nobody sleeps here')),
    };
    const settings = { member, instance: randomUUID(), networks, clock, times: usualTimes };
    this.#simulation = simulation;
    this.#name = member;
    this.pool = new Pool({ ...settings, log: this.log });
    this.reload(specs);
  }

  /** Hosts that it knows already stay as they are. */
  reload(specs: readonly HostSpec[]): void {
    const { nowMs } = this.#simulation;
    const known = new Map(this.#hosts.map((host) => [host.target.host, host.dueMs]));
    this.#hosts = specs.map((spec, index) => {
      const host = parseHostName(spec.name);
      const dueMs = known.get(host) ?? nowMs + (everyMs * index) / specs.length;
      return new SimulatedHost(host, spec, dueMs);
    });
    this.pool.setHosts(this.#hosts);
  }

  whyLeft(name: string): string | undefined {
    const host = this.#hosts.find(({ target }) => target.host === name);
    return host && this.pool.whyLeft(host);
  }

  connect(): void {
    this.#isConnected = true;
    this.pool.reachedBy({
      announce: (beat) => {
        const { shares, ...before } = beat;
        const said = this.isOld ? before : { ...before, shares };
        this.#simulation.say((other) => other.pool.heardBeat(said));
      },
      tellHosts: (part) => this.#toOthers((other) => other.pool.heardHosts(this.#name, part)),
      tell: (records) => this.#toOthers((other) => other.pool.heardRecords(this.#name, records)),
      question: () => this.#toOthers((other) => other.pool.heardQuestion()),
    } satisfies PoolWay);
  }

  disconnect(): void {
    this.#isConnected = false;
    this.pool.reachedBy(undefined);
  }

  hear(tell: () => void): void {
    if (!this.#isConnected) return;
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
      this.#chance = (this.#chance + goldenRatio) % 1;
      host.dueMs = nowMs + delayMs(everyMs, cleanHistory, this.#chance);
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

  add(
    member: string,
    networks: readonly string[] = [],
    specs: readonly HostSpec[] = this.specs,
  ): SimulatedMember {
    const added = new SimulatedMember(this, member, networks, specs);
    this.members.push(added);
    added.connect();
    return added;
  }

  /** Nothing that is said arrives, and nobody is told so. */
  isMute = false;

  say(tell: (member: SimulatedMember) => void): void {
    if (this.isMute) return;
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
