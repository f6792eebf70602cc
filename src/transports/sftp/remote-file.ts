/** The file in an `sftp:` source. */

import { CourierError } from '../../faults/errors.ts';
import { decodeOrRefuse, describeLogin, parseSshUri, type SshLogin } from '../../openssh/login.ts';
import type { SourceUri, Target } from '../source.ts';

export interface RemoteFile {
  readonly login: SshLogin;
  /** Begins with `/`, or with `./` where the home directory is meant. */
  readonly path: string;
  /** For messages: `/var/spool/web01.txt on web01:22`. */
  readonly shown: string;
}

/**
 * The path is absolute; `/~/` at its beginning stands for the home directory.
 *
 * @throws CourierError USAGE
 */
export function parseRemoteFile(uri: SourceUri, target: Target): RemoteFile {
  const { login, path: encoded } = parseSshUri(uri, target);
  if (/%2f/i.test(encoded)) {
    throw new CourierError('USAGE', 'the source must not have %2F: no file name can hold a slash');
  }
  const path = decodeOrRefuse(encoded).replace(/^\/~\//, './');
  if (path === '' || path.endsWith('/')) {
    throw new CourierError('USAGE', `${uri.scheme}: needs the path of a file, not of a directory`);
  }
  return { login, path, shown: `${path} on ${describeLogin(login)}` };
}

/**
 * One word for sftp's batch files: each character that could mean anything there, blanks, quotes
 * and the marks of patterns among them, loses its meaning by a backslash in front of it.
 */
export function toBatchWord(path: string): string {
  return path.replace(/[^\w./-]/gu, '\\$&');
}
