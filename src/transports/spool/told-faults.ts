/** Hosts of which a relay has just told a fault: their records lie beside the outputs of a spool. */

import { basename, dirname, join } from 'node:path';
import type { HostName } from '../../names/host-name.ts';
import { hasFault, relayedHostOf, relayedHostsIn } from '../../relay/records.ts';
import { shards } from '../../spool/names.ts';
import { lookInto } from '../../system/file-lanes.ts';
import type { Target } from '../source.ts';
import type { Subscriber } from '../transport.ts';

export class ToldFaults {
  /** The directory that is there once a relay has written for a host. */
  readonly root: string;
  /** It and those below it, to be watched. */
  readonly places: readonly string[];
  readonly #directory: string;
  readonly #subscriber: Subscriber;
  readonly #told = new Set<HostName>();

  constructor(directory: string, subscriber: Subscriber) {
    this.root = relayedHostsIn(directory);
    this.places = [this.root, ...shards.map((shard) => join(this.root, shard))];
    this.#directory = directory;
    this.#subscriber = subscriber;
  }

  /** Whether records have changed that were not looked at yet. */
  get areTold(): boolean {
    return this.#told.size > 0;
  }

  isPlace(directory: string): boolean {
    return directory === this.root || dirname(directory) === this.root;
  }

  /** Whether a name in the spool is that of the root. */
  isRoot(name: string): boolean {
    return name === basename(this.root);
  }

  /** @returns `place` where a directory has come, gone or changed; `told` for the record of a host that is wanted */
  heard(directory: string, name: string | undefined): 'place' | 'told' | 'nothing' {
    if (name === undefined) return 'place';
    if (directory === this.root) return shards.includes(name) ? 'place' : 'nothing';
    const host = relayedHostOf(name);
    if (host === undefined || !this.#subscriber.wanted.has(host)) return 'nothing';
    this.#told.add(host);
    return 'told';
  }

  /** Hosts whose record holds a fault. That of others tells of output, which is heard of by itself. */
  async *take(signal: AbortSignal): AsyncIterable<Target> {
    for (const host of [...this.#told]) {
      this.#told.delete(host);
      const target = this.#subscriber.wanted.get(host);
      if (target === undefined || signal.aborted) continue;
      const look = () => hasFault(this.#directory, host);
      // What cannot be read now is found by the cycle of the host.
      const isFault = await lookInto(this.#directory, signal, look).catch(() => false);
      if (isFault) yield target;
    }
  }
}
