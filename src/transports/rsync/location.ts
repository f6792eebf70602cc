/** What a `rsync:` or `rsync+ssh:` source points at, in rsync's own words. */

import { CourierError, quote } from '../../faults/errors.ts';
import { decodeOrRefuse, parseSshUri, type SshLogin } from '../../openssh/login.ts';
import { fillSourceUri, type SourceUri, type Target } from '../source.ts';

export interface RsyncLocation {
  readonly login: SshLogin;
  /** Reached through ssh, not from a daemon. */
  readonly overSsh: boolean;
  /** The one argument that tells rsync what to fetch; cannot be taken for an option. */
  readonly argument: string;
  /**
   * The path holds what an old rsync would let a shell at the far end look at, so it has to be
   * sent in another way (`--secluded-args`), which not every restricted account takes.
   */
  readonly needsSeclusion: boolean;
  /** For messages. */
  readonly shown: string;
}

/**
 * The place for one host.
 *
 * @throws CourierError USAGE
 */
export function locateRemoteFile(uri: SourceUri, target: Target): RsyncLocation {
  const { login, path: encoded } = parseSshUri(uri, target);
  const path = decodeOrRefuse(encoded);
  const overSsh = uri.scheme === 'rsync+ssh';
  checkPath(path, overSsh);
  return {
    login,
    overSsh,
    argument: overSsh
      ? `${toHost(login)}:${path}`
      : `rsync://${toAuthority(login)}${guardDash(path)}`,
    needsSeclusion: /[^\w/.:,=@%+-]/.test(path),
    shown: fillSourceUri(uri, target),
  };
}

function checkPath(path: string, overSsh: boolean): void {
  const parts = path.split('/').slice(1);
  if (parts.length < (overSsh ? 1 : 2) || parts.at(-1) === '') {
    throw refuse(`must name a file, as in ${overSsh ? '…/path' : '…/module/path'}`);
  }
  if (parts.some((part) => part === '' || part === '.' || part === '..')) {
    throw refuse(`must not have empty parts, . or .. in its path, here ${quote(path)}`);
  }
  // rsync expands these at the far end whatever it is told (rsync(1), --secluded-args), so that
  // another file could come, or several.
  if (/[*?[\]\\]/.test(path)) {
    throw refuse(`must not have *, ?, [, ] or \\ in its path, here ${quote(path)}`);
  }
}

/**
 * The daemon takes the module off the path and reads what is left as an argument: `/module/-d`
 * would be an option there (rsync 3.5.0, clientserver.c).
 */
function guardDash(path: string): string {
  return path.replace(/^(\/[^/]+\/)-/, '$1./-');
}

/** The user and the port are with ssh's own options. */
function toHost({ host }: SshLogin): string {
  return host.includes(':') ? `[${host}]` : host;
}

function toAuthority(login: SshLogin): string {
  const user = login.user === undefined ? '' : `${login.user}@`;
  const port = login.port === undefined ? '' : `:${login.port}`;
  return `${user}${toHost(login)}${port}`;
}

function refuse(why: string): CourierError {
  return new CourierError('USAGE', `a rsync source ${why}`);
}
