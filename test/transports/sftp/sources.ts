/** Sources for an sshd of the tests. */

import type { RawOptions } from '../../../src/cli/options.ts';
import { parseSourceUri, type Source } from '../../../src/transports/source.ts';
import type { Sshd } from '../../peers/sshd.ts';

/** An `sftp:` source of a path, everything but {host} literal, with options that let it in. */
export function toSftpSource(
  sshd: Pick<Sshd, 'port' | 'options'>,
  path: string,
  options: RawOptions = {},
): Source {
  const segments = path.split('/').map((segment) => {
    const parts = segment.split('{host}');
    return parts.map(encodeURIComponent).join('{host}');
  });
  return {
    uri: parseSourceUri(`sftp://root@127.0.0.1:${sshd.port}${segments.join('/')}`),
    options: { ...sshd.options, ...options },
  };
}
