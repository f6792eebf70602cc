/** Whether a host is registered, and with whom: the site, or our receiver. */

import { join } from 'node:path';
import { findCertificateDirectory } from '../../certs/directory.ts';
import type { Environment } from '../../cli/environment.ts';
import type { TcpOptions } from './options.ts';
import { findReceiverUuid } from './receiver-registration.ts';
import { findUuid } from './registration.ts';

export interface Registration {
  readonly uuid: string;
  /** The certificates directory of `certs init`, when the host is registered with our receiver. */
  readonly certificates: string | undefined;
}

type Known = Pick<
  TcpOptions,
  'uuid' | 'treatAsUnregistered' | 'receiverState' | 'receiverCertificates'
>;

/**
 * The UUID as given; else as known to the receiver whose state is named, to the site we run on, or
 * to the receiver of that site.
 *
 * @throws CourierError what findUuid() and findReceiverUuid() throw
 */
export async function findRegistration(
  host: string,
  options: Known,
  env: Environment,
): Promise<Registration | undefined> {
  const { uuid, treatAsUnregistered, receiverState, receiverCertificates } = options;
  if (uuid !== undefined) return { uuid, certificates: receiverCertificates };
  if (treatAsUnregistered) return undefined;
  const fromReceiver = async (state: string): Promise<Registration | undefined> => {
    const found = await findReceiverUuid(host, state);
    if (found === undefined) return undefined;
    const option = '--receiver-certificates';
    return {
      uuid: found,
      certificates: findCertificateDirectory(receiverCertificates, env, option),
    };
  };
  if (receiverState !== undefined) {
    const registration = await fromReceiver(receiverState);
    if (registration !== undefined) return registration;
  }
  const root = env['OMD_ROOT'];
  if (!root) return undefined;
  const known = await findUuid(host, root);
  if (known !== undefined) return { uuid: known, certificates: receiverCertificates };
  return receiverState === undefined ? fromReceiver(join(root, receiverDirectory)) : undefined;
}

/** The default place of the receiver's hosts in a site. */
const receiverDirectory = 'var/cmk-courier/receiver';
