/** Where the state of agent updates is, file by file (src/updates/README.md). */

import { dirname, join } from 'node:path';
import type { Environment } from '../../cli/environment.ts';
import { parsePath } from '../../cli/option-types.ts';
import type { ValueSpec } from '../../cli/options.ts';
import { defaultSpoolDirectory } from '../../spool/directories.ts';

export interface UpdatePlaces {
  /** All of it. */
  readonly directory: string;
  /** Private keys, each wrapped with a passphrase: `<alias>.key`. */
  readonly keys: string;
  /** The one private key without a passphrase. */
  readonly stampKey: string;
  /** Every root there ever was: `<n>.root`; and `draft`, the next one while it is not signed. */
  readonly roots: string;
  /** The master switch. */
  readonly switch: string;
  /** The last counter that was given to a target. */
  readonly counter: string;
  /** A number that no stamp has reached. */
  readonly serial: string;
  /** What each host is to get, as `bake` left it. */
  readonly plan: string;
  /** What `bake` made: `<agent-hash>/`. */
  readonly baked: string;
  /** What the server gives out, by SHA-256 of the file. */
  readonly packages: string;
  /** Signed targets, by SHA-256 of the file. */
  readonly targets: string;
  /** Documents on their way to a signature: `<id>.batch`. */
  readonly batches: string;
  /** Which signed target is ready for which host. */
  readonly signed: string;
  /** Which target holds for which host. */
  readonly published: string;
  /** The rollout in stages that is under way, and which updaters may be switched off. */
  readonly rollout: string;
  /** The hosts of the site's Setup as they were when it was asked last. */
  readonly siteHosts: string;
  /** Which site hands updates on to which hosts. */
  readonly sites: string;
  /** There once this state has moved to another server, which is named in it. */
  readonly moved: string;
  /** Hosts: `<host>.json`, and `<host>.secret`. */
  readonly hosts: string;
  /** Tokens for registration. */
  readonly tokens: string;
  readonly audit: string;
  /** Held while any of it is changed. */
  readonly lock: string;
}

/** The option that names another directory, for every command that needs one. */
export const directoryOption: ValueSpec<string> = {
  kind: 'value',
  placeholder: 'DIR',
  describe:
    'where keys, packages and the state of updates are (default $OMD_ROOT/var/cmk-courier/updates on a site, else ~/.local/state/cmk-courier/updates)',
  parse: parsePath,
};

/**
 * The site's, else the user's.
 *
 * @param directory as {@link directoryOption} says
 * @throws CourierError USAGE when it is neither given nor known
 */
export function updatePlaces(env: Environment, directory: string | undefined): UpdatePlaces {
  const all = directory ?? join(dirname(defaultSpoolDirectory(env, '--dir')), 'updates');
  const inside = (name: string) => join(all, name);
  return {
    directory: all,
    keys: inside('keys'),
    stampKey: inside('stamp.key'),
    roots: inside('roots'),
    switch: inside('switch'),
    counter: inside('counter'),
    serial: inside('serial'),
    plan: inside('plan.json'),
    baked: inside('baked'),
    packages: inside('packages'),
    targets: inside('targets'),
    batches: inside('batches'),
    signed: inside('signed'),
    published: inside('published'),
    rollout: inside('rollout.json'),
    siteHosts: inside('site-hosts.json'),
    sites: inside('sites'),
    moved: inside('moved'),
    hosts: inside('hosts'),
    tokens: inside('tokens'),
    audit: inside('audit.log'),
    lock: inside('.lock'),
  };
}
