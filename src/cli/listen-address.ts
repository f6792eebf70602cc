/** Where a service is to listen. */

import { CourierError, quote } from '../faults/errors.ts';

/** Without an address on all of them, IPv4 and IPv6. */
export interface ListenAddress {
  readonly address: string | undefined;
  readonly port: number;
}

/**
 * `:8000`, `192.0.2.1:8000`, `[::1]:8000`.
 *
 * @throws CourierError USAGE
 */
export function parseListenAddress(raw: string): ListenAddress {
  const [, bracketed, plain, digits] =
    /^(?:\[([0-9A-Fa-f:.]+)\]|([\w.-]*)):(\d{1,5})$/.exec(raw) ?? [];
  const port = Number(digits);
  if (digits === undefined || port > 65_535) {
    throw new CourierError('USAGE', `must be an address and port such as :8000, not ${quote(raw)}`);
  }
  return { address: (bracketed ?? plain) || undefined, port };
}
