/**
 * Hosts that push and are not in Setup yet become hosts there. What such a machine says of itself
 * steers rules, hence programs and their secrets: so they all get into one folder, have no labels
 * but those that are asked for, under a prefix of ours, and what is there is never changed.
 */

import { z } from 'zod';
import { CourierError, cleanText } from '../../faults/errors.ts';
import type { HostName } from '../../names/host-name.ts';
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
  readonly discover: boolean;
  readonly isDry: boolean;
}

const labelPrefix = 'cmk-courier/';

/** A name says which of the machine's labels it was, without the prefix that Checkmk's own have. */
function toLabelName(name: string): string {
  return `${labelPrefix}${name.replace(/^(cmk|cmk-courier)\//, '')}`;
}

/**
 * Makes one host unless it is there.
 *
 * @returns what was done, for people; undefined when it was there
 * @throws CourierError what the site refuses
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
    throw api.refuse(answer, `making ${host}`);
  }
  return `made: ${told}${how.discover ? await discover(api, host) : ''}`;
}

function toAttributes({ address, labels }: Candidate, how: Adoption) {
  const wished = how.labels.flatMap(({ name, value }) => {
    const told = value ?? labels[name];
    return told === undefined || !isHarmless(told) ? [] : [[toLabelName(name), told] as const];
  });
  const isKnownAddress = how.withAddress && address !== undefined;
  return {
    ...(isKnownAddress ? { ipaddress: address } : { tag_address_family: 'no-ip' }),
    ...(how.specialAgent ? { tag_agent: 'special-agents' } : {}),
    labels: Object.fromEntries(wished),
  };
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
  const at = how.withAddress && address !== undefined ? ` at ${address}` : '';
  const all = Object.entries(labels).map((pair) => pair.join(':'));
  return `host ${host} in ${how.folder}${at}${all.length === 0 ? '' : `, ${all.join(', ')}`}`;
}

/** The host is made, whatever comes of this: @returns what to say of it */
async function discover(api: RestApi, host: HostName): Promise<string> {
  const answer = await api.tryToAsk({
    method: 'POST',
    path: '/domain-types/service_discovery_run/actions/start/invoke',
    doing: `looking for services of ${host}`,
    body: { host_name: host, mode: 'fix_all' },
  });
  if (answer.status >= 200 && answer.status < 300) return '';
  return `; ${cleanText(api.refuse(answer, 'looking for its services').message)}`;
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
  throw new CourierError('PEER', 'listing the hosts: not as expected');
}
