/** `/etc/hosts` (hosts(5)), read again when it changes. */

import { isIP } from 'node:net';
import { pathStatus, readWholeFile } from '../files/file-calls.ts';

/** Addresses by name in lower case. */
type Table = ReadonlyMap<string, readonly string[]>;

/** How long what was read counts without a look. */
const trustedMs = 5000;

export class HostsFile {
  readonly #path: string;
  #version = '';
  #table: Table = new Map();
  #lookedAtMs = Number.NEGATIVE_INFINITY;

  constructor(path: string) {
    this.#path = path;
  }

  /**
   * The addresses of a name, none when it is not there. A file that cannot be read says nothing.
   *
   * @param nowMs by the monotonic clock
   */
  async find(name: string, nowMs: number): Promise<readonly string[]> {
    if (nowMs - this.#lookedAtMs >= trustedMs) {
      this.#lookedAtMs = nowMs;
      await this.#read().catch(() => undefined);
    }
    return this.#table.get(name.toLowerCase()) ?? [];
  }

  async #read(): Promise<void> {
    const { mtimeMs, size, ino } = await pathStatus(this.#path);
    const version = `${mtimeMs} ${size} ${ino}`;
    if (version === this.#version) return;
    this.#table = parseHosts(await readWholeFile(this.#path, 'utf8'));
    this.#version = version;
  }
}

/** A line is an address and its names; `#` begins a comment. */
function parseHosts(text: string): Table {
  const table = new Map<string, string[]>();
  for (const line of text.split('\n')) {
    const [address = '', ...names] = line.replace(/#.*/, '').split(/\s+/).filter(Boolean);
    if (isIP(address) === 0) continue;
    for (const name of names.map((one) => one.toLowerCase())) {
      const known = table.get(name);
      if (known === undefined) table.set(name, [address]);
      else if (!known.includes(address)) known.push(address);
    }
  }
  return table;
}
