/** Keeps up with which hosts there are. */

import { statSync } from 'node:fs';
import type { Clock } from '../clock.ts';
import { errorCode } from '../faults/system-errors.ts';
import type { HostName } from '../names/host-name.ts';
import { type Asked, forgetAsked, readAsked } from '../ready/asked.ts';
import type { Routes } from '../routes/route.ts';
import { gatherHosts, type ListedHost, readHostList } from './host-list.ts';

/** A host the site asked for is ours for so long; then the site asks again, and tells what is new. */
const askedMs = 4 * 3_600_000;

export class KnownHosts {
  readonly #askedDirectory: string;
  readonly #clock: Clock;
  #asked: readonly Asked[] = [];
  #listed: readonly ListedHost[] = [];
  #seen = '';

  constructor(askedDirectory: string, clock: Clock) {
    this.#askedDirectory = askedDirectory;
    this.#clock = clock;
  }

  /** Whether files have changed since the last {@link gather}, or hosts are to be let go. */
  hasNews(routes: Routes): boolean {
    return this.#look(routes) !== this.#seen || this.#asked.some((one) => this.#isOver(one));
  }

  /**
   * Every host there is now.
   *
   * @throws CourierError CONFIG, LOCAL about the host list, which then stays as it was
   */
  gather(routes: Routes): ReadonlyMap<HostName, ListedHost> {
    this.#seen = this.#look(routes);
    const asked = readAsked(this.#askedDirectory);
    for (const one of asked) {
      if (this.#isOver(one)) forgetAsked(this.#askedDirectory, one.host);
    }
    this.#asked = asked.filter((one) => !this.#isOver(one));
    const { hostList } = routes.collector;
    this.#listed = hostList === undefined ? [] : readHostList(hostList);
    return gatherHosts(routes, this.#listed, this.#asked);
  }

  /** What there was at the last time, when the newest cannot be read. */
  previous(routes: Routes): ReadonlyMap<HostName, ListedHost> {
    return gatherHosts(routes, this.#listed, this.#asked);
  }

  #isOver({ askedAt }: Asked): boolean {
    return this.#clock.now() - askedAt.getTime() > askedMs;
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
