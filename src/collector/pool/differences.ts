/**
 * Members whose routes differ. It is told to people; and each tells the others which hosts it knows, so
 * that a host that only some know is placed among those.
 */

import { counted } from '../../names/counted.ts';
import type { PoolSettings, PoolWay } from './contract.ts';
import { ArrivingSet, packHostSet } from './host-sets.ts';
import type { Membership } from './membership.ts';
import { type Shares, toVersion } from './shares.ts';

/**
 * Sets of hosts are told again as long as they differ, each time after twice as long: what is told once
 * may be lost, or come before the beat that it belongs to. At most once a beat, however often members
 * change.
 */
const longestPauseMs = 60_000;

/** A member, and what it has. */
export interface Sharing {
  readonly member: string;
  readonly shares: Shares | undefined;
}

interface OurHosts {
  readonly shares: Shares;
  readonly keys: ReadonlyMap<number, unknown>;
}

export class Differences {
  readonly #settings: PoolSettings;
  readonly #membership: Membership;
  readonly #arriving = new Map<string, ArrivingSet>();
  #toldMs = Number.NEGATIVE_INFINITY;
  #pauseMs = 0;
  /** The sets of hosts among which ours was told last. */
  #toldAmong = '';
  /** What is in the log, and what is to be there if it stays so. */
  #logged: string | undefined;
  #seen: string | undefined;
  #seenMs = 0;

  constructor(settings: PoolSettings, membership: Membership) {
    this.#settings = settings;
    this.#membership = membership;
  }

  /** A part of the set of hosts that a member knows. */
  heard(member: string, packed: Uint8Array, { shares, keys }: OurHosts): void {
    const theirs = this.#membership.sharesOf(member);
    if (theirs === undefined || theirs.names === shares.names) return;
    const arriving = this.#arriving.get(member) ?? new ArrivingSet();
    this.#arriving.set(member, arriving);
    const common = arriving.add(packed, theirs, keys);
    if (common === undefined) return;
    this.#arriving.delete(member);
    const lacked = [...keys.keys()].filter((key) => !common.has(key));
    this.#membership.lacks(member, new Set(lacked));
  }

  /** Called several times a second. */
  look(nowMs: number, { shares, keys }: OurHosts, way: PoolWay | undefined): void {
    const all = [...this.#membership.sharing(), { member: this.#settings.member, shares }];
    this.#log(nowMs, describeDifference(all));
    for (const member of this.#arriving.keys()) {
      if (this.#membership.sharesOf(member) === undefined) this.#arriving.delete(member);
    }
    const sets = new Set(all.flatMap((one) => one.shares?.names ?? []));
    if (sets.size < 2 || way === undefined) return;
    const among = all.map((one) => `${one.member} ${one.shares?.names}`).join();
    const { times } = this.#settings;
    if (among !== this.#toldAmong) [this.#toldAmong, this.#pauseMs] = [among, times.beatMs];
    if (nowMs - this.#toldMs < this.#pauseMs) return;
    this.#toldMs = nowMs;
    this.#pauseMs = Math.min(2 * this.#pauseMs, longestPauseMs);
    for (const part of packHostSet(shares.names, [...keys.keys()])) way.tellHosts(part);
  }

  /** Once a change, and only what lasts: members do not reload in the same moment. */
  #log(nowMs: number, text: string | undefined): void {
    if (text !== this.#seen) [this.#seen, this.#seenMs] = [text, nowMs];
    const { times, log } = this.#settings;
    if (text === this.#logged || nowMs - this.#seenMs < times.silenceMs) return;
    this.#logged = text;
    if (text === undefined) log.info({}, 'all members of the pool have the same routes again');
    else log.warn({}, text);
  }
}

/** Names that are listed; of the rest only how many they are. */
const mostNames = 8;

/** Who has which routes, in words; undefined where all have the same, as far as they say it. */
export function describeDifference(members: readonly Sharing[]): string | undefined {
  const groups = Map.groupBy(
    members.flatMap(({ member, shares }) => (shares === undefined ? [] : [{ member, ...shares }])),
    ({ names, routes }) => `${names} ${routes}`,
  );
  if (groups.size < 2) return undefined;
  const texts = [...groups.values()].map((group) => {
    const names = group.map(({ member }) => member).sort();
    const shown = names.slice(0, mostNames).join(', ');
    const further = names.length > mostNames ? ` and ${names.length - mostNames} more` : '';
    const [first] = group;
    const version = first === undefined ? '' : toVersion(first);
    return `${shown}${further}: ${counted(first?.hosts ?? 0, 'host')}, version ${version}`;
  });
  return `routes differ between members of the pool: ${texts.sort().join('; ')}`;
}
