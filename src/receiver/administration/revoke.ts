/** `cmk-courier hosts revoke`: afterwards nothing writes for a host, or it is said what still does. */

import { isHostUuid } from '../../certs/dns-name.ts';
import { revokeHost as revokeCertificates } from '../../certs/revoke.ts';
import { CourierError, quote } from '../../faults/errors.ts';
import { asCourierError } from '../../faults/system-errors.ts';
import { counted } from '../../names/counted.ts';
import { isHostName } from '../../names/host-name.ts';
import { matchesPattern } from '../patterns.ts';
import type { Access } from '../state/accesses.ts';
import { allPiggyback, type RegisteredHost } from '../state/hosts.ts';
import { describeAccess, nameAccess } from './list.ts';
import { findHost, forEachName, type Outcome, openState, type State } from './state.ts';

export interface Revoking {
  /** Leaves the certificates good, and what a host registers with. */
  readonly forget: boolean;
  /** Where the deny list is. */
  readonly certificates: () => string;
  readonly now: number;
}

/**
 * Takes their rights from hosts, users and tokens; a name may stand for several of them.
 *
 * @returns a line for each thing that was done, and for each that still lets a host write; a fault
 * USAGE when there is nothing of a name
 */
export async function revoke(
  directory: string,
  names: readonly string[],
  revoking: Revoking,
): Promise<Outcome> {
  const state = await openState(directory);
  return forEachName(names, (name) => revokeOne(name, state, revoking));
}

/**
 * What registers a host goes before the host: a registration that is under way ends with the host's
 * record held, and looks at what it came in with then. Certificates come last: without a host they
 * are good for nothing, and what fails there stops nothing.
 */
async function revokeOne(
  name: string,
  state: State,
  revoking: Revoking,
): Promise<readonly string[]> {
  const before = await findHost(name, state);
  const host = before?.host ?? name;
  const done = [
    ...(before === undefined ? await removeDamaged(name, state) : []),
    ...(await revokeRequests(name, host, state)),
    ...(await revokeAccesses(name, host, [state, revoking])),
  ];
  const registered = (isHostName(host) ? await state.hosts.remove(host) : undefined) ?? before;
  if (registered !== undefined && revoking.forget)
    done.unshift(`forgot ${host} ${registered.uuid}`);
  const certificates = revoking.forget
    ? []
    : await revokeAllCertificates(name, registered, [done, revoking]);
  const left = revoking.forget ? [] : await describeRest(name, host, state);
  const all = [...certificates, ...done];
  if (all.length === 0)
    throw nothingThere(name, [...(await describeNamesakes(name, state)), ...left]);
  return [...all, ...left];
}

function nothingThere(name: string, left: readonly string[]): CourierError {
  const [first, ...others] = left;
  const more = `and ${others.length} more, which \`cmk-courier hosts list\` shows`;
  const message = [
    `there is no host, user, token or certificate ${quote(name)}`,
    ...(first === undefined ? [] : [first]),
    ...(others.length === 0 ? [] : [more]),
  ];
  return new CourierError('USAGE', message.join('; '));
}

/** Tokens and certificates that people call so: several may have one name, so that only an id says which is meant. */
async function describeNamesakes(name: string, { accesses }: State): Promise<readonly string[]> {
  const called = (await accesses.list()).filter((access) => access.name === name);
  return called.map(
    (access) => `${describeAccess(access)} has an id: \`cmk-courier hosts revoke ${access.id}\``,
  );
}

/**
 * Revokes the certificates of a host as it was at the last moment, or of a UUID that never had a
 * host or has none any more.
 */
