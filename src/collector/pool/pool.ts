/**
 * Several collectors that share the hosts of one routes file. Each asks the hosts that are its own
 * (placing.ts), and tells the others when each is due again, so that whoever takes a host over goes on
 * where the other has stopped.
 */

import { quote } from '../../faults/errors.ts';
import type { PoolHost, PoolSettings, PoolStatus, PoolWay } from './contract.ts';
import { Differences, describeDifference } from './differences.ts';
import { unpackRecords } from './due-records.ts';
import { DueTelling, longestDueMs } from './due-telling.ts';
import { MemberNews } from './member-news.ts';
import { type Beat, Membership, mostOthers } from './membership.ts';
import { Namesake } from './namesake.ts';
import { Ownership } from './ownership.ts';
import { Returning } from './returning.ts';
import { digestShares, type Shares } from './shares.ts';
import { Standing } from './standing.ts';
import { Stillness } from './stillness.ts';

export class Pool {
  readonly #settings: PoolSettings;
  readonly #membership: Membership;
  readonly #ownership: Ownership;
  readonly #returning: Returning;
  readonly #differences: Differences;
  readonly #namesake: Namesake;
  readonly #news: MemberNews;
  #hosts = new Map<number, PoolHost>();
  #shares: Shares = digestShares([]);
  readonly #due: DueTelling;
  #way: PoolWay | undefined;
  readonly #standing: Standing;
  readonly #stillness: Stillness;
  #beatAtMs = 0;
  /** When it last heard itself: whoever does not cannot hear others either. */
  #echoMs: number;
  /** Since when the others cannot be reached. */
  #apartSinceMs: number | undefined;

  constructor(settings: PoolSettings) {
    const nowMs = settings.clock.monotonic();
    this.#settings = settings;
    this.#membership = new Membership(settings.times.silenceMs);
    this.#due = new DueTelling(settings);
    this.#namesake = new Namesake(settings);
    this.#news = new MemberNews(settings.log);
    this.#differences = new Differences(settings, this.#membership);
    this.#stillness = new Stillness(settings.times.gapMs, nowMs);
    this.#echoMs = nowMs;
    this.#ownership = new Ownership(settings, this.#membership);
    this.#returning = new Returning(this.#membership);
    this.#standing = new Standing(settings.times, nowMs);
  }

