/** The one host that a command of updates is about. */

import { CourierError, prefixError, quote } from '../../faults/errors.ts';
import { type HostName, parseHostName } from '../../names/host-name.ts';

/** @throws CourierError USAGE unless it is exactly one name of a host */
export function requireHostOperand(name: string, [host, extra]: readonly string[]): HostName {
  if (host === undefined) throw new CourierError('USAGE', `updates ${name} takes a HOST`);
  if (extra !== undefined) {
    throw new CourierError('USAGE', `updates ${name} takes one HOST, not also ${quote(extra)}`);
  }
  try {
    return parseHostName(host);
  } catch (error) {
    if (error instanceof CourierError) throw prefixError(error, 'HOST');
    throw error;
  }
}
