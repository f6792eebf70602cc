/** All hosts of all parts, kept so that a view over a hundred thousand of them costs little. */

import type { PartRow } from '../feed.ts';
import type { HostRow, HostState, PartName } from '../model.ts';

/** A host and what each part says of it. */
interface Known {
  readonly host: string;
  parts: readonly (readonly [name: PartName, row: PartRow])[];
  /** As of the last look at all of them: an object for each would be made a million times a minute. */
  state: HostState;
}

export class HostTable {
  readonly #known = new Map<string, Known>();
  #sorted: readonly Known[] | undefined;
  /** Changes with everything that may change a view. */
  #version = 0;

  get version(): number {
    return this.#version;
  }

  get size(): number {
    return this.#known.size;
  }

  /** By name. */
  get hosts(): readonly Known[] {
    this.#sorted ??= [...this.#known.values()].sort(byName);
    return this.#sorted;
  }

  find(host: string, nowMs: number): HostRow | undefined {
    const known = this.#known.get(host);
    return known && toHostRow(known, nowMs);
  }

  /** Takes in what a part says of a host. */
  put(part: PartName, row: PartRow): void {
    this.#version += 1;
    const known = this.#known.get(row.host);
    if (known === undefined) {
      this.#known.set(row.host, { host: row.host, parts: [[part, row]], state: row.state });
      this.#sorted = undefined;
      return;
    }
    const others = known.parts.filter(([name]) => name !== part);
    const own = [part, row] as const;
    // What the site gets is decided by the collector, so its word comes first.
    known.parts = part === 'collector' ? [own, ...others] : [...others, own];
  }

  /** Forgets what a part said of hosts it does not know any more. */
  keepOnly(part: PartName, isThere: (host: string) => boolean): void {
    for (const known of this.#known.values()) {
      if (isThere(known.host) || !known.parts.some(([name]) => name === part)) continue;
      this.#version += 1;
      known.parts = known.parts.filter(([name]) => name !== part);
      if (known.parts.length > 0) continue;
      this.#known.delete(known.host);
      this.#sorted = undefined;
    }
  }

  clear(): void {
    this.#known.clear();
    this.#sorted = undefined;
    this.#version += 1;
  }
}

export type { Known };

function byName(one: Known, other: Known): number {
  return one.host < other.host ? -1 : 1;
}

/** How a host is: as the collector says where there is one, else as the others say. */
export function stateOf({ parts }: Known, nowMs: number): HostState {
  const row = parts[0]?.[1];
  if (row === undefined) return 'never';
  const { state, silentAfterMs, producedAtMs } = row;
  if (state !== 'fresh' || silentAfterMs === undefined || producedAtMs === undefined) return state;
  return nowMs - producedAtMs > silentAfterMs ? 'silent' : 'fresh';
}

/** The first part that knows something says it. */
export function toHostRow(known: Known, nowMs: number): HostRow {
  const { host, parts } = known;
  const [first] = parts;
  const find = <Key extends keyof PartRow>(key: Key): PartRow[Key] | undefined =>
    parts.find(([, row]) => row[key] !== undefined)?.[1][key];
  return {
    host,
    state: stateOf(known, nowMs),
    route: find('route'),
    source: find('source'),
    folder: find('folder'),
    producedAtMs: find('producedAtMs'),
    bytes: find('bytes'),
    durationMs: find('durationMs'),
    everyMs: find('everyMs'),
    failures: first?.[1].failures ?? 0,
    fault: find('fault'),
    parts: parts.map(([name]) => name),
  };
}
