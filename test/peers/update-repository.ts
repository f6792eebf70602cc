/** What a simulated update server holds; a test changes it between two runs of a client. */

import { toStamp } from '../../src/sealing/stamp.ts';
import {
  type HostStamp,
  type KeyName,
  makeRoot,
  type Root,
  type SigningKey,
  sha256,
  signed,
  type Target,
  writeRoot,
  writeStamp,
  writeTarget,
} from './update-documents.ts';

type Signer = KeyName | SigningKey;

/** What a host is offered. */
interface Offered {
  readonly counter: number;
  /** Digest of the signed target. */
  readonly sha256: string;
}

/** What a stamp is about. */
export interface StampWishes {
  readonly host: string;
  readonly nonce: string;
}

export class SimulatedRepository {
  /** Signed roots by version. */
  readonly roots = new Map<number, Buffer>();
  /** Signed targets and packages by their digest; a host may fetch whatever it knows the name of. */
  readonly files = new Map<string, Buffer>();
  readonly offered = new Map<string, Offered>();
  /** Who signs stamps. */
  stampKeys: readonly Signer[] = ['stamp-a'];
  /** Who signs targets. */
  releaseKeys: readonly Signer[] = ['release-a'];
  /** Rises with each stamp; a test may set it. */
  serial = 0;
  /** The counter of the newest target. */
  counter = 0;
  /** The clock of the server, milliseconds since the epoch. */
  now: () => number = Date.now;
  /** What the next stamps are to say instead. */
  changeStamp: (stamp: HostStamp) => Partial<HostStamp> = () => ({});
  /** What becomes of the payload of a stamp before it is signed. */
  rewordStamp: (payload: Buffer) => Buffer = (payload) => payload;

  /** Adds a root; version 1 signed by root-a unless told otherwise. */
  addRoot(changes: Partial<Root> = {}, keys: readonly Signer[] = ['root-a']): Buffer {
    const root = makeRoot({ version: this.newestRoot + 1, ...changes });
    const bytes = signed(writeRoot(root), keys);
    this.roots.set(root.version, bytes);
    return bytes;
  }

  get newestRoot(): number {
    return Math.max(0, ...this.roots.keys());
  }

  /** Signs a target for a package, and offers it to a host with the next counter. */
  offer(host: string, pack: Buffer, changes: Partial<Target> = {}): Target {
    const target = this.makeTarget(host, pack, changes);
    this.offerTarget(host, target, signed(writeTarget(target), this.releaseKeys));
    return target;
  }

  /** A target that nobody is offered yet. */
  makeTarget(host: string, pack: Buffer, changes: Partial<Target> = {}): Target {
    this.counter += 1;
    const digest = sha256(pack);
    this.files.set(digest, pack);
    return {
      audience: `host:${host}`,
      counter: this.counter,
      issued: this.stampAt(-3600),
      expires: this.stampAt(90 * 86_400),
      platform: 'linux-tgz',
      updaterMin: 1,
      selfTestSeconds: 60,
      action: 'install',
      package: {
        agentHash: digest.slice(0, 16),
        agentVersion: '2.4.0p1',
        size: pack.length,
        sha256: digest,
      },
      ...changes,
    };
  }

  /** Offers bytes as the target, whatever they are. */
  offerTarget(host: string, { counter }: Pick<Target, 'counter'>, bytes: Buffer): void {
    const digest = sha256(bytes);
    this.files.set(digest, bytes);
    this.offered.set(host, { counter, sha256: digest });
  }

  /** Nothing is published for the host any more. */
  withdraw(host: string): void {
    this.offered.delete(host);
  }

  /** A signed stamp. */
  stamp({ host, nonce }: StampWishes): Buffer {
    this.serial += 1;
    const offered = this.offered.get(host);
    const stamp: HostStamp = {
      audience: `host:${host}`,
      serial: this.serial,
      issued: this.stampAt(0),
      expires: this.stampAt(2 * 86_400),
      nonce,
      rootVersion: Math.max(1, this.newestRoot),
      target: offered && { counter: offered.counter, sha256: offered.sha256 },
      decision: offered === undefined ? 'none' : 'offer',
      interval: 3600,
    };
    const payload = writeStamp({ ...stamp, ...this.changeStamp(stamp) });
    return signed(this.rewordStamp(payload), this.stampKeys);
  }

  /** 14 digits, so many seconds from now. */
  stampAt(inSeconds: number): string {
    return toStamp(new Date(this.now() + inSeconds * 1000));
  }
}
