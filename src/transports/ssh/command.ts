/** The command in an `ssh:` source. */

import { decodeOrRefuse, parseSshUri, type SshLogin } from '../../openssh/login.ts';
import type { SourceUri, Target } from '../source.ts';

interface RemoteCommand {
  readonly login: SshLogin;
  /** For the shell of the user there, as written in the source. */
  readonly command: string;
}

const defaultCommand = 'check_mk_agent';

/**
 * What stands behind the first slash, percent-encoding undone. The shell of the remote user reads
 * it, so it means what the writer of the source wants it to mean. Values of placeholders cannot
 * change that meaning: the host names and addresses that are let in hold nothing but letters,
 * digits and `_.:%-`, and begin with none of the marks.
 *
 * @throws CourierError USAGE
 */
export function parseCommand(uri: SourceUri, target: Target): RemoteCommand {
  const { login, path } = parseSshUri(uri, target);
  return { login, command: decodeOrRefuse(path.slice(1)) || defaultCommand };
}
