/** Roots of the centre: each is verified before it is kept, and none is ever replaced. */

import { CourierError } from '../../faults/errors.ts';
import type { Root } from '../documents/root.ts';
import { openFirstRoot, openNextRoot } from '../documents/root-chain.ts';
import { sha256Of } from '../repository/by-digest.ts';
import type { UpdatePlaces } from '../repository/places.ts';
import { keepRoot, newestRootVersion, readRootBytes } from '../repository/root-files.ts';
import type { Centre } from './centre.ts';

const mostRootBytes = 64 * 1024;
const deadlineMs = 60_000;
/** How long it is believed that there is no newer one. */
const askAgainMs = 30_000;
/** In one go; a centre that always has a further one is none. */
const mostSteps = 1024;

interface Tools {
  readonly places: UpdatePlaces;
  readonly centre: Centre;
  readonly clock: { monotonic(): number };
  /** SHA-256 of the first root; undefined: the one that the centre shows first. */
  readonly firstSha256: string | undefined;
}

export class RootCopies {
  readonly #tools: Tools;
  /** By version, from 1 on without a gap. */
  readonly #bytes: Buffer[] = [];
  #newest: Root | undefined;
  #walking: Promise<void> | undefined;
  #askedAtMs = Number.NEGATIVE_INFINITY;

  private constructor(tools: Tools) {
    this.#tools = tools;
  }

  /** @throws CourierError CONFIG or REFUSED for what is kept and cannot be believed; LOCAL */
  static async open(tools: Tools): Promise<RootCopies> {
    const copies = new RootCopies(tools);
    const newest = await newestRootVersion(tools.places);
    for (let version = 1; version <= newest; version += 1) {
      const bytes = await readRootBytes(tools.places, version);
      if (bytes === undefined) {
        throw new CourierError('CONFIG', `${tools.places.roots} lacks root ${version}`);
      }
      await copies.#take(bytes);
    }
    return copies;
  }

  /** @throws CourierError when there is none yet, and the centre cannot be asked for one */
  async requireNewest(): Promise<Root> {
    if (this.#newest === undefined) await this.refresh();
    if (this.#newest !== undefined) return this.#newest;
    throw new CourierError('PEER', 'the centre has no root yet: it has no agent updates');
  }

  /** The newest one that has been seen at least once. */
  get newest(): Root | undefined {
    return this.#newest;
  }

  /**
   * A root as a file; undefined where the centre has none of that version, or has had none a moment
   * ago. While it is away, what is here counts: a host notices by its stamp that one is withheld.
   */
  async read(version: number): Promise<Buffer | undefined> {
    const known = this.#bytes.at(version - 1);
    if (known !== undefined) return known;
    const { clock } = this.#tools;
    const isRecent = clock.monotonic() - this.#askedAtMs < askAgainMs;
    if (version !== this.#bytes.length + 1 || (isRecent && this.#walking === undefined)) {
      return undefined;
    }
    // A host that has no root from here can do without the next one, but not without any.
    await this.refresh().catch((error: unknown) => {
      if (this.#newest === undefined) throw error;
    });
    return this.#bytes.at(version - 1);
  }

  /** Walks to the newest root of the centre, once for all who ask meanwhile. */
  refresh(): Promise<void> {
    this.#walking ??= this.#walk().finally(() => {
      this.#walking = undefined;
    });
    return this.#walking;
  }

  async #walk(): Promise<void> {
    const { centre, clock, places } = this.#tools;
    for (let step = 0; step < mostSteps; step += 1) {
      const path = `/v1/root/${this.#bytes.length + 1}`;
      const limits = { mostBytes: mostRootBytes, deadlineMs, isRepeatable: true };
      const { status, body } = await centre.ask({ path, ...limits });
      this.#askedAtMs = clock.monotonic();
      if (status === 404) return;
      if (status !== 200) throw new CourierError('PEER', `the centre answered ${path}: ${status}`);
      const root = await this.#take(body);
      await keepRoot(places, { root, bytes: body });
    }
  }

  async #take(bytes: Buffer): Promise<Root> {
    const { firstSha256 } = this.#tools;
    const before = this.#newest;
    if (before === undefined && firstSha256 !== undefined && sha256Of(bytes) !== firstSha256) {
      throw new CourierError('REFUSED', 'the first root is not the one of --updates-from-root');
    }
    const root =
      before === undefined ? await openFirstRoot(bytes) : await openNextRoot(bytes, before);
    if (root.version !== this.#bytes.length + 1) {
      throw new CourierError('REFUSED', `the centre shows root ${root.version} as its first one`);
    }
    this.#bytes.push(bytes);
    this.#newest = root;
    return root;
  }
}
