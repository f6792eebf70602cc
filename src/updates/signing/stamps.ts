/** Signs stamps, one for each host that asks. The one private key at hand is read once. */

import type { KeyObject } from 'node:crypto';
import { CourierError } from '../../faults/errors.ts';
import { asCourierError } from '../../faults/system-errors.ts';
import { pathStatus } from '../../files/file-calls.ts';
import type { HostName } from '../../names/host-name.ts';
import { joinEnvelope } from '../../sealing/envelope.ts';
import { toStamp } from '../../sealing/stamp.ts';
import { type StampDecision, type StampTarget, writeStamp } from '../documents/stamp.ts';
import { readStampKey, takeNextStampKey } from '../keys/stamp-key.ts';
import type { UpdatePlaces } from '../repository/places.ts';
import { newestRootVersion, requireNewestRoot } from '../repository/root-files.ts';
import { signBytes } from './sign-bytes.ts';
import { StampSerials } from './stamp-serial.ts';

/** What a host is to be told. */
export interface StampRequest {
  readonly host: HostName;
  /** 32 hexadecimal digits as the host sent them; undefined for a stamp it did not ask for. */
  readonly nonce: string | undefined;
  readonly decision: StampDecision;
  readonly target: StampTarget | undefined;
  /** Seconds until it is to ask again, 60 to 2678400. */
  readonly intervalSeconds: number;
  /** The server that the host is to ask first; left out, or none of the root, for the order there. */
  readonly server?: string | undefined;
}

/** How long a stamp holds for a host that gets no newer one. */
const validMs = 48 * 3_600_000;

/** The key of the newest root. */
interface Ready {
  readonly id: string;
  readonly key: KeyObject;
  readonly rootVersion: number;
  readonly servers: readonly string[];
  /** Tells whether key or root have changed since. */
  readonly seen: string;
}

export class StampSigner {
  readonly #places: UpdatePlaces;
  readonly #clock: { now(): number };
  readonly #serials: StampSerials;
  #ready: Ready | undefined;

  constructor(places: UpdatePlaces, clock: { now(): number }) {
    this.#places = places;
    this.#clock = clock;
    this.#serials = new StampSerials(places);
  }

  /**
   * A signed stamp, as a file. The signature is made on a thread of its own.
   *
   * @throws CourierError CONFIG without a root, or when its stamp key is not here; LOCAL
   */
  async sign(request: StampRequest): Promise<Buffer> {
    const { id, key, rootVersion, servers } = await this.#getReady();
    const nowMs = this.#clock.now();
    const payload = writeStamp({
      audience: `host:${request.host}`,
      serial: await this.#serials.next(nowMs),
      issued: toStamp(new Date(nowMs)),
      expires: toStamp(new Date(nowMs + validMs)),
      nonce: request.nonce,
      rootVersion,
      target: request.target,
      decision: request.decision,
      interval: request.intervalSeconds,
      server: servers.find((server) => server === request.server),
    });
    const bytes = await signBytes(payload, key);
    return joinEnvelope({ payload, signatures: [{ kind: 'key', id, bytes }] });
  }

  /** Read again when the key or the root has changed. */
  async #getReady(): Promise<Ready> {
    const seen = await this.#look();
    if (this.#ready?.seen === seen) return this.#ready;
    const { root } = await requireNewestRoot(this.#places);
    // After a crash a root may be newest whose key has not taken its place yet.
    await takeNextStampKey(this.#places, root);
    const { id, key } = await readStampKey(this.#places);
    const trusted = root.keys.find((known) => known.id === id);
    if (trusted?.roles.includes('stamp')) {
      this.#ready = { id, key, rootVersion: root.version, servers: root.servers, seen };
      return this.#ready;
    }
    const why = `root ${root.version} does not trust ${this.#places.stampKey} for stamps`;
    throw new CourierError('CONFIG', `${why}; \`cmk-courier updates root stamp-key\` mends that`);
  }

  async #look(): Promise<string> {
    try {
      const { ino, mtimeMs, ctimeMs } = await pathStatus(this.#places.stampKey);
      return `${ino} ${mtimeMs} ${ctimeMs} ${await newestRootVersion(this.#places)}`;
    } catch (error) {
      throw asCourierError(error, `reading ${this.#places.stampKey}`);
    }
  }
}
