/** Relays in lines of the status, at either end. */

import { cleanText } from '../faults/errors.ts';
import { counted } from '../names/counted.ts';
import { isRelayWell, type RelayStatus } from '../relay/status.ts';
import { formatDuration } from '../times/durations.ts';
import { defaultMaxSkewMs } from '../times/skew.ts';
import type { ForwardingStatus } from './status-shape.ts';

/** A relay as its receiver knows it. */
export function describeRelay(status: RelayStatus): string {
  const { relay, address, version, hosts, waiting, skewMs, silence, refusal } = status;
  const heard = `relay ${relay}: heard of ${formatDuration(status.sinceContactMs)} ago`;
  const refused = refusal === undefined ? '' : `, refused since: ${refusal}`;
  // What is wrong with it tells of a refusal by itself.
  const start = silence ?? `${heard}${refused}`;
  const what = `${counted(hosts, 'host')}, ${waiting} waiting, version ${version}, from ${address}`;
  return cleanText(`${start}, ${what}${describeSkew(skewMs, 'its', 'ours')}`, 400);
}

/** More are counted, and listed by `status --relays`. */
const mostListed = 10;

/**
 * Relays for those who look at something else as well: all of a few; of many how many there are, and
 * the first that are not well.
 *
 * @param relays those that are not well first
 */
export function describeRelays(relays: readonly RelayStatus[]): readonly string[] {
  if (relays.length <= mostListed) return relays.map(describeRelay);
  const bad = relays.filter((relay) => !isRelayWell(relay));
  const sum = (amount: (relay: RelayStatus) => number) =>
    relays.reduce((total, relay) => total + amount(relay), 0);
  const counts = `${relays.length} relays, ${bad.length} of them not well`;
  const hosts = `${sum((relay) => relay.hosts)} hosts, ${sum(({ waiting }) => waiting)} waiting`;
  const left = bad.length - mostListed;
  return [
    `${counts}: ${hosts}; cmk-courier status --relays lists them`,
    ...bad.slice(0, mostListed).map(describeRelay),
    ...(left > 0 ? [`and ${left} more relays that are not well`] : []),
  ];
}

/** The way of a relay to its receivers, a line each. */
export function describeForwarding(forwarding: ForwardingStatus): readonly string[] {
  const { relay, hosts, waiting, sent, refused, skewMs = 0, refusedHosts } = forwarding;
  const name = relay === undefined ? '' : ` as ${relay}`;
  const counts = `${counted(hosts, 'host')}, ${waiting} waiting, ${sent} sent, ${refused} refused`;
  const skew = describeSkew(skewMs, 'our', "the receiver's");
  return [
    cleanText(`forwarding${name}: ${counts}${skew}`),
    ...forwarding.receivers.map(({ url, state, fault }) => {
      const why = fault === undefined ? '' : `: ${fault.message} (${fault.code})`;
      return cleanText(`${url} ${state}${why}`, 400);
    }),
    ...refusedHosts.map(({ host, message }) => cleanText(`${host} is refused: ${message}`, 400)),
  ];
}

/** Nothing where it is no more than peers may differ. */
export function describeSkew(skewMs: number, whose: string, other: string): string {
  if (Math.abs(skewMs) <= defaultMaxSkewMs) return '';
  const how = skewMs > 0 ? 'ahead of' : 'behind';
  return `; ${whose} clock is ${formatDuration(Math.abs(skewMs))} ${how} ${other}`;
}