  /** All hosts there are, also those of others; called whenever they have changed. */
  setHosts(hosts: Iterable<PoolHost>): void {
    const keyed = [...hosts].map((host) => [host, this.#ownership.keyOf(host)] as const);
    const isFirst = this.#hosts.size === 0;
    this.#hosts = new Map(keyed.map(([host, { whole }]) => [whole, host]));
    const before = this.#shares;
    this.#shares = digestShares(keyed);
    this.#membership.ours = this.#shares;
    if (before.routes === this.#shares.routes || this.#way === undefined) return;
    this.#announce(this.#way);
    // Others may know since when what is new here is asked.
    if (!isFirst && before.names !== this.#shares.names) this.#way.question();
  }

  /** The others can be reached, by this way; undefined when they no longer can. */
  reachedBy(way: PoolWay | undefined): void {
    const nowMs = this.#nowMs;
    if (way === undefined) this.#apartSinceMs ??= this.#canHear(nowMs) ? nowMs : this.#echoMs;
    this.#way = way;
    this.#due.way = way;
    if (way === undefined) return;
    const apartMs = nowMs - (this.#apartSinceMs ?? nowMs);
    this.#apartSinceMs = undefined;
    this.#membership.excuse(nowMs);
    // Where all were away, others may find the way back later than we: by then pauses between attempts
    // have grown.
    this.#membership.awaitReturn(nowMs, Math.min(apartMs, this.#settings.times.returnMs));
    this.#echoMs = nowMs;
    // Whoever was away for a moment goes on, and catches up.
    if (this.#standing.state !== 'asking' || apartMs > this.#settings.times.gapMs) {
      this.#joinAnew(way);
    } else {
      way.question();
      this.#due.wantAll();
      this.#announce(way);
    }
  }

  /** A part of the set of hosts that a member knows, which are others than ours. */
  heardHosts(member: string, packed: Uint8Array): void {
    this.#differences.heard(member, packed, { shares: this.#shares, keys: this.#hosts });
  }

  heardBeat(beat: Beat): void {
    const { member, instance, times } = this.#settings;
    const [nowMs, way] = [this.#nowMs, this.#way];
    if (beat.member !== member) {
      this.#answer(beat);
      if (beat.state === 'asking') this.#returning.asks(beat.member);
      if (!this.#membership.heard(beat, nowMs)) this.#news.crowded(mostOthers + 1);
    } else if (beat.instance !== instance) {
      this.#namesake.heard(beat, nowMs);
    } else {
      const deafMs = nowMs - this.#echoMs;
      this.#echoMs = nowMs;
      if (beat.state === this.#standing.state) this.#stillness.caughtUp();
      if (deafMs <= times.silenceMs || way === undefined) return;
      const fields = { deafMs: Math.round(deafMs) };
      this.#settings.log.warn(fields, 'heard nothing; joining the pool anew');
      this.#joinAnew(way);
    }
  }

  /** One that joins hears at once of those that ask, and leaves its hosts to them. */
  #answer(beat: Beat): void {
    const { member, state } = beat;
    this.#standing.heard(beat);
    this.#membership.goOn(this.#standing.goesOn);
    const isNews = state === 'joining' && this.#membership.stateOf(member) !== 'joining';
    if (isNews && this.#standing.state === 'asking') this.#beatAtMs = this.#nowMs;
  }

  /** Another has told when hosts are due: it is theirs to know, unless we ask them ourselves. */
  heardRecords(member: string, packed: Uint8Array): void {
    const nowMs = this.#nowMs;
    const saidMs = nowMs - this.#stillness.waitedMs(nowMs);
    const isBelieved = this.#returning.believes(member, nowMs);
    for (const { key, dueInMs } of unpackRecords(packed)) {
      const host = this.#hosts.get(key);
      if (host === undefined || host.isRunning) continue;
      if (!this.mayAsk(host)) host.planFor(saidMs + Math.min(dueInMs, longestDueMs(host)));
      else if (isBelieved) this.#putOff(host, saidMs + dueInMs);
    }
  }

  /** One of ours that another has just asked; not for longer than until it would be due after that. */
  #putOff(host: PoolHost, dueMs: number): void {
    const latestMs = this.#nowMs + host.routed.everyMs;
    if (dueMs > host.dueMs && dueMs <= latestMs) host.planFor(dueMs);
  }

  /** Somebody wants to know when our hosts are due; answered soon, and once for all who ask meanwhile. */
  heardQuestion(): void {
    if (this.#standing.state === 'asking') this.#due.wantAll();
  }

  #tellAll(isWanted: (host: PoolHost) => boolean = () => true): void {
    for (const host of this.#hosts.values()) {
      if (!isWanted(host) || !this.#ownership.isOurs(host)) continue;
      // One that is being asked has the time for which it was due until then.
      if (host.isRunning) this.started(host);
      else this.#note(host, host.dueMs - this.#nowMs);
    }
    this.#due.tell();
  }

  /** What there is to do from time to time; called several times a second. */
  look(): void {
    const [nowMs, way] = [this.#nowMs, this.#way];
    if (this.#stillness.look(nowMs)) this.#wakeUp(nowMs);
    if (this.#canHear(nowMs)) this.#membership.look(nowMs);
    else this.#membership.excuse(nowMs);
    if (this.#standing.isReady(nowMs)) this.#begin(nowMs);
    if (this.#standing.state === 'asking') this.#news.look(this.#membership.askingNames);
    this.#differences.look(nowMs, { shares: this.#shares, keys: this.#hosts }, way);
    if (way === undefined) return;
    if (this.#standing.asksAt(nowMs) && this.#due.takeAll()) this.#tellAll();
    if (nowMs >= this.#beatAtMs) this.#announce(way);
    this.#due.look(nowMs);
  }

  /** Whether it is ours to ask the host now. */
  mayAsk(host: PoolHost): boolean {
    const nowMs = this.#nowMs;
    const isAwake = this.#stillness.isAwake(nowMs);
    return isAwake && this.#standing.asksAt(nowMs) && this.#ownership.isOurs(host);
  }

  /** Why a host is not asked by us, in words; undefined for one that is. */
  whyLeft(host: PoolHost): string | undefined {
    const owner = this.#ownership.ownerOf(host);
    const network = host.route.settings.pool ?? '';
    if (owner === undefined) return `no member of the pool reaches its network, ${quote(network)}`;
    if (owner !== this.#settings.member)
      return `it is asked by ${quote(owner)}, a member of the pool`;
    const { state, goesOn } = this.#standing;
    return state === 'asking' || goesOn
      ? undefined
      : `this collector, ${quote(owner)}, is ${state} the pool, and asks nobody`;
  }

  /** Changes when hosts may have become those of others. */
  get placing(): number {
    return this.#membership.changes;
  }

  /** Those of the hosts that we ask. */
  ours<Host extends PoolHost>(hosts: Iterable<Host>): readonly Host[] {
    return [...hosts].filter((host) => this.#ownership.isOurs(host));
  }

  /** A host is being asked. */
  started(host: PoolHost): void {
    this.#note(host, host.routed.everyMs);
  }

  /** A cycle has ended, after which the host is due at another time than one would think. */
  ended(host: PoolHost): void {
    const dueInMs = host.dueMs - this.#nowMs;
    if (dueInMs > host.routed.everyMs) this.#note(host, dueInMs);
  }

  /** Others need not wait until it is silent. */
  leave(): void {
    this.#due.tell();
    this.#standing.leave();
    if (this.#way !== undefined) this.#announce(this.#way);
  }

  status(): PoolStatus {
    const hosts = [...this.#hosts.values()];
    const { member, networks } = this.#settings;
    const shares = this.#shares;
    const us = { member, state: this.#standing.state, networks, shares, sinceHeardMs: 0 };
    const isApart = this.#way === undefined || !this.#canHear(this.#nowMs);
    return {
      member,
      state: isApart ? 'apart' : this.#standing.state,
      members: [us, ...this.#membership.show(this.#nowMs)],
      ours: this.ours(hosts).length,
      unserved: hosts.filter((host) => this.#ownership.ownerOf(host) === undefined).length,
      difference: describeDifference([us, ...this.#membership.sharing()]),
      double: this.#namesake.isThere(this.#nowMs),
    };
  }

  get #nowMs(): number {
    return this.#settings.clock.monotonic();
  }

  /** We have been stopped, or the machine slept: others may have our hosts by now. */
  #wakeUp(nowMs: number): void {
    this.#membership.excuse(nowMs);
    this.#echoMs = nowMs;
    this.#due.forget();
    if (this.#way === undefined) this.#apartSinceMs = Number.NEGATIVE_INFINITY;
    if (this.#standing.state !== 'asking' || this.#way === undefined) return;
    this.#settings.log.warn({}, 'stood still; joining the pool anew');
    this.#join(this.#way);
  }

  /** Whoever has our hosts while we listen goes on where we stop. */
  #joinAnew(way: PoolWay): void {
    if (this.#standing.state === 'asking' || this.#standing.goesOn) {
      // What did not answer us may answer others.
      this.#tellAll(({ history }) => history.failures === 0);
    }
    this.#join(way);
  }

  #join(way: PoolWay): void {
    if (this.#standing.state === 'leaving') return;
    this.#standing.join(this.#nowMs);
    this.#membership.goOn(this.#standing.goesOn);
    this.#announce(way);
    way.question();
  }

  #begin(nowMs: number): void {
    this.#membership.goOn(false);
    this.#standing.begin(nowMs, this.#membership.isEmpty);
    this.#due.wantAll();
    if (this.#way !== undefined) this.#announce(this.#way);
  }

  #announce(way: PoolWay): void {
    const { member, instance, networks, times } = this.#settings;
    this.#beatAtMs = this.#nowMs + times.beatMs;
    way.announce({ member, instance, networks, state: this.#standing.state, shares: this.#shares });
  }

  #note(host: PoolHost, dueInMs: number): void {
    this.#due.note({ key: this.#ownership.keyOf(host).whole, dueInMs });
  }

  /** Beats of our own come back to us as those of others do. */
  #canHear(nowMs: number): boolean {
    const { beatMs, gapMs } = this.#settings.times;
    return this.#way !== undefined && nowMs - this.#echoMs <= Math.max(gapMs, beatMs * 1.5);
  }
}
