/** Where in which broker a `nats:` source points. */

import { CourierError, quote } from '../../faults/errors.ts';
import { type HostName, isHostName, parseHostName } from '../../names/host-name.ts';
import { type NatsServer, parseNatsServers } from '../../nats/servers.ts';
import { decodeUriPart, fillSourceUri, type SourceUri, type Target } from '../source.ts';

export interface NatsPlace {
  readonly servers: readonly NatsServer[];
  readonly site: string;
  readonly host: HostName;
}

/** Stands for any host when a source is checked before a host is known. */
const sample: Target = { host: parseHostName('host'), address: '192.0.2.1' };

/**
 * The servers of a source, which are the same for all hosts.
 *
 * @throws CourierError USAGE
 */
export function checkNatsUri(uri: SourceUri): readonly NatsServer[] {
  const [, authority = ''] = /^nats:\/\/([^/?#]*)/i.exec(uri.text) ?? [];
  if (authority.includes('{')) throw refuse('has placeholders only in its path');
  return locateOutput(uri, sample).servers;
}

/**
 * The place of the output of one host: `nats://SERVER,SERVER/SITE/HOST`.
 *
 * @throws CourierError USAGE
 */
export function locateOutput(uri: SourceUri, target: Target): NatsPlace {
  const text = fillSourceUri(uri, target);
  const [, authority = '', path = '', rest] = /^nats:\/\/([^/?#]*)([^?#]*)(.*)$/i.exec(text) ?? [];
  if (rest !== '' && rest !== undefined) throw refuse('has no query and no fragment');
  const [, site = '', host = '', ...more] = path.replace(/\/$/, '').split('/').map(decode);
  if (site === '' || host === '' || more.length > 0) {
    throw refuse(`is nats://SERVER/SITE/{host}, not ${quote(uri.text)}`);
  }
  if (!isHostName(host)) throw refuse(`names a host that Checkmk does not accept: ${quote(host)}`);
  return { servers: parseNatsServers(authority), site, host };
}

/**
 * The site whose outputs a source takes: undefined where not every host has its own output under its
 * own name there, so that what arrives does not say whose it is.
 */
export function findSite(uri: SourceUri): string | undefined {
  const [, site = '{'] = /^nats:\/\/[^/]*\/([^/]*)\/\{host\}\/?$/i.exec(uri.text) ?? [];
  return site.includes('{') ? undefined : decode(site);
}

function decode(text: string): string {
  return decodeUriPart(text, refuse);
}

function refuse(why: string): CourierError {
  return new CourierError('USAGE', `a nats: source ${why}`);
}
