/**
 * What the centre has allowed each host to fetch, remembered for when the centre is away: nobody
 * here can tell a host from somebody who uses its name, so the address counts as well.
 */

import type { HostName } from '../../names/host-name.ts';
import type { HostStamp } from '../documents/stamp.ts';

interface Permission {
  readonly address: string;
  /** Digests of a target and of a package. */
  readonly digests: ReadonlySet<string>;
  /** Of the target that it belongs to; undefined until a stamp has named one. */
  readonly target: string | undefined;
}

export class Permissions {
  readonly #hosts = new Map<HostName, Permission>();

  /** A stamp that the centre has just given to a host. */
  learn(host: HostName, address: string, { decision, target }: HostStamp): void {
    const known = this.#hosts.get(host);
    const offered = decision === 'offer' ? target?.sha256 : undefined;
    if (known?.target === offered && known?.address === address) return;
    this.#hosts.set(host, { address, target: offered, digests: new Set() });
  }

  /** The centre has just let a host have something. */
  grant(host: HostName, address: string, digest: string): void {
    const known = this.#hosts.get(host);
    const isSame = known?.address === address;
    const digests = new Set(isSame ? known.digests : []).add(digest);
    this.#hosts.set(host, { address, digests, target: isSame ? known.target : undefined });
  }

  /** The centre has refused something: to the host, or to somebody elsewhere in its name. */
  refuse(host: HostName, address: string): boolean {
    const isHost = this.#hosts.get(host)?.address === address;
    if (isHost) this.#hosts.delete(host);
    return isHost;
  }

  has(host: HostName, address: string, digest: string): boolean {
    const known = this.#hosts.get(host);
    return known?.address === address && known.digests.has(digest);
  }
}
