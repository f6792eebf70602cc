/** What every registration ends with: one UUID for one host. */

import type { HostName } from '../../names/host-name.ts';
import { parseHostName } from '../../names/host-name.ts';
import type { Exchange } from '../exchange.ts';
import { Refusal } from '../refusal.ts';
import type { Services } from '../services.ts';
import type { Access } from '../state/accesses.ts';
import { type ConnectionMode, type RegisteredHost, withCertificates } from '../state/hosts.ts';
import { admit, nameOf } from './authorising.ts';

export interface Link {
  readonly uuid: string;
  readonly host: HostName;
  readonly mode: ConnectionMode;
  /** Piggyback that the access it registers with allows. */
  readonly piggyback: readonly string[];
  /** By hand. */
  readonly allowedPiggyback?: readonly string[];
  /** What it registers with. */
  readonly access: Access;
  readonly certificates: readonly { readonly serial: string; readonly notAfter: Date }[];
  /** Whose name it may take: that of anybody, of one UUID, or of nobody. */
  readonly replaces: 'anybody' | 'nobody' | { readonly uuid: string };
}

/**
 * Registers a host; the UUID it had before is no longer registered. That another identity had the
 * name is said in the log.
 *
 * @throws Refusal 403 when the UUID stands for another host, or another UUID for this one
 */
export async function linkHost(link: Link, { note }: Exchange, services: Services): Promise<void> {
  const { state, clock, trust } = services;
  const { access, host, uuid } = link;
  let before: RegisteredHost | undefined;
  let isSpent = false;
  const now = clock.now();
  const revoke = (serials: readonly string[]) => trust.revoke(serials, uuid);
  const linking = state.hosts.link(link, async (found) => {
    before = found;
    if (found !== undefined && found.uuid !== uuid) requireReplaceable(link, found);
    // With the host's record locked: revoking removes the access first, then the host.
    await requireNoWriter(uuid, services);
    await admit(access, host, services);
    isSpent = access.kind === 'registration';
    const known = found?.uuid === uuid ? found.certificates : [];
    const certificates = await withCertificates(known, link.certificates, { now, revoke });
    return { ...toRecord(link, found, new Date(now).toISOString()), certificates };
  });
  const isLinked = await linking.catch(async (error: unknown) => {
    if (isSpent) await state.accesses.restore(access);
    throw error;
  });
  if (!isLinked) throw takenUuid();
  if (before === undefined || before.uuid === link.uuid) return;
  const old = `${before.uuid} (${before.registeredBy})`;
  note.warning = `${link.host} was taken over: ${link.uuid} (${nameOf(access)}) is in the place of ${old}`;
}

function requireReplaceable({ replaces }: Link, { uuid }: RegisteredHost): void {
  if (replaces === 'anybody') return;
  if (replaces !== 'nobody' && replaces.uuid === uuid) return;
  throw new Refusal('forbidden', 'another identity was registered for this host meanwhile');
}

/** What was allowed by hand stays; everything else comes from this registration. */
function toRecord(
  link: Link,
  before: RegisteredHost | undefined,
  now: string,
): Omit<RegisteredHost, 'certificates'> {
  const { uuid, host, mode, access, piggyback, allowedPiggyback = [] } = link;
  const isSame = before?.uuid === uuid;
  const byHand = before?.allowedPiggyback ?? before?.piggyback ?? [];
  const tookOver =
    before === undefined || isSame
      ? before?.tookOver
      : { uuid: before.uuid, registeredBy: before.registeredBy, at: now };
  return {
    host,
    uuid,
    mode,
    piggyback: [...piggyback],
    allowedPiggyback: [...new Set([...byHand, ...allowedPiggyback])],
    registeredAt: now,
    registeredBy: nameOf(access),
    ...(tookOver === undefined ? {} : { tookOver }),
  };
}

/**
 * Refuses a UUID that stands for another host: a certificate with it would write for that one.
 *
 * @throws Refusal 403
 */
export async function requireFreeUuid(
  uuid: string,
  host: HostName | undefined,
  services: Services,
): Promise<void> {
  await requireNoWriter(uuid, services);
  const linked = await services.state.hosts.byUuid(uuid);
  if (linked !== undefined && linked.host !== host) throw takenUuid();
}

/** The same for a UUID whose certificates write for several hosts. */
async function requireNoWriter(uuid: string, { state }: Services): Promise<void> {
  if ((await state.accesses.certificate(uuid)) !== undefined) throw takenUuid();
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
