/** Keeps the list of hosts up to date. */

import { statSync } from 'node:fs';
import type { Clock } from '../clock.ts';
import { errorCode } from '../faults/system-errors.ts';
import type { HostName } from '../names/host-name.ts';
import { type Asked, forgetAsked, readAsked } from '../ready/asked.ts';
import type { Routes } from '../routes/route.ts';
import { gatherHosts, type ListedHost, readHostList } from './host-list.ts';

/**
 * After this time the site has to ask again for a host, and tell what is new: until then nothing is
 * laid ready for the host, so that the site fetches by itself. The time differs by host, up to an
 * hour.
 */
const askedMs = 4 * 3_600_000;
const spreadMs = 3_600_000;

/** A host for which the site does not come within this time is gone. */
const patienceMs = 1_800_000;

/** A note and when it is to be renewed, by the monotonic clock: setting the clock ages no note. */
interface Held extends Asked {
  readonly renewAtMs: number;
}

export class KnownHosts {
  readonly #askedDirectory: string;
  readonly #clock: Clock;
  #asked: ReadonlyMap<HostName, Held> = new Map();
  #listed: readonly ListedHost[] = [];
  #seen = '';
  #nextChangeMs = Number.POSITIVE_INFINITY;

  constructor(askedDirectory: string, clock: Clock) {
    this.#askedDirectory = askedDirectory;
    this.#clock = clock;
  }

  /** Whether files have changed since the last {@link gather}, or hosts are to be renewed or let go. */
  hasNews(routes: Routes): boolean {
    return this.#look(routes) !== this.#seen || this.#clock.monotonic() >= this.#nextChangeMs;
  }

  /**
   * Every host there is now.
   *
   * @throws CourierError CONFIG, LOCAL about the host list, which then stays as it was
   */
  gather(routes: Routes): ReadonlyMap<HostName, ListedHost> {
    this.#seen = this.#look(routes);
    this.#asked = this.#hold(readAsked(this.#askedDirectory));
    const { hostList } = routes.collector;
    this.#listed = hostList === undefined ? [] : readHostList(hostList);
    return this.previous(routes);
  }

  /** The last list that could be read is used when the newest cannot be read. */
  previous(routes: Routes): ReadonlyMap<HostName, ListedHost> {
    const nowMs = this.#clock.monotonic();
    const asked = [...this.#asked.values()];
    return gatherHosts(
      routes,
      this.#listed,
      asked.map((one) => ({ ...one, isToRenew: nowMs >= one.renewAtMs })),
    );
  }

  /** Forgets those the site did not come for, and notes when the next change is due. */
  #hold(asked: readonly Asked[]): ReadonlyMap<HostName, Held> {
    const nowMs = this.#clock.monotonic();
    const held = new Map<HostName, Held>();
    this.#nextChangeMs = Number.POSITIVE_INFINITY;
    for (const note of asked) {
      const one = this.#holdOne(note, nowMs);
      const overAtMs = one.renewAtMs + patienceMs;
      if (nowMs >= overAtMs) {
        forgetAsked(this.#askedDirectory, note.host);
        continue;
      }
      held.set(note.host, one);
      const changeMs = nowMs < one.renewAtMs ? one.renewAtMs : overAtMs;
      this.#nextChangeMs = Math.min(this.#nextChangeMs, changeMs);
    }
    return held;
  }

  #holdOne(note: Asked, nowMs: number): Held {
    const known = this.#asked.get(note.host);
    if (known?.askedAt.getTime() === note.askedAt.getTime()) return { ...note, ...known };
    const ageMs = Math.max(0, this.#clock.now() - note.askedAt.getTime());
    const lastsMs = askedMs + spreadMs * fractionOf(note.host);
    return { ...note, renewAtMs: nowMs + Math.max(0, lastsMs - ageMs) };
  }

  #look({ collector }: Routes): string {
    const paths = [this.#askedDirectory, collector.hostList].filter((path) => path !== undefined);
    return paths.map((path) => `${path} ${describeVersion(path)}`).join('\n');
  }
}

/** Changes when a file does. */
function describeVersion(path: string): string {
  try {
    const { mtimeMs, size, ino } = statSync(path);
    return `${mtimeMs} ${size} ${ino}`;
  } catch (error) {
    return errorCode(error) ?? 'unreadable';
  }
}

/** A number from 0 to 1 that is always the same for a host, and spread evenly over all hosts. */
function fractionOf(host: HostName): number {
  let hash = 0;
  for (const character of host) hash = (Math.imul(hash, 31) + character.charCodeAt(0)) | 0;
  return (Math.imul(hash, 0x9e3779b1) >>> 0) / 2 ** 32;
}