async function revokeAllCertificates(
  name: string,
  host: RegisteredHost | undefined,
  [done, { certificates, now }]: readonly [readonly string[], Revoking],
): Promise<readonly string[]> {
  const uuid = host?.uuid ?? name;
  if (!isHostUuid(uuid)) return [];
  const whose = host === undefined ? uuid : `${host.host} ${uuid}`;
  const serials = host?.certificates.map(({ serial }) => serial) ?? [];
  try {
    const revoked = await revokeCertificates({ uuid, serials }, certificates(), new Date(now));
    if (host === undefined && revoked.length === 0) return [];
    return [`revoked ${whose}, ${counted(revoked.length, 'certificate')}`];
  } catch (error) {
    const { code, message } = asCourierError(error, 'revoking certificates');
    const before = [...(host === undefined ? [] : [`${whose} is registered no more`]), ...done];
    const how = `\`cmk-courier certs revoke ${uuid}\` does when that is mended`;
    const told = [...before, `its certificates are not on the deny list: ${message}; ${how}`];
    throw new CourierError(code, told.join('; '), { cause: error });
  }
}

/** Removes a record that cannot be read. */
async function removeDamaged(name: string, { hosts }: State): Promise<readonly string[]> {
  const { damaged } = await hosts.inspect();
  const broken = damaged.find((record) => record.name === name);
  if (broken === undefined) return [];
  await hosts.removeDamaged(name);
  const unknown = 'its certificates are not known: they are good for nothing without it';
  return [`removed the damaged record of ${name} (${broken.message}); ${unknown}`];
}

/** A request that was allowed would register the host again. */
async function revokeRequests(
  name: string,
  host: string,
  { requests }: State,
): Promise<readonly string[]> {
  const lines: string[] = [];
  for (const request of await requests.list()) {
    if (request.host !== host && request.uuid !== name) continue;
    await requests.remove(request.uuid);
    lines.push(
      `removed the request of ${request.uuid} (${request.requestedBy}) for ${request.host}`,
    );
  }
  return lines;
}

/** Removes what is for this host alone; what names several hosts loses this name. */
async function revokeAccesses(
  name: string,
  host: string,
  [{ accesses }, { forget }]: readonly [State, Revoking],
): Promise<readonly string[]> {
  const { values, damaged } = await accesses.inspect();
  const lines: string[] = [];
  for (const access of values) {
    const isMeant = access.id === name;
    if (
      !isMeant &&
      (!access.hosts.includes(host) || (forget && !writesAlone.includes(access.kind)))
    )
      continue;
    const rest = access.hosts.filter((one) => one !== host);
    if (isMeant || rest.length === 0) {
      await accesses.remove(access);
      lines.push(`revoked ${describeAccess(access)}`);
    } else {
      await accesses.narrow(access, host);
      lines.push(`took ${host} from ${nameAccess(access)}, which stays good for ${rest.join(' ')}`);
    }
  }
  for (const { name: file, message } of damaged) {
    if (file !== `user-${name}` && file !== `token-${name}`) continue;
    await accesses.removeDamaged(file);
    lines.push(`removed a damaged record: ${message}`);
  }
  return lines;
}

/** With these a host does not register. */
const writesAlone: readonly Access['kind'][] = ['upload', 'certificate'];

/** What still lets others write for the host; nobody has asked to end that. */
async function describeRest(
  name: string,
  host: string,
  { hosts, accesses }: State,
): Promise<readonly string[]> {
  const rest = (await accesses.list()).filter(({ id }) => id !== name);
  return [
    ...rest.filter((access) => matchesPattern(host, access.hosts)).map(describePattern(host)),
    ...rest
      .filter(({ hosts: own, piggyback }) => !fits(host, own) && fits(host, piggyback))
      .map((access) => `${describeAccess(access)}: its piggyback still reaches ${host}`),
    ...(await hosts.list())
      .filter((other) => fits(host, allPiggyback(other)))
      .map((other) => `${other.host} may still send piggyback for ${host}`),
  ];
}

const fits = matchesPattern;

function describePattern(host: string) {
  return (access: Access): string => {
    const what = {
      upload: 'writes',
      certificate: 'writes',
      registration: 'registers',
      user: 'registers and writes',
    };
    const how = `\`cmk-courier hosts revoke ${access.id}\` ends that, for all others too`;
    return `still there: ${describeAccess(access)}, which ${what[access.kind]} for ${host}; ${how}`;
  };
}
