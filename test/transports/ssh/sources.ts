/** Sources for an sshd of the tests, and fetching from them. */

import type { RawOptions } from '../../../src/cli/options.ts';
import { parseSourceUri, type Source } from '../../../src/transports/source.ts';
import { ssh } from '../../../src/transports/ssh/ssh.ts';
import {
  type Delivery,
  type TransportModule,
  withTransport,
} from '../../../src/transports/transport.ts';
import { neverAborts, toTarget } from '../../conformance/fetching.ts';
import { makeOpenContext } from '../../helpers/open-context.ts';
import type { Sshd } from '../../peers/sshd.ts';

/** Encodes what is not a placeholder. */
function encodeAround(text: string): string {
  const parts = text.split(/(\{host\}|\{address\})/);
  return parts.map((part, index) => (index % 2 === 1 ? part : encodeURIComponent(part))).join('');
}

/** An `ssh:` source that runs a command, with options that let it in unless told otherwise. */
export function toSshSource(sshd: Sshd, command: string, options: RawOptions = {}): Source {
  return {
    uri: parseSourceUri(`ssh://root@127.0.0.1:${sshd.port}/${encodeAround(command)}`),
    options: { ...sshd.options, ...options },
  };
}

/** One fetch of `web01`. */
export async function fetchOnce(
  module: TransportModule,
  source: Source,
  env: Readonly<Record<string, string>> = {},
): Promise<Delivery> {
  return withTransport(module, source, makeOpenContext({ env }), (transport) =>
    transport.fetch(toTarget('web01'), neverAborts()),
  );
}

/** What a command on the host prints. */
export async function runOn(
  sshd: Sshd,
  command: string,
  options: RawOptions = {},
): Promise<string> {
  return (await fetchOnce(ssh, toSshSource(sshd, command, options))).output.toString();
}
