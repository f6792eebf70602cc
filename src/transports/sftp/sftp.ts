/** `sftp:`, `scp:`: a file on the host, through the system's OpenSSH. */

import { CourierError } from '../../faults/errors.ts';
import { checkForAnyHost, describeLogin } from '../../openssh/login.ts';
import { type OpenSsh, openSsh, sshOptions } from '../../openssh/openssh.ts';
import { withPrivateDirectory } from '../../system/private-directory.ts';
import { fillSourceUri } from '../source.ts';
import { type Delivery, defineTransport, type OpenContext } from '../transport.ts';
import { download } from './download.ts';
import { parseRemoteFile, type RemoteFile } from './remote-file.ts';
import type { ScpFile } from './scp.ts';

/** How many times a file is fetched in all when it is replaced during the fetch. */
const looks = 3;

/** What an open transport works with. */
interface Access {
  readonly openssh: OpenSsh;
  readonly context: OpenContext;
  /** Whether scp's own protocol will do where there is no sftp. */
  readonly allowsScp: boolean;
  /** Hosts that have answered to scp and not to sftp: `web01:22`. */
  readonly withoutSftp: Set<string>;
}

type Fetched = Pick<Delivery, 'output' | 'producedAt'>;

export const sftp = defineTransport({
  options: sshOptions,
  traits: { concurrency: 32, consumes: false },
  async open(uri, options, context) {
    checkForAnyHost((target) => parseRemoteFile(uri, target));
    const openssh = await openSsh(options, context);
    const access = {
      openssh,
      context,
      allowsScp: uri.scheme === 'scp',
      withoutSftp: new Set<string>(),
    };
    return {
      async fetch(target, signal): Promise<Delivery> {
        const file = parseRemoteFile(uri, target);
        const origin = fillSourceUri(uri, target);
        const { output, producedAt } = await fetchFile(file, access, signal);
        return { output, origin, producedAt, async acknowledge() {} };
      },
    };
  },
});

async function fetchFile(file: RemoteFile, access: Access, signal: AbortSignal): Promise<Fetched> {
  const host = describeLogin(file.login);
  if (access.withoutSftp.has(host)) return fetchWithScp(file, access, signal);
  const { env, maxOutputBytes, log } = access.context;
  for (let look = 1; look <= looks; look += 1) {
    signal.throwIfAborted();
    const found = await withPrivateDirectory(env, (directory) =>
      download({ file, directory, openssh: access.openssh, maxOutputBytes }, signal),
    );
    if (found.kind === 'whole') {
      return { output: found.read.output, producedAt: found.read.stats.mtime };
    }
    if (found.kind === 'no sftp') {
      if (!access.allowsScp) throw found.fault;
      log.debug({ at: host }, 'no sftp there; asking with scp');
      const fetched = await fetchWithScp(file, access, signal);
      access.withoutSftp.add(host);
      return fetched;
    }
    log.debug({ look }, `${file.shown} has changed while it was fetched`);
  }
  throw changesAlways(file);
}

/**
 * By scp's own protocol. A key that may call nothing but `scp -f FILE` makes the host announce the
 * file once only; what is fetched twice, and is the same, has not been written in between either.
 */
async function fetchWithScp(
  file: RemoteFile,
  { openssh, context: { maxOutputBytes, log } }: Access,
  signal: AbortSignal,
): Promise<Fetched> {
  const { fetchByScp } = await import('./scp.ts');
  let before: ScpFile | undefined;
  for (let look = 1; look <= looks; look += 1) {
    signal.throwIfAborted();
    const found = await fetchByScp({ file, openssh, maxOutputBytes }, signal);
    if (found !== undefined && (found.isSettled || isSame(found, before))) {
      const { output, modifiedAt } = found;
      const producedAt = modifiedAt === undefined ? undefined : new Date(modifiedAt * 1000);
      return { output, producedAt };
    }
    log.debug({ look }, `${file.shown} is not known to be the same before and after`);
    before = found;
  }
  throw changesAlways(file);
}

function isSame(file: ScpFile, before: ScpFile | undefined): boolean {
  if (before === undefined || before.modifiedAt !== file.modifiedAt) return false;
  return before.output.equals(file.output);
}

function changesAlways({ shown }: RemoteFile): CourierError {
  const hint = 'write under another name, then rename';
  return new CourierError('TIMEOUT', `${shown} changes whenever it is fetched; ${hint}`);
}
