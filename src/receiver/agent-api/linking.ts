/** What every registration ends with: one UUID for one host. */

import type { HostName } from '../../names/host-name.ts';
import { parseHostName } from '../../names/host-name.ts';
import { Refusal } from '../refusal.ts';
import type { Services } from '../services.ts';
import type { ConnectionMode } from '../state/hosts.ts';

export interface Link {
  readonly uuid: string;
  readonly host: HostName;
  readonly mode: ConnectionMode;
  readonly piggyback: readonly string[];
  /** Who asked. */
  readonly by: string;
  readonly certificates: readonly { readonly serial: string; readonly notAfter: Date }[];
}

/**
 * Registers a host; the UUID it had before is no longer registered.
 *
 * @throws Refusal 403 when the UUID stands for another host
 */
export async function linkHost(link: Link, services: Services): Promise<void> {
  const { uuid, host, mode, by } = link;
  const isLinked = await services.state.hosts.link({
    host,
    uuid,
    mode,
    certificates: link.certificates.map(({ serial, notAfter }) => ({
      serial,
      notAfter: notAfter.toISOString(),
    })),
    piggyback: [...link.piggyback],
    registeredAt: new Date(services.clock.now()).toISOString(),
    registeredBy: by,
  });
  if (!isLinked) throw takenUuid();
}

/**
 * Refuses a UUID that stands for another host: a certificate with it would write for that one.
 *
 * @throws Refusal 403
 */
export async function requireFreeUuid(
  uuid: string,
  host: HostName | undefined,
  { state }: Services,
): Promise<void> {
  const linked = await state.hosts.byUuid(uuid);
  if (linked !== undefined && linked.host !== host) throw takenUuid();
}

function takenUuid(): Refusal {
  return new Refusal('forbidden', 'this UUID is registered for another host');
}

/** @throws Refusal 400 */
export function parseHost(text: string): HostName {
  try {
    return parseHostName(text);
  } catch (error) {
    throw new Refusal('bad-request', 'host_name is no name Checkmk accepts', { cause: error });
  }
}

/** At most so many registrations a minute from one address; refused ones count as well. */
export function countRegistration(address: string, { registrations }: Services): void {
  const retryAfterS = registrations.take(address);
  if (retryAfterS === undefined) return;
  throw new Refusal('too-many', 'too many registrations from this address', { retryAfterS });
}
