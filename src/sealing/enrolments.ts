/** The enrolments of a site: files that nobody else may change, read again when they change. */

import { join } from 'node:path';
import { systemClock } from '../clock.ts';
import { CourierError, prefixError } from '../faults/errors.ts';
import { asCourierError, errorCode } from '../faults/system-errors.ts';
import { pathStatus, readDirectory, readWholeFile } from '../files/file-calls.ts';
import { fileVersion } from '../files/file-version.ts';
import type { HostName } from '../names/host-name.ts';
import { isFreshPath } from '../system/durable-files.ts';
import { SharedLook } from '../system/shared-look.ts';
import { requireTrusted } from '../system/trusted-path.ts';
import { type EnrolledKey, type Enrolment, findPattern, readEnrolment } from './enrolment.ts';
import { keyVerifier, secretVerifier, type Verifier } from './keys.ts';
import type { SealPlaces } from './places.ts';

/** A key of an enrolment, ready to verify with. */
export interface HostKey extends EnrolledKey, Verifier {}

/** An enrolment, ready to verify with. */
export interface LoadedEnrolment extends Enrolment {
  readonly keys: readonly HostKey[];
}

interface Cached {
  readonly version: string;
  readonly loaded: LoadedEnrolment;
}

const largestFile = 1024 * 1024;

/** Two changes this close to each other may leave the same time, on file systems that count coarsely. */
const settledMs = 2000;

export class Enrolments {
  readonly #places: SealPlaces;
  readonly #cache = new Map<string, Cached>();
  /** Many outputs arrive at once, and each is to be checked against what is there then. */
  readonly #listing = new SharedLook(() => this.#list());
  #names: { readonly version: string; readonly all: ReadonlySet<string> } | undefined;

  constructor(places: SealPlaces) {
    this.#places = places;
  }

  /**
   * The enrolment of a host: its own, else that of the most exact pattern; undefined when it has
   * none.
   *
   * @throws CourierError CONFIG when it is wrong, or others may change it; LOCAL
   */
  async find(host: HostName): Promise<LoadedEnrolment | undefined> {
    const names = await this.#listing.ask();
    if (names.size === 0) return undefined;
    const name = names.has(host) ? host : findPattern([...names], host);
    return name === undefined ? undefined : this.load(name);
  }

  /**
   * One enrolment by its name.
   *
   * @throws CourierError as {@link find}
   */
  async load(name: string): Promise<LoadedEnrolment | undefined> {
    const path = join(this.#places.hosts, name);
    try {
      const status = await pathStatus(path);
      const version = fileVersion(status);
      const known = this.#cache.get(name);
      if (known?.version === version) return known.loaded;
      if (status.size > largestFile) throw new CourierError('CONFIG', `${path}: larger than 1 MiB`);
      await requireTrusted(path);
      const loaded = await this.#toLoaded(name, path);
      this.#cache.set(name, { version, loaded });
      return loaded;
    } catch (error) {
      this.#cache.delete(name);
      if (errorCode(error) === 'ENOENT') return undefined;
      throw asCourierError(error, `reading ${path}`);
    }
  }

  /** The names of all of them: hosts and patterns. */
  async names(): Promise<readonly string[]> {
    return [...(await this.#listing.ask())].sort();
  }

  async #toLoaded(name: string, path: string): Promise<LoadedEnrolment> {
    try {
      const enrolment = readEnrolment(name, await readWholeFile(path, 'utf8'));
      const keys = await Promise.all(enrolment.keys.map((key) => this.#toHostKey(key)));
      return { ...enrolment, keys };
    } catch (error) {
      if (!(error instanceof CourierError)) throw error;
      const fault = new CourierError('CONFIG', error.message, { cause: error });
      throw prefixError(fault, path);
    }
  }

  async #toHostKey(key: EnrolledKey): Promise<HostKey> {
    const verifier =
      key.der === undefined
        ? await secretVerifier(await readSecret(this.#places, key.id))
        : await keyVerifier(key.der);
    if (verifier.id !== key.id) throw new CourierError('CONFIG', `${key.id} is another key`);
    return { ...key, verify: verifier.verify };
  }

  /** A directory that is not there has none. */
  async #list(): Promise<ReadonlySet<string>> {
    const { hosts } = this.#places;
    try {
      const { mtimeMs, ctimeMs, ino } = await pathStatus(hosts);
      const version = `${mtimeMs} ${ctimeMs} ${ino}`;
      if (this.#names?.version === version) return this.#names.all;
      await requireTrusted(hosts);
      const all = new Set((await readDirectory(hosts)).filter((name) => isName(name)));
      // Else an enrolment that came just after would be passed over until the next one comes.
      this.#names = isSettled(ctimeMs) ? { version, all } : undefined;
      return all;
    } catch (error) {
      if (errorCode(error) === 'ENOENT') return new Set();
      throw asCourierError(error, `reading ${hosts}`);
    }
  }
}

function isSettled(changedAtMs: number): boolean {
  return changedAtMs < systemClock.now() - settledMs;
}

/** Editors and crashes leave other files. */
function isName(name: string): boolean {
  return /^[\w:*?][\w.:%*?-]*$/.test(name) && !isFreshPath(name);
}

const othersRead = 0o077;

/**
 * A shared secret.
 *
 * @throws CourierError CONFIG when others may read or change it; LOCAL
 */
async function readSecret({ secrets }: SealPlaces, id: string): Promise<string> {
  const path = join(secrets, id);
  try {
    await requireTrusted(path);
    if (((await pathStatus(path)).mode & othersRead) !== 0) {
      throw new CourierError('CONFIG', `others may read ${path}; chmod 600 ${path}`);
    }
    return (await readWholeFile(path, 'utf8')).trim();
  } catch (error) {
    throw asCourierError(error, `reading ${path}`);
  }
}
