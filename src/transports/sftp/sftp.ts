/** `sftp:`, `scp:`: a file on the host, through the system's OpenSSH. */

import { CourierError } from '../../faults/errors.ts';
import { checkForAnyHost } from '../../openssh/login.ts';
import { openSsh, sshOptions } from '../../openssh/openssh.ts';
import { withPrivateDirectory } from '../../system/private-directory.ts';
import { fillSourceUri } from '../source.ts';
import { type Delivery, defineTransport } from '../transport.ts';
import { download } from './download.ts';
import { parseRemoteFile, type RemoteFile } from './remote-file.ts';

/** What is replaced while it is fetched is fetched again, so many times in all. */
const looks = 3;

export const sftp = defineTransport({
  options: sshOptions,
  traits: { concurrency: 32, consumes: false },
  async open(uri, options, { env, log, maxOutputBytes }) {
    checkForAnyHost((target) => parseRemoteFile(uri, target));
    const openssh = await openSsh(options, env);

    const fetchOnce = (file: RemoteFile, signal: AbortSignal) =>
      withPrivateDirectory(env, (directory) =>
        download({ file, directory, openssh, maxOutputBytes }, signal),
      );

    return {
      async fetch(target, signal): Promise<Delivery> {
        const file = parseRemoteFile(uri, target);
        for (let look = 1; look <= looks; look += 1) {
          signal.throwIfAborted();
          const read = await fetchOnce(file, signal);
          if (read !== undefined) {
            return {
              output: read.output,
              origin: fillSourceUri(uri, target),
              producedAt: read.stats.mtime,
              async acknowledge() {},
            };
          }
          log.debug({ look }, `${file.shown} has changed while it was fetched`);
        }
        const hint = 'write under another name, then rename';
        throw new CourierError('TIMEOUT', `${file.shown} changes whenever it is fetched; ${hint}`);
      },
    };
  },
});
