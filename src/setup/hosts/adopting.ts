/**
 * Hosts that push and are not in Setup yet become hosts there. What such a machine says of itself
 * steers rules, hence programs and their secrets: so they all get into one folder, have no labels
 * but those that are asked for, under a prefix of ours, and what is there is never changed.
 */

import { z } from 'zod';
import { CourierError } from '../../faults/errors.ts';
import type { HostName } from '../../names/host-name.ts';
import { isIpv6Address } from '../../names/ip-address.ts';
import type { RestApi } from '../rest/rest-api.ts';
import { toApiFolder } from '../rules/selection.ts';

/** A host that sends, and what it says of itself. */
export interface Candidate {
  readonly host: HostName;
  /** Where it registered from, as far as that is still known. */
  readonly address: string | undefined;
  readonly labels: Readonly<Record<string, string>>;
}

/** A label a new host gets: a fixed one, or what the machine says of itself under that name. */
export interface LabelWish {
  readonly name: string;
  readonly value: string | undefined;
}

export interface Adoption {
  readonly folder: string;
  readonly labels: readonly LabelWish[];
  /** Whether the host gets the address it registered from. */
  readonly withAddress: boolean;
  /** Whether only special agents look at it. */
  readonly specialAgent: boolean;
  readonly isDry: boolean;
}

const labelPrefix = 'cmk-courier/';

/** A name says which of the machine's labels it was, without the prefix that Checkmk's own have. */
function toLabelName(name: string): string {
  return `${labelPrefix}${name.replace(/^(cmk|cmk-courier)\//, '')}`;
}

/** The site's word that there is no such host now. */
export class NotMade extends CourierError {
  /** Whether it is the host that the site does not take, and not only for now. */
  readonly isFinal: boolean;

  constructor({ code, message }: CourierError, isFinal: boolean) {
    super(code, message);
    this.isFinal = isFinal;
  }
}

/**
 * Makes one host unless it is there.
 *
 * @returns what was done, for people; undefined when it was there
 * @throws NotMade what the site refuses
 * @throws CourierError when nobody knows whether it was made
 */
export async function adoptHost(
  api: RestApi,
  candidate: Candidate,
  how: Adoption,
): Promise<string | undefined> {
  const { host } = candidate;
  const attributes = toAttributes(candidate, how);
  const told = describe(candidate, how, attributes.labels);
  if (how.isDry) return `would be made: ${told}`;
  const answer = await api.tryToAsk({
    method: 'POST',
    path: '/domain-types/host_config/collections/all',
    doing: `making ${host}`,
    body: { folder: toApiFolder(how.folder), host_name: host, attributes },
  });
  if (answer.status < 200 || answer.status >= 300) {
    // Somebody may have made it since we looked.
    if (await isKnown(api, host)) return undefined;
    // Busy, broken or being started, a site takes later what it does not take now.
    throw new NotMade(api.refuse(answer, `making ${host}`), [400, 422].includes(answer.status));
  }
  return `made: ${told}`;
}

function toAttributes({ address, labels }: Candidate, how: Adoption) {
  const wished = how.labels.flatMap(({ name, value }) => {
    const told = value ?? labels[name];
    return told === undefined || !isHarmless(told) ? [] : [[toLabelName(name), told] as const];
  });
  return {
    ...toAddress(how.withAddress ? address : undefined),
    ...(how.specialAgent ? { tag_agent: 'special-agents' } : {}),
    labels: Object.fromEntries(wished),
  };
}

/** Setup has fields of their own for IPv4 and IPv6, and none for the zone of an interface of ours. */
function toAddress(address: string | undefined): Readonly<Record<string, string>> {
  if (address === undefined || address.includes('%')) return { tag_address_family: 'no-ip' };
  return isIpv6Address(address)
    ? { ipv6address: address, tag_address_family: 'ip-v6-only' }
    : { ipaddress: address };
}

/** What a machine says lands in lists and conditions of Setup. */
function isHarmless(value: string): boolean {
  return /^[\w.+@-][\w.+@ /-]{0,99}$/.test(value);
}

function describe(
  { host, address }: Candidate,
  how: Adoption,
  labels: Readonly<Record<string, string>>,
): string {
  const { ipaddress, ipv6address } = toAddress(how.withAddress ? address : undefined);
  const shown = ipaddress ?? ipv6address;
  const at = shown === undefined ? '' : ` at ${shown}`;
  const all = Object.entries(labels).map((pair) => pair.join(':'));
  return `host ${host} in ${how.folder}${at}${all.length === 0 ? '' : `, ${all.join(', ')}`}`;
}

/**
 * A folder is never made by us: what is in it is decided by whoever made it.
 *
 * @throws CourierError REFUSED when it is not there; what the site refuses
 */
export async function requireFolder(api: RestApi, folder: string): Promise<void> {
  const doing = `looking for the folder ${folder}`;
  const path = `/objects/folder_config/${encodeURIComponent(toApiFolder(folder))}`;
  const answer = await api.tryToAsk({ method: 'GET', path, doing });
  if (answer.status >= 200 && answer.status < 300) return;
  if (answer.status !== 404 || answer.content === undefined) throw api.refuse(answer, doing);
  throw new CourierError('REFUSED', `there is no folder ${folder}; make it in Setup ▸ Hosts first`);
}

/** More are quicker found in the list of all. */
const mostSingle = 20;

/**
 * Which of these hosts are not in Setup.
 *
 * @throws CourierError what the site refuses
 */
export async function findMissing(
  api: RestApi,
  candidates: readonly Candidate[],
): Promise<readonly Candidate[]> {
  if (candidates.length > mostSingle) {
    const known = await listHosts(api);
    return candidates.filter(({ host }) => !known.has(host));
  }
  const missing: Candidate[] = [];
  for (const candidate of candidates) {
    if (!(await isKnown(api, candidate.host))) missing.push(candidate);
  }
  return missing;
}

async function isKnown(api: RestApi, host: HostName): Promise<boolean> {
  const doing = `looking for ${host}`;
  const path = `/objects/host_config/${encodeURIComponent(host)}`;
  const answer = await api.tryToAsk({ method: 'GET', path, doing });
  // An answer without JSON is not the site's word that there is none.
  if (answer.status === 404 && answer.content !== undefined) return false;
  if (answer.status >= 200 && answer.status < 300) return true;
  throw api.refuse(answer, doing);
}

const hostList = z.object({ value: z.array(z.object({ id: z.string() })) });

async function listHosts(api: RestApi): Promise<ReadonlySet<string>> {
  const path = '/domain-types/host_config/collections/all';
  const { content } = await api.ask({ method: 'GET', path, doing: 'listing the hosts' });
  const read = hostList.safeParse(content);
  if (read.success) return new Set(read.data.value.map(({ id }) => id));
  throw new CourierError('PEER', 'listing the hosts: the answer is not as expected');
}
